"""A whole `pulumi up` that changes one target: lictor beside one resource per target."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.stage import UP, stage, timed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.stage import Stage

NAMES = ("lictor", "per target")


@dataclass(frozen=True)
class Row:
    """Seconds of whole runs, for one number of targets.

    Attributes:
        targets: How many targets stand.
        first: Name -> seconds of the run that attaches them all.
        changes: Name -> seconds of each run that changes one.
    """

    targets: int
    first: dict[str, float]
    changes: dict[str, list[float]]

    def text(self) -> str:
        """Write the row of the table."""
        ours, theirs = (statistics.median(self.changes[name]) for name in NAMES)
        worst = [max(self.changes[name]) for name in NAMES]
        return (
            f"| {self.targets:5} | {self.first[NAMES[0]]:6.2f} | {self.first[NAMES[1]]:6.2f}"
            f" | {ours:5.2f} / {worst[0]:5.2f} | {theirs:5.2f} / {worst[1]:5.2f}"
            f" | {theirs / ours:5.2f} |"
        )


HEADER = """
| targets | first up: lictor | per target | one change, p50 / max: lictor | per target | ratio |
| ------: | ---------------: | ---------: | ----------------------------: | ---------: | ----: |
""".strip()


def measure(sizes: list[int], samples: int) -> Iterator[str]:
    """Measure, the two taking turns so that the machine's moods fall on both.

    Args:
        sizes: Numbers of targets.
        samples: Changes measured for each size and program.
    """
    with stage() as on:
        for size in sizes:
            yield _row(on, size, samples).text()


def _row(on: Stage, size: int, samples: int) -> Row:
    """Measure one size; every change is a removal or, the next time, the addition again."""
    service = f"web{size}"
    on.fleet(service, size)
    many, _ = on.per_target(f"many-{size}", service)
    stacks = {NAMES[0]: on.attach(f"one-{size}", service), NAMES[1]: many}
    first = {name: timed(stack, *UP)[0] for name, stack in stacks.items()}
    changes: dict[str, list[float]] = {name: [] for name in NAMES}
    for sample in range(samples):
        on.touch(service, sample)
        for name in NAMES if sample % 2 else NAMES[::-1]:
            changes[name].append(timed(stacks[name], *UP)[0])
    return Row(size, first, changes)
