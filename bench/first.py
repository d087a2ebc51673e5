"""The first registration of 1,000 targets, beside the floor that the rate budget sets.

Calls that register are made at 4 a second, 20 of them at once at first (`lictor.aws.budget`), so
that a run leaves AWS's API to others. One group of 1,000 (AWS's quota) stays below that; several
meet it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.stage import UP, stage, timed
from lictor.aws import budget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.stage import Stage

HEADER = """
| groups | targets in each | calls that register | floor of the budget (s) | first up (s) |
| -----: | --------------: | ------------------: | ----------------------: | -----------: |
""".strip()


def measure(groups: list[int], size: int) -> Iterator[str]:
    """Measure the first `up` of so many groups with one fleet behind them all."""
    with stage() as on:
        on.fleet("few", 10)
        yield _row(on, 1, "few", 10)
        on.fleet("web", size)
        for count in groups:
            yield _row(on, count, "web", size)


def _row(on: Stage, count: int, service: str, size: int) -> str:
    """Measure one row."""
    stack = on.attach(f"{service}-{count}", *[service] * count)
    on.aws.clear_calls()
    seconds, _ = timed(stack, *UP)
    calls = len(on.aws.calls("RegisterTargets"))
    floor = max(0.0, (calls - budget.BURST) / budget.RATE)
    return f"| {count:6} | {size:15,} | {calls:19} | {floor:23.1f} | {seconds:12.2f} |"
