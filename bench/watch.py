"""From a change in Consul to AWS and to the state: `lictor watch` beside `pulumi up` from a shell.

They take turns, each with a service and a group of its own; a shell's run begins at once when
Consul has changed. Beside them stands the floor: an empty program on the same engine, its CLI ready
as the watch has it, and not. What is slow comes to fewer turns.
"""

from __future__ import annotations

import math
import statistics
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from bench.racing import CHANGES, LONG, NODE, PAUSE, Floor, Racer
from bench.stage import UP, stage, timed, watching
from lictor.watch.engine import project
from lictor.watch.engine.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.stage import Stage

FILE, S3 = "file", "s3"
CASES = (
    (1, 10, FILE),
    (1, 100, FILE),
    (1, 1000, FILE),
    (100, 100, FILE),
    (1, 10, S3),
    (1, 1000, S3),
)
"""Groups, targets in each, and where the state lies."""
GOALS = {(1, 10): (0.22, 0.25), (1, 100): (0.22, 0.26), (1, 1000): (0.30, 0.33)}
"""Case -> seconds to AWS's answer and to the state, for additions."""
MANY = 1.5
"""Other cases shall take at most so many times as long as the first."""
_FEW = 5
"""Turns that come to what is slow, if there are many."""
_LARGEST = 100
"""Targets with a resource each; 1,000 take a minute and more to stand, and 9 s for each change."""

HEADER = """
| groups of      | what runs      | change   |   n | AWS answered, p50 / p95 (s) | goal | state saved, p50 / p95 (s) | goal | by floor |
| -------------: | -------------- | -------- | --: | --------------------------: | ---: | -------------------------: | ---: | -------: |
""".strip()  # noqa: E501 - a table


def measure(cases: Sequence[tuple[int, int, str]], samples: int) -> Iterator[str]:
    """Measure each case; the rows of one come when all of it is done.

    Args:
        cases: Such as `CASES`.
        samples: Additions, and as many removals.
    """
    first: tuple[float, ...] = ()
    with stage() as on:
        for groups, size, backend in cases:
            racers, floor = _race(on, groups, size, backend, samples)
            additions = zip(*racers[0].taken["addition"], strict=True)
            first = first or tuple(MANY * statistics.median(taken) for taken in additions)
            goals = GOALS.get((groups, size), first) if backend == FILE else ()
            base = statistics.median(floor.taken[True])
            case = f"| {f'{groups} x {size:,} {backend}':>14}"
            for racer in racers:
                for kind, taken in racer.taken.items():
                    meant = goals if racer is racers[0] and kind == "addition" else ()
                    yield f"{case} | {racer.name:14} | {kind:8} {_figures(taken, base, meant)}"
            for ready, ends in floor.taken.items():
                name = "nothing, ready" if ready else "nothing"
                whole = [(seconds,) for seconds in ends]
                yield f"{case} | {name:14} | {'':8} {_figures(whole, base)}"


def _race(
    on: Stage, groups: int, size: int, backend: str, samples: int
) -> tuple[list[Racer], Floor]:
    """Let all take turns on one case."""
    instances = on.aws.create_instances(size)
    case, s3 = f"{groups}x{size}-{backend}", backend == S3
    watch = _lictor(on, "lictor watch", f"watch-{case}", groups, instances, s3=s3)
    slow = [_lictor(on, "pulumi up", f"shell-{case}", groups, instances, s3=s3)]
    if groups * size <= _LARGEST and not s3:
        slow.append(_per_target(on, f"many-{case}", instances))
    empty = on.stack(f"empty-{case}", "", s3=s3)
    with ExitStack() as ends:
        ends.enter_context(watching(watch.stack))
        found = project.find(empty.project, "dev")
        floor = Floor(ends.enter_context(Engine(found, empty.environment()).serving()))
        for turn in range(samples):
            rare = turn % max(1, samples // _FEW) == 0
            few = slow if rare else []
            for kind in CHANGES:
                for racer in (watch, *few) if turn % 2 else (*few, watch):
                    time.sleep(PAUSE if groups == 1 else LONG)
                    racer.change(on, kind, instances[NODE][0])
            if rare:
                floor.run()
    return [watch, *slow], floor


def _lictor(  # noqa: PLR0913 - what runs, and what it runs
    on: Stage,
    what: str,
    name: str,
    groups: int,
    instances: Sequence[tuple[str, str]],
    *,
    s3: bool,
) -> Racer:
    """Attach so many groups, each to a service of its own on the same instances."""
    services = [f"{name}-{number}" for number in range(groups)]
    for service in services:
        on.register(service, instances)
    stack = on.attach(name, *services, s3=s3, removalWindow="1s")
    timed(stack, *UP)
    changed = services[groups // 2]  # neither the first of the list nor the last
    found = on.aws.boto3("elbv2").describe_target_groups(Names=[changed])
    arn = found["TargetGroups"][0]["TargetGroupArn"]
    run = None if what == "lictor watch" else partial(timed, stack, *UP)
    return Racer(what, stack, changed, arn, run)


def _per_target(on: Stage, name: str, instances: Sequence[tuple[str, str]]) -> Racer:
    """Attach a group with a resource for each target."""
    on.register(name, instances)
    stack, arn = on.per_target(name, name)
    timed(stack, *UP)
    return Racer("per target", stack, name, arn, partial(timed, stack, *UP))


def _figures(taken: Sequence[tuple[float, ...]], base: float, goals: Sequence[float] = ()) -> str:
    """Write what was measured, and how it compares with the goals and the floor."""
    *calls, saves = zip(*taken, strict=True)
    first, second = (f"{goal:.2f}" for goal in goals) if goals else ("", "")
    return (
        f"| {len(saves):3} | {_said(calls[0]) if calls else '':>27} | {first:>4}"
        f" | {_said(saves):>26} | {second:>4} | {statistics.median(saves) / base:8.2f} |"
    )


def _said(taken: Sequence[float]) -> str:
    """Write p50 and p95, which of a few is the worst."""
    late = sorted(taken)[math.ceil(0.95 * len(taken)) - 1]
    return f"{statistics.median(taken):.3f} / {late:.3f}"
