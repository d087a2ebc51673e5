"""`lictor-run`: one run at a time, and no change is lost, whatever lictor does."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPT = ROOT / "deploy/consul-watch/lictor-run"
DEADLINE = 20.0

# Ends with the codes in a file, one a run, then with 0; waits before while there is a gate.
LICTOR = """#!/bin/sh
echo "begin $*" >>log
[ ! -p gate ] || read -r _ <gate
code=$(head -n 1 codes 2>/dev/null)
[ ! -e codes ] || sed -i 1d codes
echo "end ${code:-0}" >>log
exit "${code:-0}"
"""


@dataclass
class Place:
    """A folder with a lictor that does as it is told.

    Attributes:
        folder: It; also the state directory.
    """

    folder: Path

    @property
    def log(self) -> list[str]:
        """What lictor has done."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def call(self, *words: str | Path) -> subprocess.Popen[bytes]:
        """Call the script, as a handler is called."""
        with (self.folder / "said").open("ab") as said:
            return subprocess.Popen(  # noqa: S603 - the script under test
                [*(words or [SCRIPT]), "--stack", "prod"],
                cwd=self.folder,
                env={
                    "PATH": f"{self.folder}:{os.environ['PATH']}",
                    "STATE_DIRECTORY": str(self.folder),
                },
                stdin=subprocess.DEVNULL,
                stderr=said,
            )

    def left(self) -> set[str]:
        """Name what the script keeps between runs."""
        return {"asked", "begun"} & {path.name for path in self.folder.iterdir()}

    def waiting(self) -> int:
        """Count the calls that wait for the lock."""
        inode = (self.folder / "lock").stat().st_ino
        lines = Path("/proc/locks").read_text().splitlines()
        return sum("->" in line and f":{inode} " in line for line in lines)

    def until(self, look: Callable[[], bool]) -> None:
        """Wait until something is so."""
        end = time.monotonic() + DEADLINE
        while not look():
            assert time.monotonic() < end, self.log
            time.sleep(0.01)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Give a test a folder of its own, and end what has been left waiting there."""
    (tmp_path / "lictor").write_text(LICTOR)
    (tmp_path / "lictor").chmod(0o755)
    yield Place(tmp_path)
    gate = tmp_path / "gate"
    if gate.exists():
        os.close(os.open(gate, os.O_RDWR))  # lets go whoever waits there
        gate.unlink()


def hold(place: Place) -> int:
    """Take the lock, as a run has it; closing lets it go."""
    lock = os.open(place.folder / "lock", os.O_CREAT | os.O_WRONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def test_calls_during_a_run_make_one_more(place: Place) -> None:
    """However many they are; all end well, and nothing is left to do."""
    lock = hold(place)
    calls = [place.call() for _ in range(5)]
    place.until(lambda: place.waiting() == len(calls))
    assert place.log == []
    os.close(lock)
    assert [call.wait(DEADLINE) for call in calls] == [0] * len(calls)
    assert place.log == ["begin up --stack prod", "end 0"]
    assert place.left() == set()


def test_one_run_at_a_time_and_a_change_in_it_makes_another(place: Place) -> None:
    """What a call saw before a run began is that run's; what came later is the next one's."""
    os.mkfifo(place.folder / "gate")
    first = place.call()
    place.until(lambda: len(place.log) == 1)
    second = place.call()
    place.until(lambda: place.waiting() == 1)
    assert place.log == ["begin up --stack prod"]
    (place.folder / "gate").write_text("go\n")
    place.until(lambda: len(place.log) == 3)
    (place.folder / "gate").write_text("go\n")
    assert (first.wait(DEADLINE), second.wait(DEADLINE)) == (0, 0)
    assert place.log == ["begin up --stack prod", "end 0"] * 2


@pytest.mark.parametrize("code", [1, 137])
def test_an_error_is_tried_again(place: Place, code: int) -> None:
    """Until it is through, whatever is told to the script meanwhile."""
    (place.folder / "codes").write_text(f"{code}\n")
    call = place.call()
    place.until(lambda: len(place.log) == 2)
    call.terminate()
    assert call.wait(DEADLINE) == 0
    said = (place.folder / "said").read_text()
    assert said == f"lictor-run: exit code {code}, again in 1 s\n"
    assert place.log == ["begin up --stack prod", f"end {code}", "begin up --stack prod", "end 0"]
    assert place.left() == set()


@pytest.mark.parametrize(("code", "ends", "left"), [(3, 0, set()), (2, 2, {"begun"})])
def test_codes_that_another_try_would_not_change(
    place: Place, code: int, ends: int, left: set[str]
) -> None:
    """Held is done; wrong usage or config ends it, and stays to be done."""
    (place.folder / "codes").write_text(f"{code}\n")
    assert place.call().wait(DEADLINE) == ends
    assert place.log == ["begin up --stack prod", f"end {code}"]
    assert place.left() == left


def test_what_was_killed_is_done_by_one_that_waits(place: Place) -> None:
    """Even though its own change was the killed run's."""
    lock = hold(place)
    os.mkfifo(place.folder / "gate")
    calls = [place.call() for _ in range(2)]
    place.until(lambda: place.waiting() == len(calls))
    os.close(lock)
    place.until(lambda: len(place.log) == 1 and place.waiting() == 1)
    (runs,) = [call for call in calls if children(call.pid, "lictor")]
    (waits,) = [call for call in calls if call is not runs]
    (lictor,) = children(runs.pid, "lictor")
    runs.kill()
    runs.wait(DEADLINE)
    os.kill(lictor, signal.SIGKILL)
    place.until(lambda: len(place.log) == 2)
    (place.folder / "gate").write_text("go\n")
    assert waits.wait(DEADLINE) == 0
    assert place.log == ["begin up --stack prod"] * 2 + ["end 0"]
    assert place.left() == set()


def test_nobody_waits_any_more(place: Place) -> None:
    """A caller that has gone takes the tries along, not the change."""
    (place.folder / "codes").write_text("1\n" * 9)
    os.mkfifo(place.folder / "gate")
    caller = place.call("/bin/sh", "-c", f'"{SCRIPT}" "$@" & wait', "caller")
    place.until(lambda: len(place.log) == 1)
    caller.kill()
    caller.wait(DEADLINE)
    (place.folder / "gate").write_text("go\n")
    os.close(hold(place))
    assert place.log == ["begin up --stack prod", "end 1"]
    assert place.left() == {"begun"}


def children(pid: int, name: str) -> list[int]:
    """List a process's children of this name."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in listed if Path(f"/proc/{one}/comm").read_text().strip() == name]
