"""`lictor watch` as a process: a change in Consul becomes a change in AWS, and little else."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.engine.world import World

T = TypeVar("T")
_DEADLINE = 30.0
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
        end = time.monotonic() + _DEADLINE
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

    def waiting(self) -> int:
        """Return the CLI that waits for the next run; 0 while there is none."""
        return next(iter(children(self.process.pid)), 0)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(_DEADLINE)


@contextlib.contextmanager
def watching(world: World, *args: str) -> Iterator[Watch]:
    """Run a watcher of a stack."""
    log = world.stack.folder / "watch.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own verb
            [sys.executable, "-m", "lictor", "watch", "--stack", "dev", *args],
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


def test_a_change_runs_and_nothing_else_does(world: World) -> None:
    """Targets go and come with their checks; what a check says beside its status starts no run."""
    arn, keys = world.attached(3)
    with watching(world) as watch:
        runs = watch.settled()
        world.status(1, "critical")
        watch.until(lambda: watch.runs() == runs + 1)
        assert world.standing(arn) == sorted({*keys} - {keys[1]})
        world.status(1, "passing")
        watch.until(lambda: watch.runs() == runs + 2)
        assert world.standing(arn) == sorted(keys)
        for number in range(5):
            world.consul.check(
                world.service,
                world.node(2),
                "passing",
                f"{world.service}-2",
                output=f"said {number}",
            )
        world.status(0, "critical")
        watch.until(lambda: watch.runs() == runs + 3)
        assert world.standing(arn) == sorted({*keys} - {keys[0]})
        assert watch.end() == 0
    assert f"web - {keys[0]} {world.node(0)} (dc1)" in watch.lines
    assert sorted(world.outputs()["attached"]) == sorted({*keys} - {keys[0]})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["TERM", "KILL"])
def test_an_ended_watcher_leaves_nothing(world: World, number: int) -> None:
    """Neither the CLI that was waiting, nor a lock; a plain `pulumi up` goes on from there."""
    _, keys = world.attached(2)
    with watching(world) as watch:
        watch.settled()
        waiting = watch.waiting()
        assert watch.end(number) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    end = time.monotonic() + _DEADLINE
    while Path(f"/proc/{waiting}").exists():
        assert time.monotonic() < end, "the CLI that waited lives on"
        time.sleep(0.01)
    assert world.changes() == []
    world.status(0, "critical")
    world.stack.up().ok()
    assert sorted(world.outputs()["attached"]) == [keys[1]]


def test_a_group_added_to_the_config(world: World) -> None:
    """SIGHUP reads the config again; a file that changed is never run from memory."""
    arn, keys = world.attached(2)
    other = world.aws.create_group(f"{world.service}-more")
    with watching(world) as watch:
        watch.settled()
        world.declare(world.group(arn), {**world.group(other), "name": "more"})
        watch.process.send_signal(signal.SIGHUP)
        watch.until(lambda: world.standing(other) == sorted(keys))
        assert watch.end() == 0


def test_locks_of_the_living_and_of_the_dead(world: World) -> None:
    """A stack that somebody runs is waited for; a lock of a dead process is cleared away."""
    arn, keys = world.attached(2)
    locks = world.stack.folder / "backend/.pulumi/locks/organization/lictor/dev"
    with watching(world) as watch:
        watch.settled()
        lock(locks, os.getpid())
        world.status(0, "critical")
        watch.until(lambda: any("locked, waiting" in line for line in watch.lines))
        assert world.standing(arn) == sorted(keys)
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        lock(locks, dead.pid)
        watch.until(lambda: world.standing(arn) == [keys[1]])
        assert any("lock of a dead process is cancelled" in line for line in watch.lines)
        assert watch.end() == 0


def lock(folder: Path, pid: int) -> None:
    """Leave a lock as the CLI does."""
    folder.mkdir(parents=True, exist_ok=True)
    host = os.uname().nodename
    content = {
        "pid": pid,
        "username": "somebody",
        "hostname": host,
        "timestamp": "2026-11-21T08:00:00Z",
    }
    new = folder / ".new"
    new.write_text(json.dumps(content))
    new.rename(folder / "0b5d1b3a-6c2e-4b7e-9a51-3a1d5c5f0a11.json")
