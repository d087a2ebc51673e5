"""Writes to Consul what the ledger says: in transactions, by compare-and-set, until it is so.

A check that is not as it was told is read again and written on what it is now; one that is gone is
no error; one that Consul does not take rests, and holds up nobody else. While Consul cannot be
written to nothing is lost: the ledger keeps what holds. After that our list of nodes is read again
before anything is written, for somebody else may have them by then.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from lictor import errors
from lictor.consul import pace
from lictor.consul.aio import checks
from lictor.esm.ledger import key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.wire import Row
    from lictor.esm.doubt import Doubt
    from lictor.esm.ledger import Entry, Ledger
    from lictor.esm.prober import Key

_LOG = logging.getLogger("lictor.esm")

GATHER = 0.04
"""Seconds in which changes are gathered into one transaction."""

AT_ONCE = 4
"""Transactions under way at once, far below the connections that Consul allows."""


_NAMED = 5
"""Checks that a line of the log names."""


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


_Writing: TypeAlias = "tuple[Key, Entry, checks.Write]"


class Writer:
    """Writes for ever.

    Args:
        client: Whom to write to.
        ledger: What to write.
        address: Tells a node's address, for checks that a transaction cannot write.
        doubt: Whether its checks are ours.
    """

    def __init__(
        self, client: Client, ledger: Ledger, address: Callable[[str], str], doubt: Doubt
    ) -> None:
        self.stats = Stats()
        self._client = client
        self._ledger = ledger
        self._address = address
        self._doubt = doubt
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
            await self._doubt.over()
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
                self._doubt.arises()
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
        whole: list[_Writing] = []
        alone: list[_Writing] = []
        for key, entry in batch:
            write = checks.Write(entry.row, entry.status, entry.output)
            (whole if write.whole else alone).append((key, entry, write))
        operations = checks.encoded([write for _, _, write in whole])
        for begin, end in checks.pieces(operations):
            await self._commit(whole[begin:end], operations[begin:end])
        for key, entry, write in alone:
            try:
                await self._alone(key, entry, write)
            except errors.ConsulUnreachable:
                raise
            except errors.ConsulError as error:
                self._refused([entry], str(error))

    async def _commit(self, writes: list[_Writing], operations: list[bytes]) -> None:
        """Commit what Consul takes: what is stale goes back, on what Consul says now."""
        loop = asyncio.get_running_loop()
        stale: list[_Writing] = []
        while writes:
            begun = loop.time()
            outcome = await checks.commit(self._client, operations)
            self._timed(loop.time() - begun, len(writes))
            if outcome.divide:
                half = len(writes) // 2
                await self._commit(writes[:half], operations[:half])
                await self._commit(writes[half:], operations[half:])
                break
            if not outcome.bad:
                for position, (key, entry, write) in enumerate(writes):
                    self._done(key, entry, write, outcome.indexes.get(position))
                break
            bad = outcome.bad
            self.stats.retries += len(outcome.stale)
            stale += [one for at, one in enumerate(writes) if at in outcome.stale]
            refused = [entry for at, (_, entry, _) in enumerate(writes) if at in outcome.refused]
            self._refused(refused, next(iter(outcome.refused.values()), ""))
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

    def _refused(self, entries: list[Entry], why: str) -> None:
        """Let checks rest that Consul does not take; one line tells of all of a transaction."""
        if not entries:
            return
        self.stats.failures += 1
        pauses = [self._ledger.rest(entry) for entry in entries]
        names = ["/".join(key_of(entry.row)[:3]) for entry in entries]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        text = "could not update checks, trying again in %.0fs: checks=%s%s: %s"
        _LOG.warning(text, max(pauses), ", ".join(names[:_NAMED]), more, why)

    async def _reread(self, stale: list[_Writing]) -> None:
        nodes: dict[tuple[str, str, str], list[Row]] = {}
        same: list[Entry] = []
        for key, entry, write in stale:
            place = (key[0], key[3], key[4])
            if place not in nodes:
                try:
                    nodes[place] = await checks.current(self._client, entry.row)
                except errors.ConsulDenied as error:
                    self._refused([entry], str(error))
                    continue
            found = next((row for row in nodes[place] if key_of(row) == key), None)
            if found is None:
                continue  # gone meanwhile
            if found.modify_index == write.row.modify_index:
                same.append(entry)
            else:
                self._again(key, entry, found)
        self._refused(
            same, f"{self._client.remote} finds them stale, and says nothing else of them"
        )

    def _again(self, key: Key, entry: Entry, found: Row) -> None:
        """Write again, on what Consul says now, unless the definition is another one by now."""
        if bytes(found.definition) != bytes(entry.row.definition):
            return  # discovery will tell
        self._ledger.take(key, entry, found)
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
        self._ledger.written(entry)
        self.stats.written += 1
        if not entry.gone and entry.differs:
            self._ledger.mark(key, entry)

    def _timed(self, seconds: float, size: int) -> None:
        stats = self.stats
        stats.transactions += 1
        stats.batch = size
        stats.seconds += seconds
        stats.slowest = max(stats.slowest, seconds)
