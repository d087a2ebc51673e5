"""What Consul says of each check, what the probes say, and so what is to be written.

Consul is written to only where the two differ: at once for a status, later for an output alone.
What is written is always what holds at that moment: an output that waited takes the status of now
with it.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lictor.consul import pace
from lictor.esm import definition, verdict
from lictor.esm.prober import Work
from lictor.esm.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lictor.consul.aio.wire import Row
    from lictor.esm.kinds import Spec
    from lictor.esm.prober import Key, Report

_LOG = logging.getLogger("lictor.esm")

_LATE = 1.0
"""Seconds by which a probe may be late that has to run once more."""

NODE_CHECK = "externalNodeHealth"
"""Id of the check that pings stand in."""


@dataclass(slots=True, eq=False)
class Entry:
    """One check.

    Attributes:
        row: What Consul says, as far as we know.
        spec: What is run; None where there is nothing to run.
        status: What the probes say; empty before the first result.
        output: The same.
        writing: Whether a write of it is under way.
        critical_since: Since when probes and Consul both say that it is critical; None while one
            of them does not.
        leaving: Whether its service was deregistered.
        refused: How often in a row Consul took no write of it.
        rests_until: When it is written again, after that.
    """

    row: Row
    spec: Spec | None
    status: str = ""
    output: str = ""
    writing: bool = False
    waits: bool = False
    critical_since: float | None = None
    leaving: bool = False
    refused: int = 0
    rests_until: float = 0.0
    gone: bool = field(default=False)

    @property
    def differs(self) -> bool:
        """Whether Consul says something else than the probes do."""
        row = self.row
        return bool(self.status) and (row.status != self.status or row.output != self.output)


def key_of(row: Row) -> Key:
    """Tell which check a row is of."""
    return (row.node, row.service_id, row.check_id, row.namespace, row.partition)


class Ledger:
    """Keeps the checks of this instance.

    Args:
        follow: Told which checks to run, anew or no more.
        clock: Seconds that never go back.
        output_after: Seconds from a changed output to its write, on average.
        chance: From 0 to 1, to spread writes.
    """

    def __init__(
        self,
        follow: Callable[[dict[Key, Work], frozenset[Key]], None],
        clock: Callable[[], float],
        output_after: float = 300.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.entries: dict[Key, Entry] = {}
        self.dirty: dict[Key, Entry] = {}
        self.wake: Callable[[], None] = lambda: None
        self.output_after = output_after
        self.transitions = 0
        self._follow = follow
        self._clock = clock
        self._chance = chance
        self._waiting: Schedule[Entry] = Schedule()
        self._warned: set[Key] = set()
        self._resumed = float("-inf")
        self._backoff = pace.Backoff(first=1.0, most=60.0)

    def learn(self, rows: Iterable[Row]) -> tuple[int, int, int]:
        """Take what Consul says of all checks of ours.

        Returns:
            How many checks were added, changed, and removed.
        """
        changed: dict[Key, Work] = {}
        added = 0
        seen = set[tuple[str, str, str, str, str]]()
        for row in rows:
            if row.check_id == NODE_CHECK:
                continue
            key = key_of(row)
            seen.add(key)
            entry = self.entries.get(key)
            if entry is not None and self._same(entry, row):
                self._refresh(key, entry, row)
                continue
            added += entry is None
            if entry is not None:
                entry.gone = True
            self._begin(key, row, changed)
        gone = self.entries.keys() - seen
        for key in gone:
            self.entries.pop(key).gone = True
            self.dirty.pop(key, None)
        self._warned &= seen
        if changed or gone:
            self._follow(changed, frozenset(gone))
        return added, len(changed) - added, len(gone)

    def _same(self, entry: Entry, row: Row) -> bool:
        """Whether a check is run as it was; a note may set thresholds."""
        old = entry.row
        return bytes(old.definition) == bytes(row.definition) and old.notes == row.notes

    def _refresh(self, key: Key, entry: Entry, row: Row) -> None:
        """Take note of what Consul says now, unless we know better."""
        if row.modify_index <= entry.row.modify_index:
            return
        self.take(key, entry, row)

    def take(self, key: Key, entry: Entry, row: Row) -> None:
        """Go on from what Consul says of a check now; its definition is as it was."""
        row.definition = entry.row.definition
        entry.row = row
        if entry.leaving:  # its service was registered anew before we saw that it was gone
            entry.leaving, entry.critical_since = False, None
        self.weigh(entry)
        if entry.differs:
            self._judge(key, entry)

    def begin_again(self, key: Key, entry: Entry, row: Row) -> None:
        """Go on from what Consul says; somebody else wrote it, so no time before counts."""
        entry.critical_since = None
        self.take(key, entry, row)

    def weigh(self, entry: Entry) -> None:
        """Begin the time of a check that probes and Consul say is critical, or end it."""
        if not entry.status == entry.row.status == verdict.CRITICAL:
            entry.critical_since = None
        elif entry.critical_since is None:
            entry.critical_since = self._clock()

    def resume(self, gap: float) -> None:
        """Do not count seconds in which nothing could be known, and let probes run again first."""
        self._resumed = now = self._clock()
        for entry in self.entries.values():
            if entry.critical_since is not None:
                entry.critical_since = min(now, entry.critical_since + gap)

    def _begin(self, key: Key, row: Row, changed: dict[Key, Work]) -> None:
        row.definition = type(row.definition)(bytes(row.definition))  # else all rows stay in memory
        spec = definition.read(bytes(row.definition), row.notes, row.node)
        old = self.entries.get(key)
        self.entries[key] = Entry(row, spec)
        self.dirty.pop(key, None)
        if spec is None:
            if key not in self._warned:
                self._warned.add(key)
                text = "check is not a valid HTTP, TCP or GRPC check: checkID=%s node=%s"
                _LOG.warning(text, row.check_id, row.node)
            if old is not None and old.spec is not None:
                self._follow({}, frozenset((key,)))
            return
        if spec.warning:
            _LOG.warning("%s: checkID=%s node=%s", spec.warning, row.check_id, row.node)
        changed[key] = Work(spec, row.status, bytes(row.definition), row.notes)

    def forget_indexes(self) -> None:
        """Take whatever Consul says next, though it may seem older than what is known."""
        for entry in self.entries.values():
            entry.row.modify_index = 0

    def report(self, report: Report) -> None:
        """Take what the probes say of a check."""
        entry = self.entries.get(report.key)
        if entry is None:
            return
        if report.status != (entry.status or entry.row.status):
            self.transitions += 1
            if report.status == verdict.CRITICAL:
                _LOG.info("Check is now critical: check=%s", "/".join(report.key[:3]))
        entry.status, entry.output = report.status, report.output
        self.weigh(entry)
        if entry.differs:
            self._judge(report.key, entry)

    def _judge(self, key: Key, entry: Entry) -> None:
        """Write at once what is of weight, and later what is not."""
        if entry.row.status != entry.status:
            self.mark(key, entry)
        elif not entry.waits and key not in self.dirty:
            entry.waits = True
            wait = self.output_after * (0.5 + self._chance())
            self._waiting.add(self._clock() + wait, entry)

    def mark(self, key: Key, entry: Entry) -> None:
        """Have a check written at the next occasion; one that rests when its time has come."""
        if self.entries.get(key) is entry and entry.rests_until <= self._clock():
            self.dirty[key] = entry
            self.wake()

    def rest(self, entry: Entry) -> float:
        """Leave a check alone that Consul does not take, for longer each time; tell how long."""
        entry.refused += 1
        pause = self._backoff.pause(entry.refused, self._chance())
        entry.rests_until = self._clock() + pause
        self._waiting.add(entry.rests_until, entry)
        return pause

    def written(self, entry: Entry) -> None:
        """Take note that Consul took a write, which the row has by now."""
        entry.refused, entry.rests_until = 0, 0.0
        self.weigh(entry)

    def tick(self) -> None:
        """Mark the outputs whose time has come."""
        for _, entry in self._waiting.take(self._clock()):
            entry.waits = False
            if not entry.gone and entry.differs:
                self.mark(key_of(entry.row), entry)

    def overdue(self) -> list[tuple[Key, Entry]]:
        """List the checks whose service has been critical for longer than it allows."""
        now = self._clock()
        resumed = now - self._resumed
        return [
            (key, entry)
            for key, entry in self.entries.items()
            if entry.critical_since is not None
            and entry.spec is not None
            and 0 < entry.spec.deregister_after <= now - entry.critical_since
            and key[1]
            and not entry.leaving
            and entry.rests_until <= now
            and resumed > entry.spec.interval + 2 * entry.spec.timeout + _LATE
        ]

    def counts(self) -> tuple[int, int]:
        """Count the checks that pass or warn, and the critical ones."""
        bad = sum(
            (entry.status or entry.row.status) == verdict.CRITICAL
            for entry in self.entries.values()
        )
        return len(self.entries) - bad, bad
