"""Processes that run probes, as one prober: each check is with one of them.

One process does some thousand checks a second; where there are more, or cores to spare, several
share them. A worker that dies is started again, with all that it had.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from lictor.esm import worker
from lictor.esm.kinds import Alias
from lictor.esm.prober import Key, Prober, Report, Stats, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.esm.verdict import Thresholds

_LOG = logging.getLogger("lictor.esm")
_AGAIN = 1.0


class Pool:
    """Follows checks with several processes.

    Args:
        size: How many.
        report: Told of results.
        own: Runs what has to ask Consul, in this process.
        thresholds: For checks without any of their own.
        trust: Files of TLS for probes.
    """

    def __init__(
        self,
        size: int,
        report: Callable[[Report], None],
        own: Prober,
        thresholds: Thresholds,
        trust: tuple[str, str, str, str],
    ) -> None:
        self.stats = Stats()
        self._report = report
        self._own = own
        self._workers = [_Worker(number, self, thresholds, trust) for number in range(size)]

    def follow(self, changed: dict[Key, Work], gone: frozenset[Key]) -> None:
        """Begin to run some checks, anew where they run already, and end others."""
        ours = {key: work for key, work in changed.items() if isinstance(work.spec.probe, Alias)}
        self._own.follow(ours, gone | (changed.keys() - ours.keys()))
        parts: list[dict[Key, Work]] = [{} for _ in self._workers]
        for key, work in changed.items():
            if key not in ours:
                parts[self._of(key)][key] = work
        for number, one in enumerate(self._workers):
            mine = frozenset(key for key in (*gone, *ours) if self._of(key) == number)
            one.follow(parts[number], mine)

    def configure(self, thresholds: Thresholds, trust: tuple[str, str, str, str]) -> None:
        """Go on with other settings."""
        for one in self._workers:
            one.configure(thresholds, trust)

    async def run(self) -> None:
        """Run, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._own.run(), name="own-prober")
            for one in self._workers:
                group.create_task(one.run(), name=f"worker-{one.number}")

    def troubles(self) -> list[str]:
        """Say which workers do not work, or not on all they should."""
        return [one.trouble for one in self._workers if one.trouble]

    def took(self, told: worker.Word) -> None:
        """Take what a worker tells."""
        for level, line in told.lines:
            _LOG.log(level, "%s", line)
        for key, status, output in told.reports:
            self._report(Report(key, status, output))
        stats = self.stats
        parts: list[worker.Word | Stats] = [one.last for one in self._workers]
        parts.append(self._own.stats)
        stats.runs = sum(part.runs for part in parts) + sum(one.runs for one in self._workers)
        stats.unable = sum(part.unable for part in parts) + sum(one.unable for one in self._workers)
        stats.running = sum(part.running for part in parts)
        stats.checks = sum(part.checks for part in parts)
        stats.lag = max(stats.lag, told.lag, self._own.stats.lag)

    def _of(self, key: Key) -> int:
        return zlib.crc32("/".join(key).encode("utf-8", "surrogatepass")) % len(self._workers)


class _Worker:
    """One process, and what it has to do.

    Attributes:
        last: What it told last.
        runs: Probes of processes that have ended.
        unable: Runs of theirs that came to nothing.
        trouble: Why it does not work on all it should; empty where it does.
    """

    def __init__(
        self, number: int, pool: Pool, thresholds: Thresholds, trust: tuple[str, str, str, str]
    ) -> None:
        self.number = number
        self.last = worker.Word()
        self.runs = self.unable = 0
        self.trouble = f"worker {number} has not begun"
        self._pool = pool
        self._thresholds, self._trust = thresholds, trust
        self._has: dict[Key, Work] = {}
        self._writer: asyncio.StreamWriter | None = None

    def follow(self, changed: dict[Key, Work], gone: frozenset[Key]) -> None:
        self._has.update(changed)
        for key in gone:
            self._has.pop(key, None)
        if changed or gone:
            self._send(_order(changed, gone))

    def configure(self, thresholds: Thresholds, trust: tuple[str, str, str, str]) -> None:
        self._thresholds, self._trust = thresholds, trust
        self._send(self._settings())

    async def run(self) -> None:
        while True:
            try:
                await self._once()
            except OSError as error:
                _LOG.error("worker %d cannot begin: %s", self.number, error)
            self.trouble = f"worker {self.number} is down"
            self.runs, self.unable = self.runs + self.last.runs, self.unable + self.last.unable
            self.last = worker.Word()
            _LOG.error("worker %d ended, starting it again", self.number)
            await asyncio.sleep(_AGAIN)

    def _settings(self) -> worker.Order:
        thresholds = self._thresholds
        return worker.Order(thresholds=(thresholds.passing, thresholds.critical), trust=self._trust)

    def _send(self, order: worker.Order) -> None:
        if self._writer is not None:
            self._writer.write(worker.packed(order))

    async def _once(self) -> None:
        """Run a process for as long as it lives."""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "lictor.esm.worker", str(theirs.fileno())]
        try:
            process = await asyncio.create_subprocess_exec(
                *command, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        try:
            self._send(self._settings())
            self._send(_order(self._has, frozenset()))
            while True:
                self._took(await worker.word(reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writer.close()
            self._writer = None
            if process.returncode is None:
                process.kill()
            await process.wait()

    def _took(self, told: worker.Word) -> None:
        """Take what it tells; where a check stands is for a process that comes after it."""
        self.last, self.trouble = told, told.trouble
        for key, status, _ in told.reports:
            work = self._has.get(key)
            if work is not None and work.status != status:
                self._has[key] = replace(work, status=status)
        self._pool.took(told)


def _order(changed: dict[Key, Work], gone: frozenset[Key]) -> worker.Order:
    return worker.Order(
        [(key, work.definition, work.notes, work.status) for key, work in changed.items()],
        list(gone),
    )
