"""A scratch root in which the scripts of an instance run for real, as any user.

What would change this machine (`hostnamectl`, `systemctl`, `useradd`, `dnf`) is noted instead; the
AWS CLI tells the secrets that it was given, and Consul names `LICTOR_LEADER` as its leader, once it
was asked `LICTOR_ELECTED` times.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.path import search_path
from tests.fakes.pulumi import Run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NOTES = """#!/bin/sh
echo "${0##*/} $*" >>"$LICTOR_ROOT/calls"
case "$*" in *is-enabled* | *is-active*) exit 1 ;; esac
"""
_AWS = """#!/bin/sh
echo "${0##*/} $*" >>"$LICTOR_ROOT/calls"
name=${6##*:}
cat "$LICTOR_ROOT/secrets/${name%-??????}"
"""
_CURL = """#!/bin/sh
case "$*" in
  */v1/status/leader) ;;
  *) PATH=${PATH#*:} exec curl "$@" ;;
esac
echo "$*" >>"$LICTOR_ROOT/asked"
[ -n "${LICTOR_LEADER+set}" ] || LICTOR_LEADER='"10.1.2.3:8300"'
[ -n "$LICTOR_LEADER" ] || exit 7
[ "$(wc -l <"$LICTOR_ROOT/asked")" -ge "${LICTOR_ELECTED:-1}" ] || LICTOR_LEADER='""'
echo "$LICTOR_LEADER"
"""


@dataclass(frozen=True)
class Machine:
    """A folder that takes itself for an instance.

    Attributes:
        root: The folder.
        secrets: Name of a secret -> its text.
    """

    root: Path
    secrets: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lay it out."""
        for name in ("bin", "secrets"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name in ("hostnamectl", "systemctl", "useradd", "dnf"):
            self.install(name, _NOTES)
        self.install("getent", "#!/bin/sh\nexit 2\n")
        self.install("aws", _AWS)
        self.install("curl", _CURL)
        for name, text in self.secrets.items():
            (self.root / "secrets" / name).write_text(text)

    def install(self, name: str, script: str) -> None:
        """Put a command in place of the machine's own."""
        path = self.root / "bin" / name
        path.write_text(script)
        path.chmod(0o755)

    def boot(self, script: str, **env: str) -> Run:
        """Run a script as the instance's root would, from a file, as cloud-init does."""
        path = self.root / "script"
        path.write_text(script)
        done = subprocess.run(  # noqa: S603 - the script under test
            [shutil.which("bash") or "bash", path],
            env={
                "PATH": f"{self.root}/bin:{search_path()}",
                "HOME": str(self.root),
                "LICTOR_ROOT": str(self.root),
                "LICTOR_OWNER": f"{os.getuid()}:{os.getgid()}",
                "LICTOR_PAUSE": "0",
                **env,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=50,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    @property
    def calls(self) -> list[str]:
        """What was asked of the commands that are noted."""
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def asked(self) -> list[str]:
        """How Consul was asked for its leader: the arguments of each question."""
        path = self.root / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def config(self) -> dict[str, Any]:
        """Return Consul's settings: its files in alphabetical order, later ones over earlier."""
        whole: dict[str, Any] = {}
        for path in sorted((self.root / "etc/consul.d").glob("*.json")):
            whole |= json.loads(path.read_text())
        return whole


def shellcheck(script: str) -> str:
    """Return what shellcheck has to say about a script; nothing where it is content."""
    done = subprocess.run(
        ["shellcheck", "--shell=bash", "-"],  # noqa: S607 - found on the project's PATH
        input=script,
        env={"PATH": search_path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout
