"""Writes to Consul what the ledger says: in transactions, by compare-and-set, until it is so.

A check that is not as it was told is read again and written on what it is now; one that is gone is
no error. While Consul cannot be written to nothing is lost: the ledger keeps what holds.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul import pace
from lictor.consul.aio import checks
from lictor.esm.ledger import key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.wire import Row
    from lictor.esm.ledger import Entry, Ledger
    from lictor.esm.prober import Key

_LOG = logging.getLogger("lictor.esm")

GATHER = 0.04
"""Seconds in which changes are gathered into one transaction."""

AT_ONCE = 4
"""Transactions under way at once, far below the connections that Consul allows."""


@dataclass(slots=True)
class Stats:
    """What was written so far; times in seconds."""

    written: int = 0
    transactions: int = 0
    retries: int = 0
    failures: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    batch: int = 0


class Writer:
    """Writes for ever.

    Args:
        client: Whom to write to.
        ledger: What to write.
        address: Tells a node's address, for checks that a transaction cannot write.
    """

    def __init__(self, client: Client, ledger: Ledger, address: Callable[[str], str]) -> None:
        self.stats = Stats()
        self._client = client
        self._ledger = ledger
        self._address = address
        self._changed = asyncio.Event()
        self._backoff = pace.Backoff(most=3.0)
        self._failures = 0
        ledger.wake = self._changed.set

    @property
    def failing(self) -> bool:
        """Whether the last transactions failed."""
        return self._failures > 2  # noqa: PLR2004 - one or two may be a leader's election

    async def run(self) -> None:
        """Write what is marked, for ever."""
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE):
                group.create_task(self._work(), name=f"writer-{number}")

    async def _work(self) -> None:
        while True:
            await self._changed.wait()
            await asyncio.sleep(GATHER)
            batch = self._take()
            if not batch:
                if not any(not entry.writing for entry in self._ledger.dirty.values()):
                    self._changed.clear()
                continue
            try:
                await self._write(batch)
                self._failures = 0
            except errors.ConsulError as error:
                self._failures += 1
                self.stats.failures += 1
                _LOG.warning("could not update checks, trying again: %s", error)
                self._back(batch)
                chance = random.random()  # noqa: S311 - only to spread calls
                await asyncio.sleep(self._backoff.pause(self._failures, chance))
            except BaseException:
                self._back(batch)
                raise
            finally:
                for _, entry in batch:
                    entry.writing = False
                if self._ledger.dirty:
                    self._changed.set()

    def _take(self) -> list[tuple[Key, Entry]]:
        """Take as many as fit into one transaction; one that is lost there goes alone."""
        batch: list[tuple[Key, Entry]] = []
        for key, entry in list(self._ledger.dirty.items()):
            if entry.writing:
                continue
            del self._ledger.dirty[key]
            if entry.gone or not entry.differs:
                continue
            entry.writing = True
            batch.append((key, entry))
            if len(batch) >= checks.OPERATIONS:
                break
        return batch

    def _back(self, batch: list[tuple[Key, Entry]]) -> None:
        for key, entry in batch:
            if not entry.gone and entry.differs:
                self._ledger.mark(key, entry)

    async def _write(self, batch: list[tuple[Key, Entry]]) -> None:
        """Write a batch, in pieces that Consul takes."""
        whole: list[tuple[Key, Entry, checks.Write]] = []
        for key, entry in batch:
            write = checks.Write(entry.row, entry.status, entry.output)
            if write.whole:
                whole.append((key, entry, write))
            else:
                await self._alone(key, entry, write)
        operations = checks.encoded([write for _, _, write in whole])
        begin = 0
        while begin < len(whole):
            size, end = 0, begin
            while end < len(whole) and (end == begin or size + len(operations[end]) < checks.BYTES):
                size += len(operations[end]) + 1
                end += 1
            await self._commit(whole[begin:end], operations[begin:end])
            begin = end

    async def _commit(
        self, writes: list[tuple[Key, Entry, checks.Write]], operations: list[bytes]
    ) -> None:
        """Commit until nothing of it is stale: what is goes back, on what Consul says now."""
        loop = asyncio.get_running_loop()
        stale: list[tuple[Key, Entry]] = []
        while writes:
            begun = loop.time()
            outcome = await checks.commit(self._client, operations)
            self._timed(loop.time() - begun, len(writes))
            if not outcome.stale:
                for position, (key, entry, write) in enumerate(writes):
                    self._done(key, entry, write, outcome.indexes.get(position))
                break
            bad = set(outcome.stale)
            self.stats.retries += len(bad)
            stale += [(key, entry) for at, (key, entry, _) in enumerate(writes) if at in bad]
            writes = [one for at, one in enumerate(writes) if at not in bad]
            operations = [one for at, one in enumerate(operations) if at not in bad]
        await self._reread(stale)

    async def _alone(self, key: Key, entry: Entry, write: checks.Write) -> None:
        """Write what a transaction would cut: if it is still as we know it."""
        found = next(
            (r for r in await checks.current(self._client, entry.row) if key_of(r) == key), None
        )
        if found is None:
            return  # gone meanwhile
        if found.modify_index != entry.row.modify_index:
            self._again(key, entry, found)
            return
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await checks.register(self._client, write, self._address(entry.row.node))
        self._timed(loop.time() - begun, 1)
        self._done(key, entry, write, None)

    async def _reread(self, stale: list[tuple[Key, Entry]]) -> None:
        nodes: dict[tuple[str, str, str], list[Row]] = {}
        for key, entry in stale:
            place = (key[0], key[3], key[4])
            if place not in nodes:
                nodes[place] = await checks.current(self._client, entry.row)
            found = next((row for row in nodes[place] if key_of(row) == key), None)
            if found is not None:
                self._again(key, entry, found)

    def _again(self, key: Key, entry: Entry, found: Row) -> None:
        """Write again, on what Consul says now, unless the definition is another one by now."""
        if bytes(found.definition) != bytes(entry.row.definition):
            return  # discovery will tell
        found.definition = entry.row.definition
        entry.row = found
        if entry.differs:
            self._ledger.mark(key, entry)

    def _done(self, key: Key, entry: Entry, write: checks.Write, index: int | None) -> None:
        row = entry.row
        if row is write.row:
            if write.status != row.status:
                text = "Updated check status in catalog: checkID=%s node=%s old=%s new=%s"
                _LOG.debug(text, row.check_id, row.node, row.status, write.status)
            row.status, row.output = write.status, write.output
            row.modify_index = index or row.modify_index
        self.stats.written += 1
        if not entry.gone and entry.differs:
            self._ledger.mark(key, entry)

    def _timed(self, seconds: float, size: int) -> None:
        stats = self.stats
        stats.transactions += 1
        stats.batch = size
        stats.seconds += seconds
        stats.slowest = max(stats.slowest, seconds)
