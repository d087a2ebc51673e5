"""A preview of one change in 1,000 targets, beside the same program with 10.

Seconds of CPU stand beside those of the clock: on a busy machine they are the steadier ones.
"""

from __future__ import annotations

import resource
import statistics
from typing import TYPE_CHECKING

from bench.stage import UP, stage, timed

if TYPE_CHECKING:
    from collections.abc import Iterator

GOAL = 1.3

HEADER = """
| targets | preview of one change, p50 / max (s) | ratio | goal | CPU, p50 (s) | ratio |
| ------: | -----------------------------------: | ----: | ---: | -----------: | ----: |
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
        work: list[list[float]] = [[] for _ in sizes]
        for _ in range(samples):
            for stack, taken, worked in zip(stacks, seconds, work, strict=True):
                before = _cpu()
                taken.append(timed(stack, "preview")[0])
                worked.append(_cpu() - before)
        for size, taken, worked in zip(sizes, seconds, work, strict=True):
            clock, cpu = statistics.median(taken), statistics.median(worked)
            yield (
                f"| {size:7,} | {f'{clock:.2f} / {max(taken):.2f}':>36}"
                f" | {clock / statistics.median(seconds[0]):5.2f} | {GOAL:4}"
                f" | {cpu:12.2f} | {cpu / statistics.median(work[0]):5.2f} |"
            )


def _cpu() -> float:
    """Return the seconds of CPU of all commands so far, and of what they started and waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
