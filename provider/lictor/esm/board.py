"""How the monitor does: its parts' own counts, put together where somebody asks."""

from __future__ import annotations

import gc
import resource
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lictor.esm.metrics import Kind, Point

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lictor.esm.belonging import Belonging
    from lictor.esm.discovery import Discovery
    from lictor.esm.ledger import Ledger
    from lictor.esm.pings import Pings
    from lictor.esm.pool import Pool
    from lictor.esm.prober import Stats
    from lictor.esm.sharing import Sharing
    from lictor.esm.writer import Writer

_RECENT = 120
BEHIND = 5.0
"""Seconds by which probes may begin late before the monitor is not healthy."""


@dataclass(slots=True)
class Times:
    """How long something took: in all, and lately."""

    total: float = 0.0
    count: int = 0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))

    def add(self, seconds: float, count: int | None = None) -> None:
        """Take note of some more seconds, and of how many times there were in all by now."""
        count = self.count + 1 if count is None else count
        if count > self.count:
            self.recent.append(seconds / (count - self.count))
            self.total += seconds
            self.count = count

    def point(self, name: str, text: str) -> Point:
        """Tell it."""
        parts = tuple(name.split("."))
        return Point(parts, Kind.TIME, self.total, text, self.count, recent=tuple(self.recent))


@dataclass(slots=True)
class Board:
    """The parts that are asked.

    Attributes:
        pool: Processes that run probes; None where there are none beside this one.
        lag: Seconds by which the latest of the last probes began late, as last looked at.
        taken: What it took to take in all checks, as seen at each look.
        written: What a transaction took on the average of the time before each look.
    """

    stats: Stats
    ledger: Ledger
    discovery: Discovery
    writer: Writer
    sharing: Sharing
    pings: Pings
    belonging: Belonging
    pool: Pool | None = None
    lag: float = 0.0
    taken: Times = field(default_factory=Times)
    written: Times = field(default_factory=Times)

    def look(self) -> None:
        """Take the lag of a span of time, which begins anew; and what things took in it."""
        self.lag, self.stats.lag = self.stats.lag, 0.0
        if self.discovery.seconds:
            self.taken.add(self.discovery.seconds)
        stats = self.writer.stats
        self.written.add(stats.seconds - self.written.total, stats.transactions)

    def troubles(self) -> list[str]:
        """Say what keeps the monitor from its work; nothing where all is well."""
        found = []
        if not self.belonging.registered:
            found.append("not registered with Consul")
        if not self.discovery.known:
            found.append("Consul has not named the external nodes yet")
        if self.writer.failing:
            found.append("Consul takes no writes")
        found += self.pool.troubles() if self.pool is not None else ()
        if max(self.lag, self.stats.lag) > BEHIND:
            found.append(f"probes begin {max(self.lag, self.stats.lag):.1f}s late")
        return found

    def points(self) -> Iterator[Point]:
        """Tell every number there is."""
        yield from self._shared()
        yield from self._checks()
        yield from self._writes()
        yield from _process()

    def _shared(self) -> Iterator[Point]:
        sharing, discovery = self.sharing, self.discovery
        yield _gauge("esm.agent.isLeader", sharing.leads, "Whether this instance leads.")
        if sharing.leads:
            text = "Instances that are alive, as the leader sees them."
            yield _gauge("esm.agents.healthy", len(sharing.healthy), text)
        yield _gauge("esm.nodes.monitored", len(discovery.mine), "Nodes of this instance.")
        yield _gauge("esm.services.monitored", discovery.services, "Services of this instance.")

    def _checks(self) -> Iterator[Point]:
        good, bad = self.ledger.counts()
        stats = self.stats
        yield _gauge("esm.checks.count", good + bad, "Checks of this instance.")
        yield _gauge("esm.checks.healthy", good, "Checks that pass or warn.")
        yield _gauge("esm.checks.unhealthy", bad, "Checks that are critical.")
        text = "Milliseconds that taking in all checks took."
        yield self.taken.point("esm.checks.fetch_and_update.duration", text)
        yield self.taken.point("checks.update", text)
        yield _counter("esm.checks.runs", stats.runs, "Probes that ended.")
        yield _gauge("esm.checks.running", stats.running, "Probes under way.")
        text = "Most seconds by which a probe began late, lately."
        yield _gauge("esm.checks.lag_seconds", max(self.lag, stats.lag), text)
        text = "Probes that came to nothing for a reason of the monitor's own."
        yield _counter("esm.checks.unable", stats.unable, text)
        yield _counter("esm.checks.transitions", self.ledger.transitions, "Changes of status.")
        yield _counter("esm.pings", self.pings.count, "Nodes that were pinged.")
        yield _counter("esm.pings.unable", self.pings.unable, "Pings that are not permitted.")

    def _writes(self) -> Iterator[Point]:
        stats = self.writer.stats
        yield _known("check.txn", stats.transactions, "Transactions with checks.")
        yield _known("check.txn_retry", stats.retries, "Writes that Consul found stale.")
        text = "Milliseconds that transactions with checks took."
        yield self.written.point("check.batch.flush", text)
        yield _counter("check.txn_checks", stats.written, "Checks that were written.")
        yield _gauge("check.txn_batch_size", stats.batch, "Checks of the last transaction.")
        yield _counter("check.txn_failures", stats.failures, "Transactions that failed.")
        yield _gauge("check.txn_waiting", len(self.ledger.dirty), "Checks to be written.")
        yield _known("coord.txn", self.pings.placed, "Coordinates that were written.")


def _process() -> Iterator[Point]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seconds = usage.ru_utime + usage.ru_stime
    yield _counter("runtime.cpu_seconds", seconds, "Seconds of CPU that were used.")
    yield _gauge("runtime.max_rss_bytes", usage.ru_maxrss * 1024, "Most memory that was used.")
    collections = sum(generation["collections"] for generation in gc.get_stats())
    yield _gauge("runtime.total_gc_runs", collections, "Collections of garbage.")


def _gauge(name: str, value: float, text: str) -> Point:
    return Point(tuple(name.split(".")), Kind.GAUGE, float(value), text)


def _known(name: str, value: float, text: str) -> Point:
    """Make a counter of consul-esm's."""
    return replace(_counter(name, value, text), plain=True)


def _counter(name: str, value: float, text: str) -> Point:
    return Point(tuple(name.split(".")), Kind.COUNTER, float(value), text)
