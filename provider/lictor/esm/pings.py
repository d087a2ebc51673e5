"""Nodes that are pinged: their status, where they are, and their end.

A node's `externalNodeHealth` is written where it changes, and once an hour. When it died is kept in
Consul, in consul-esm's form, so that it is known to whoever has the node next; a node that has been
dead for as long as `node_reconnect_timeout` is taken out of the catalog with all that is on it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lictor import errors
from lictor.consul.aio import nodes, wire
from lictor.esm import gotime, node_health, placing, verdict
from lictor.esm.probes.failing import ProbeFailed, Unable
from lictor.esm.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.wire import Node, Row
    from lictor.esm.doubt import Doubt

_LOG = logging.getLogger("lictor.esm")

TCP = "external-probe-tcp"
"""Meta of a node: port that is connected to instead of an echo."""
RATE = 100.0
"""New nodes that are pinged a second, where so many fit into the interval."""
_REFRESH = 3600.0
_WARN = 60.0


class Echoes(Protocol):
    """Tells whether a node is there: the seconds it took, or ProbeFailed, or Unable."""

    async def echo(self, host: str) -> float:
        """Send an echo."""

    async def connect(self, host: str, port: int) -> float:
        """Connect to a port."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What nodes are pinged by; seconds.

    Attributes:
        path: Of the keys.
        interval: From one echo to the next of a node.
        reconnect: For which a node may be dead before it is taken out.
        coordinates: Whether coordinates are kept.
    """

    path: str
    interval: float
    reconnect: float
    coordinates: bool


@dataclass(slots=True, eq=False)
class _Pinged:
    node: Node
    row: Row | None
    written: float = 0.0
    died: datetime | None = None
    asked: bool = False
    gone: bool = False
    early: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def dead(self) -> bool:
        """Whether Consul says that it is dead."""
        return self.row is not None and self.row.status == verdict.CRITICAL


class Pings:
    """Pings nodes for ever.

    Args:
        client: Where results go.
        pinger: Sends echoes.
        rules: By which.
        now: The time of day.
        doubt: Whether the nodes may be another's by now.
        chance: From 0 to 1, to spread echoes.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with, each another thing
        self,
        client: Client,
        pinger: Echoes,
        rules: Rules,
        now: Callable[[], datetime],
        doubt: Doubt,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.rules = rules
        self.count = 0
        self.unable = 0
        self.placed = 0
        self._client = client
        self._pinger = pinger
        self._now = now
        self._doubt = doubt
        self._chance = chance
        self._nodes: dict[str, _Pinged] = {}
        self._schedule: Schedule[_Pinged] = Schedule()
        self._warned = float("-inf")

    def follow(self, found: dict[str, tuple[Node, Row | None]]) -> None:
        """Ping these nodes and no others."""
        for name in self._nodes.keys() - found.keys():
            old = self._nodes.pop(name)
            old.gone = True
            if old.task is not None:
                old.task.cancel()
        fresh: list[_Pinged] = []
        for name, (node, row) in found.items():
            known = self._nodes.get(name)
            if known is not None:
                known.node, known.row = node, row
                if not known.dead:
                    known.died = None  # it has been registered anew, or somebody saw it alive
                continue
            self._nodes[name] = new = _Pinged(node, row)
            fresh.append(new)
        self._begin(fresh)

    def _begin(self, fresh: list[_Pinged]) -> None:
        """Let new nodes begin: a few soon, many spread over their interval."""
        now, interval = asyncio.get_running_loop().time(), self.rules.interval
        soon = len(fresh) / RATE < interval
        for number, pinged in enumerate(fresh):
            pinged.early = soon
            wait = number / RATE if soon else self._chance() * interval
            self._schedule.add(now + wait, pinged)

    async def run(self) -> None:
        """Start the echoes that are due, for ever; one a node is under way at once."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                for _, pinged in self._schedule.take(loop.time()):
                    if not pinged.gone:
                        pinged.task = loop.create_task(self._run(pinged), name="ping")
                await asyncio.sleep(max(0.01, min(0.2, self._schedule.due() - loop.time())))
        finally:
            self.follow({})

    async def _run(self, pinged: _Pinged) -> None:
        begun = asyncio.get_running_loop().time()
        try:
            await self._once(pinged)
        except errors.ConsulError as error:
            _LOG.warning("could not update node %s, trying again: %s", pinged.node.node, error)
        except Exception:  # noqa: BLE001 - the node is pinged again, whatever that was
            self.unable += 1
            _LOG.exception("ping failed in a way of its own: node=%s", pinged.node.node)
        self._again(pinged, begun)

    async def _once(self, pinged: _Pinged) -> None:
        """Ping a node, and take in what came of it."""
        loop = asyncio.get_running_loop()
        rtt: float | None = None
        try:
            rtt = await self._asked(pinged.node)
        except ProbeFailed as error:
            _LOG.debug("could not ping node: node=%s: %s", pinged.node.node, error)
        except Unable as error:
            self.unable += 1
            if loop.time() - self._warned > _WARN:
                self._warned = loop.time()
                _LOG.error("could not ping node: node=%s: %s", pinged.node.node, error)
            return
        self.count += 1
        if self._doubt.open:  # it may be another's by now, and our silence our own fault
            return
        if rtt is None:
            await self._dead(pinged)
            return
        await self._alive(pinged)
        if self.rules.coordinates:
            self.placed += await placing.place(self._client, pinged.node, rtt)

    def _again(self, pinged: _Pinged, begun: float) -> None:
        pinged.task = None
        if not pinged.gone:
            now, interval = asyncio.get_running_loop().time(), self.rules.interval
            if pinged.early:  # it began soon: from now on it has a place of its own
                pinged.early = False
                interval *= self._chance()
            self._schedule.add(max(now, begun + interval), pinged)

    async def _asked(self, node: Node) -> float:
        port = (node.meta or {}).get(TCP, "")
        if port.isascii() and port.isdecimal() and 0 < int(port[:9]) < 65536:  # noqa: PLR2004
            return await self._pinger.connect(node.address, int(port))
        return await self._pinger.echo(node.address)

    async def _alive(self, pinged: _Pinged) -> None:
        loop = asyncio.get_running_loop()
        fresh = not pinged.asked
        if self._stands(pinged, verdict.PASSING, loop.time()) and not fresh and not pinged.died:
            return
        operations: list[dict[str, Any]] = []
        key = await self._key(pinged)
        if key is not None:
            operations.append(node_health.forgotten(key))
        if not self._stands(pinged, verdict.PASSING, loop.time()):
            check = node_health.check(pinged.node, pinged.row, verdict.PASSING, node_health.ALIVE)
            operations.append(check)
        if not operations or await nodes.transact(self._client, operations):
            pinged.written, pinged.died, pinged.asked = loop.time(), None, True

    async def _dead(self, pinged: _Pinged) -> None:
        loop = asyncio.get_running_loop()
        name = pinged.node.node
        key: wire.Pair | None = None
        if pinged.died is None:
            key = await self._key(pinged)
            # a time beside a check that is not critical is of a node of this name that went
            if key is not None and pinged.dead:
                pinged.died = gotime.read(key.value or b"")
        if pinged.died is not None:
            dead = (self._now() - pinged.died).total_seconds()
            if dead >= self.rules.reconnect:
                await self._reap(pinged)
                return
        if self._stands(pinged, verdict.CRITICAL, loop.time()) and pinged.died is not None:
            return
        died = pinged.died or self._now()
        operations = [
            node_health.check(pinged.node, pinged.row, verdict.CRITICAL, node_health.DEAD)
        ]
        if pinged.died is None:
            operations.insert(0, node_health.death(self._path(name), key, died))
        if await nodes.transact(self._client, operations):
            pinged.written, pinged.died, pinged.asked = loop.time(), died, True

    def _stands(self, pinged: _Pinged, status: str, now: float) -> bool:
        """Whether Consul says so already, and has been told within the hour."""
        row = pinged.row
        said = row is not None and row.status == status
        if said and not pinged.written:
            pinged.written = now
        return said and now - pinged.written < _REFRESH

    async def _reap(self, pinged: _Pinged) -> None:
        name = pinged.node.node
        _LOG.info("reaping node has been failed for too long: node=%s", name)
        operations = [node_health.end(pinged.node)]
        key = await self._key(pinged)
        if key is not None:
            operations.append(node_health.forgotten(key))
        if not await nodes.transact(self._client, operations):
            pinged.died = None  # somebody registered it anew meanwhile: read again what holds

    async def _key(self, pinged: _Pinged) -> wire.Pair | None:
        path = self._path(pinged.node.node)
        pairs = await nodes.keys(self._client, path)
        pinged.asked = True
        return next((pair for pair in pairs if pair.key == path), None)

    def _path(self, name: str) -> str:
        return f"{self.rules.path}probes/{name}"
