"""What brings the stack up to date when Consul changes: `lictor watch`."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from examples.demo import child
from examples.demo.patience import Failed

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from examples.demo.stack import Stack

NAME = "lictor watch"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger at work.

    Attributes:
        process: It, in a session with what it starts.
        log: What it and its runs print.
    """

    process: subprocess.Popen[bytes]
    log: Path

    def lines(self) -> list[str]:
        """Return what was printed so far."""
        return self.log.read_text(errors="replace").splitlines()

    def check(self) -> None:
        """Go no further when it has ended: nobody reruns the stack any more.

        Raises:
            Failed: With the end of what it printed.
        """
        if self.process.poll() is not None:
            tail = "\n".join(self.lines()[-20:])
            raise Failed(f"{NAME} ended (exit code {self.process.returncode}):\n{tail}")


@contextlib.contextmanager
def watching(of: Stack) -> Iterator[Trigger]:
    """Rerun the stack at once, and at every change of the service, until the block ends."""
    command = [sys.executable, "-m", "lictor", "watch", "--stack", of.name]
    log = of.folder / f"watch-{of.name}.log"
    with child.running(command, cwd=of.project, env=of.env, log=log) as process:
        yield Trigger(process, log)
