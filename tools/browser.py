"""Find Chromium, or install Debian's package: what `make test-browser` drives.

python3 -m tools.browser
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from tools import process

NAMES = ("chromium", "chromium-browser", "google-chrome")
BY_HAND = """\
test-browser: no Chromium on PATH, and it cannot be installed from here: {why}.
  On Debian: sudo apt-get install chromium. Elsewhere install Chromium or Chrome as that system
  does, or name one: CHROMIUM=/path/to/chrome make test-browser"""


def find() -> str | None:
    """Find a browser: the one that CHROMIUM names, or the first on PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def main() -> int:
    """See that there is one."""
    if find():
        return 0
    apt = shutil.which("apt-get")
    if apt is None:
        return _give_up("there is no apt-get")
    sudo = [] if os.geteuid() == 0 else [shutil.which("sudo") or "", "--non-interactive"]
    if sudo and not sudo[0]:
        return _give_up("that takes root")
    process.say("test-browser: installing Debian's package chromium ...")
    quiet = ("--quiet=2", "--option=Dpkg::Use-Pty=0")
    for verb in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        if not _ran([*sudo, apt, *quiet, *verb]):
            return _give_up(f"apt-get {verb[0]} failed")
    return 0 if find() else _give_up("the package brings no chromium")


def _ran(argv: Sequence[str]) -> bool:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(argv, env=environ, stdin=subprocess.DEVNULL, check=False)  # noqa: S603 - fixed
    return done.returncode == 0


def _give_up(why: str) -> int:
    process.say(BY_HAND.format(why=why))
    return 1


if __name__ == "__main__":
    sys.exit(main())
