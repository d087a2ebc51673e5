"""How the monitor does: its parts' own counts, put together where somebody asks."""

from __future__ import annotations

import gc
import resource
from dataclasses import dataclass
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

BEHIND = 5.0
"""Seconds by which probes may begin late before the monitor is not healthy."""


@dataclass(slots=True)
class Board:
    """The parts that are asked.

    Attributes:
        pool: Processes that run probes; None where there are none beside this one.
        lag: Seconds by which the latest of the last probes began late, as last looked at.
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

    def look(self) -> None:
        """Take the lag of a span of time, which begins anew."""
        self.lag, self.stats.lag = self.stats.lag, 0.0

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
        text = "Seconds that taking in all checks took, the last time."
        yield _gauge("esm.checks.fetch_and_update_duration", self.discovery.seconds, text)
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
        yield _counter("checks.update", stats.written, "Checks that were written.")
        times = Point(
            ("check", "txn"),
            Kind.TIME,
            stats.seconds,
            "Transactions with checks, and the seconds they took.",
            stats.transactions,
        )
        yield times
        yield _counter("check.txn_retry", stats.retries, "Writes that Consul found stale.")
        yield _gauge("check.txn_batch_size", stats.batch, "Checks of the last transaction.")
        yield _counter("check.txn_failures", stats.failures, "Transactions that failed.")
        yield _gauge("check.txn_waiting", len(self.ledger.dirty), "Checks to be written.")
        yield _counter("coord.txn", self.pings.placed, "Coordinates that were written.")


def _process() -> Iterator[Point]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seconds = usage.ru_utime + usage.ru_stime
    yield _counter("runtime.cpu_seconds", seconds, "Seconds of CPU that were used.")
    yield _gauge("runtime.max_rss_bytes", usage.ru_maxrss * 1024, "Most memory that was used.")
    collections = sum(generation["collections"] for generation in gc.get_stats())
    yield _gauge("runtime.total_gc_runs", collections, "Collections of garbage.")


def _gauge(name: str, value: float, text: str) -> Point:
    return Point(tuple(name.split(".")), Kind.GAUGE, float(value), text)


def _counter(name: str, value: float, text: str) -> Point:
    return Point(tuple(name.split(".")), Kind.COUNTER, float(value), text)
