"""`lictor watch` as a process, and how a test follows it."""

from __future__ import annotations

import contextlib
import itertools
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.engine.world import World

T = TypeVar("T")
DEADLINE = 30.0
_NUMBERS = itertools.count()
_FIRST = 2  # the first run, and one with the answers that the watch has seen by then


@dataclass(frozen=True)
class Watch:
    """A watcher that runs.

    Attributes:
        process: It.
        log: What it prints.
    """

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def lines(self) -> list[str]:
        """What it has printed."""
        return self.log.read_text().splitlines()

    def until(self, look: Callable[[], T]) -> T:
        """Return what a look finds, as soon as it finds something."""
        end = time.monotonic() + DEADLINE
        while not (found := look()):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.01)
        return found

    def runs(self) -> int:
        """Count the runs of the group `web`."""
        return sum(line.startswith("web +") and line.endswith("s") for line in self.lines)

    def settled(self) -> int:
        """Wait for the run that follows the first answers; return how many there were."""
        self.until(lambda: self.runs() == _FIRST and self.waiting())
        return _FIRST

    def told(self, text: str) -> bool:
        """Whether it has said this."""
        return any(text in line for line in self.lines)

    def waiting(self) -> int:
        """Return the CLI that waits for the next run; 0 while there is none."""
        return next(iter(children(self.process.pid)), 0)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)


@contextlib.contextmanager
def watching(world: World, *args: str) -> Iterator[Watch]:
    """Run a watcher of a stack."""
    log = world.stack.folder / f"watch-{next(_NUMBERS)}.log"
    words = ["watch", "--stack", "dev", "--lock-prefix", f"lictor-{world.service}"]
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own verb
            [sys.executable, "-m", "lictor", *words, *args],
            cwd=world.stack.project,
            env=world.stack.environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Watch(process, log)
    finally:
        process.kill()
        process.wait()


def children(pid: int) -> list[int]:
    """List the CLIs that a process has started and that live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = path.read_text().rpartition(")")[2].split()
            if int(words[1]) == pid and words[0] != "Z":
                found.append(int(path.parent.name))
    return found
