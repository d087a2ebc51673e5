"""A whole `pulumi up` that changes one target: lictor beside one resource per target."""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fakes import consul as consuls
from tests.fakes.aws import process
from tests.fakes.path import ROOT
from tests.fakes.pulumi import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul

NAMES = ("lictor", "per target")
_PER_TARGET = "from bench.per_target import declare\n\ndeclare()\n"


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


def measure(sizes: list[int], samples: int) -> Iterator[Row]:
    """Measure, the two taking turns so that the machine's moods fall on both.

    Args:
        sizes: Numbers of targets.
        samples: Changes measured for each size and program.
    """
    with ExitStack() as stack:
        aws = stack.enter_context(process.start("--initial", "0", "--draining", "0"))
        consul = stack.enter_context(consuls.start())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for size in sizes:
            yield _row(aws, consul, folder / str(size), size, samples)


def _row(aws: StandIn, consul: Consul, folder: Path, size: int, samples: int) -> Row:
    """Measure one size; every change is a removal or, the next time, the addition again."""
    service = f"web{size}"
    _fleet(aws, consul, service, size)
    stacks = {name: _stack(aws, consul, folder / name, service) for name in NAMES}
    first = {name: _timed(stack) for name, stack in stacks.items()}
    changes: dict[str, list[float]] = {name: [] for name in NAMES}
    for sample in range(samples):
        consul.check(service, f"{service}-7", "passing" if sample % 2 else "critical")
        for name in NAMES if sample % 2 else NAMES[::-1]:
            changes[name].append(_timed(stacks[name]))
    return Row(size, first, changes)


def _fleet(aws: StandIn, consul: Consul, service: str, size: int) -> None:
    """Register so many instances."""
    for number, (ident, address) in enumerate(aws.create_instances(size)):
        meta = {"instance-id": ident}
        consul.register(service, f"{service}-{number}", address, node_meta=meta)


def _stack(aws: StandIn, consul: Consul, folder: Path, service: str) -> Stack:
    """Lay out one of the two programs with a group of its own."""
    ours = folder.name == NAMES[0]
    arn = aws.create_group(f"{service}-{'one' if ours else 'many'}")
    env = {**aws.environment(), "PYTHONPATH": str(ROOT), "CONSUL_URL": consul.url}
    stack = Stack(folder, env).create(None if ours else _PER_TARGET)
    group = {"name": "web", "targetGroupArn": arn, "service": service}
    if ours:
        stack.configure({"consul:address": consul.address, "lictor:targetGroups": [group]})
    else:
        stack.configure({"bench:arn": arn, "bench:service": service})
    return stack


def _timed(stack: Stack) -> float:
    """Run one update."""
    start = time.perf_counter()
    run = stack.run("up", "--yes", "--skip-preview", "--stack", "dev", timeout=540)
    seconds = time.perf_counter() - start
    run.ok()
    return seconds
