"""Planning 10,000 targets: from Consul's answer to whether anything changes, in our code alone.

It is all CPU, so seconds of CPU are what a quiet machine's clock would say.
"""

from __future__ import annotations

import gc
import ipaddress
import statistics
import time
import tracemalloc
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lictor.model import (
    Answer,
    ConsulService,
    Guards,
    Instance,
    Status,
    TargetType,
)
from lictor.plan import record
from lictor.plan.desired import Addressing, desired
from lictor.plan.planning import Standing, plan
from lictor.plan.record import Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT_MS, LIMIT_MB = 100.0, 50.0
_NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
_VPC = ("10.0.0.0/8",)
_FIRST = int(ipaddress.ip_address("10.0.0.1"))
_MB = 1024 * 1024

HEADER = """
| targets | group    | change | CPU, p50 (ms) | limit | clock, p50 / max (ms) |  MB | limit |
| ------: | -------- | ------ | ------------: | ----: | --------------------: | --: | ----: |
""".strip()


@dataclass(frozen=True)
class Case:
    """One row: what a group takes and how many of its targets change.

    Attributes:
        size: How many targets Consul names.
        kind: What the group takes.
        change: `none`, `one` (one goes, one comes) or `all` (the first run).
    """

    size: int
    kind: TargetType
    change: str

    def work(self) -> Callable[[], bool]:
        """Return what is measured."""
        skip = 1 if self.change == "one" else 0
        answer = _answer(skip, self.size)
        before = self._standing()

        def run() -> bool:
            addressing = Addressing(self.kind, vpc=_VPC, standing=before.targets)
            wants = desired([answer], addressing)
            planned = plan(wants, before, Guards(), self.kind, _NOW)
            old = Recorded(attached=before.targets)
            new = Standing(planned.targets, planned.held, planned.recent)
            return record.differs(old, new)

        return run

    def _standing(self) -> Standing:
        """Return what stands before."""
        if self.change == "all":
            return Standing()
        return Standing(desired([_answer(0, self.size)], Addressing(self.kind)).targets)


def measure(size: int, samples: int) -> Iterator[str]:
    """Measure each case: time without tracemalloc, then the peak of memory with it."""
    for kind in TargetType:
        for change in ("none", "one", "all"):
            case = Case(size, kind, change)
            work = case.work()
            assert work() is (change != "none")  # noqa: S101 - a benchmark of nothing says nothing
            times = [_milliseconds(work) for _ in range(samples)]
            cpu, clock = (sorted(column) for column in zip(*times, strict=True))
            said = f"{statistics.median(clock):.0f} / {clock[-1]:.0f}"
            yield (
                f"| {size:7,} | {kind:8} | {change:6} | {statistics.median(cpu):13.0f}"
                f" | {LIMIT_MS:5.0f} | {said:>21} | {_megabytes(work):3.0f} | {LIMIT_MB:5.0f} |"
            )


def _answer(first: int, size: int) -> Answer:
    """Make what Consul says of a service."""
    found = tuple(_instance(number) for number in range(first, first + size))
    return Answer(ConsulService("web"), found)


def _instance(number: int) -> Instance:
    address = str(ipaddress.ip_address(_FIRST + number))
    return Instance(
        "web",
        f"web-{number}",
        f"node-{number}",
        "dc1",
        address,
        "",
        8080,
        Status.PASSING,
        tags=("v2",),
        node_meta={"instance-id": f"i-{number:017x}"},
        service_checks=1,
    )


def _milliseconds(work: Callable[[], bool]) -> tuple[float, float]:
    """Run it once; return what CPU and clock say."""
    gc.collect()
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    return (time.process_time() - cpu) * 1000, (time.perf_counter() - clock) * 1000


def _megabytes(work: Callable[[], bool]) -> float:
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak - before) / _MB
