"""Runs that are cut short: a CLI in the background, its processes, and how a user goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.pulumi import Stack

T = TypeVar("T")
_HOST = b"pulumi.dynamic"
_DEADLINE = 30.0


@dataclass(frozen=True)
class Started:
    """A CLI that runs in the background.

    Attributes:
        child: The CLI.
        log: What it prints.
        stack: Whose it is.
    """

    child: subprocess.Popen[bytes]
    log: Path
    stack: Stack

    def provider(self) -> int:
        """Return the process of the provider, which is a grandchild of the CLI."""
        return until(lambda: next(iter(_hosts(self.child.pid)), 0), self.text)

    def kill(self, victim: str) -> None:
        """Kill -9 the provider, the CLI, or both."""
        provider = self.provider() if victim != "cli" else 0
        if victim != "provider":
            os.kill(self.child.pid, signal.SIGKILL)
        if provider:
            with contextlib.suppress(ProcessLookupError):  # it ends with its engine
                os.kill(provider, signal.SIGKILL)

    def interrupt(self) -> None:
        """Press Ctrl-C once."""
        os.kill(self.child.pid, signal.SIGINT)

    def end(self) -> int:
        """Wait for its end; return the exit code."""
        try:
            return self.child.wait(_DEADLINE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end:\n{self.text()}") from None

    def text(self) -> str:
        """Return what it has printed."""
        return self.log.read_text(errors="replace")


@contextlib.contextmanager
def started(stack: Stack) -> Iterator[Started]:
    """Start an update; whatever is left of it at the end is killed."""
    log = stack.folder / "killed.log"
    # started cold: a process that is killed is the one that works
    env = {key: text for key, text in stack.environment().items() if key != "PULUMI_PYTHON_CMD"}
    with log.open("wb") as out:
        child = subprocess.Popen(
            ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", "dev"],  # noqa: S607 - found on the project's PATH
            cwd=stack.project,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield Started(child, log, stack)
    finally:
        child.kill()
        child.wait()
        for host in hosts_of(stack):
            with contextlib.suppress(ProcessLookupError):
                os.kill(host, signal.SIGKILL)


def until(look: Callable[[], T], said: Callable[[], str]) -> T:
    """Return what a look finds, as soon as it finds something."""
    end = time.monotonic() + _DEADLINE
    while not (found := look()):
        assert time.monotonic() < end, said()
        time.sleep(0.005)
    return found


def hosts_of(stack: Stack) -> list[int]:
    """List the living provider processes of a stack, orphans included: told by where they run."""
    return [pid for pid in _processes() if _is_host(pid) and _folder(pid) == stack.project]


def _hosts(cli: int) -> list[int]:
    """List the provider processes below a CLI."""
    found = [pid for pid in _processes() if _is_host(pid)]
    return [pid for pid in found if cli in _ancestors(pid)]


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _is_host(pid: int) -> bool:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return _HOST in words and _state(pid) != "Z"
    return False


def _folder(pid: int) -> Path | None:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cwd").readlink()
    return None


def _state(pid: int) -> str:
    return _stat(pid)[0]


def _ancestors(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        while pid > 1:
            pid = int(_stat(pid)[1])
            yield pid


def _stat(pid: int) -> list[str]:
    """Read state, parent and the rest; the name before them may hold blanks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
