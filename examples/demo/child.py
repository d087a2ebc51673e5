"""Children in sessions of their own, ended with all that they have started.

The Pulumi CLI starts a language host and providers in process groups of their own, and `lictor
watch` starts the CLI in one. What binds them all is the session.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PROC = Path("/proc")
_GRACE = ((signal.SIGINT, 8.0), (signal.SIGINT, 2.0), (signal.SIGKILL, 5.0))
"""Pulumi finishes what is under way at the first SIGINT, and gives up at the second."""


@contextlib.contextmanager
def running(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the block ends, at the latest; its output goes to `log`."""
    with log.open("ab") as out:
        child = subprocess.Popen(  # noqa: S603 - our own tools
            argv,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child and its session: asking first, where somebody is left to ask."""
    for sign, seconds in _GRACE:
        left = _left(child)
        if not left:
            return
        if sign == signal.SIGKILL:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sign)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, sign)
        end = time.monotonic() + seconds
        while _left(child) and time.monotonic() < end:
            time.sleep(0.02)


def _left(child: subprocess.Popen[bytes]) -> list[int]:
    """List the processes of the child's session that live."""
    child.poll()
    return [pid for pid in _living() if _session(pid) == child.pid]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def _living() -> list[int]:
    """List all processes but those that have ended and that nobody has asked after yet."""
    if (_PROC / "self/stat").exists():
        return [int(path.name) for path in _PROC.glob("[0-9]*") if _state(path) not in "ZX"]
    listed = subprocess.check_output(["/bin/ps", "-A", "-o", "pid=,stat="], text=True)
    rows = (line.split() for line in listed.splitlines())
    return [int(pid) for pid, state in rows if not state.startswith("Z")]


def _state(process: Path) -> str:
    """Read the state's letter, which follows the name in brackets."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"
