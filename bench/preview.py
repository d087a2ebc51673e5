"""A preview of one change in 1,000 targets, beside the same program with 10."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from bench.stage import UP, stage, timed

if TYPE_CHECKING:
    from collections.abc import Iterator

GOAL = 1.3

HEADER = """
| targets | preview of one change, p50 / max (s) | ratio | goal |
| ------: | -----------------------------------: | ----: | ---: |
""".strip()


def measure(sizes: list[int], samples: int) -> Iterator[str]:
    """Measure each size, taking turns; the ratio is to the first of them.

    Args:
        sizes: Numbers of targets.
        samples: Previews for each size.
    """
    with stage() as on:
        services = [f"web{size}" for size in sizes]
        stacks = []
        for service, size in zip(services, sizes, strict=True):
            on.fleet(service, size)
            stacks.append(on.attach(f"of-{size}", service))
            timed(stacks[-1], *UP)
            on.touch(service, 0)
        seconds: list[list[float]] = [[] for _ in sizes]
        for _ in range(samples):
            for stack, taken in zip(stacks, seconds, strict=True):
                taken.append(timed(stack, "preview")[0])
        base = statistics.median(seconds[0])
        for size, taken in zip(sizes, seconds, strict=True):
            middle = statistics.median(taken)
            yield (
                f"| {size:7,} | {f'{middle:.2f} / {max(taken):.2f}':>36} | {middle / base:5.2f}"
                f" | {GOAL:4} |"
            )
