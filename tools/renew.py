"""Renew `constraints.txt`: the newest versions that `pyproject.toml` admits, together.

    python3 -m tools.renew        (make constraints)

Every extra is resolved, that of the servers as well: its pin says which pulumi-aws is tested.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import packages, process

HEADER = """\
# The version of every package that set-up installs, for Python 3.11 to 3.14; no index address
# stands here, so pip asks the index that it is set up for. Renew with: make constraints
"""
BUILDS_EDITABLE = "editables"  # hatchling asks for it at build time, and only for editable installs


def main() -> None:
    """Resolve in an environment that is thrown away, and write down what came of it."""
    root = Path(__file__).resolve().parents[1]
    project = packages.Project(root)
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-m", "venv", scratch], check=True)  # noqa: S603 - fixed
        pip = [f"{scratch}/bin/python", "-m", "pip", "--disable-pip-version-check"]
        install = [*pip, "install", "--quiet", "--upgrade"]
        subprocess.run([*install, "pip"], check=True)  # noqa: S603 - fixed
        extras = ",".join(project.extras)
        build = project.declared["build-system"]["requires"]
        wanted = ["--group", "dev", f".[{extras}]", *build, BUILDS_EDITABLE]
        subprocess.run([*install, *wanted], cwd=root, check=True)  # noqa: S603 - our pyproject's
        freeze = [*pip, "freeze", "--all"]
        frozen = subprocess.run(freeze, check=True, capture_output=True, text=True)  # noqa: S603 - fixed
    pins = [
        line for line in frozen.stdout.splitlines() if re.match(r"(?!setuptools=)[\w.-]+==", line)
    ]
    place = root / "constraints.txt"
    place.write_text("\n".join([HEADER.rstrip(), *pins, ""]))
    process.say(f"{place}: {len(pins)} packages")


if __name__ == "__main__":
    main()
