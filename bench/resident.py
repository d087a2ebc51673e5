"""What `lictor watch` costs while it stays: memory after many runs, CPU while nothing happens."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.racing import CHANGES, NODE
from bench.stage import UP, stage, timed, watching

if TYPE_CHECKING:
    from collections.abc import Iterator

GOAL = 1.0
_TARGETS = 100
_REST = 3.0
_IDLE = 15.0
_DEADLINE = 60.0
_PARTS = 4

HEADER = """
| runs | memory: watch (MB) | CLI that waits (MB) | idle CPU of both (%) | goal |
| ---: | -----------------: | ------------------: | -------------------: | ---: |
""".strip()


def measure(runs: int) -> Iterator[str]:
    """Let a watch make so many runs that change a target, and look at it now and then."""
    with stage() as on:
        on.fleet("web", _TARGETS)
        stack = on.attach("web", "web", removalWindow="1s")
        timed(stack, *UP)
        with watching(stack) as pid:
            yield _row(0, pid)
            for number in range(1, runs + 1):
                status, operation = list(CHANGES.values())[(number + 1) % 2]
                on.aws.clear_calls()
                on.consul.checks("web", [f"web-{NODE}"], status)
                on.aws.wait_for_calls(operation, 1, deadline=_DEADLINE)
                if number % max(1, runs // _PARTS) == 0:
                    yield _row(number, pid)


def _row(runs: int, pid: int) -> str:
    """Look at a watch that rests, and at the CLI that it has ready."""
    time.sleep(_REST)
    both = (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    before = sum(map(_ticks, both))
    time.sleep(_IDLE)
    idle = 100 * (sum(map(_ticks, both)) - before) / os.sysconf("SC_CLK_TCK") / _IDLE
    own, cli = _megabytes(pid), sum(map(_megabytes, both[1:]))
    return f"| {runs:4} | {own:18.0f} | {cli:19.0f} | {idle:20.2f} | {GOAL:4} |"


def _ticks(pid: int) -> int:
    """Return the CPU that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(words[11]) + int(words[12])


def _megabytes(pid: int) -> float:
    """Return the memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
