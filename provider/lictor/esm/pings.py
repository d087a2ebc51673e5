"""Nodes that are pinged: their status, where they are, and their end.

A node's `externalNodeHealth` is written where it changes, and once an hour. When it died is kept in
Consul, in consul-esm's form, so that it is known to whoever has the node next; a node that has been
dead for as long as `node_reconnect_timeout` is taken out of the catalog with all that is on it.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lictor import errors
from lictor.consul.aio import nodes, wire
from lictor.esm import gotime, placing, verdict
from lictor.esm.ledger import NODE_CHECK
from lictor.esm.probes.failing import ProbeFailed, Unable
from lictor.esm.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.wire import Node, Row

_LOG = logging.getLogger("lictor.esm")

TCP = "external-probe-tcp"
"""Meta of a node: port that is connected to instead of an echo."""
ALIVE = "Node alive or reachable"
DEAD = "Node not live or unreachable"
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
    task: asyncio.Task[None] | None = None


class Pings:
    """Pings nodes for ever.

    Args:
        client: Where results go.
        pinger: Sends echoes.
        rules: By which.
        now: The time of day.
        chance: From 0 to 1, to spread echoes.
    """

    def __init__(
        self,
        client: Client,
        pinger: Echoes,
        rules: Rules,
        now: Callable[[], datetime],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.rules = rules
        self.count = 0
        self.unable = 0
        self.placed = 0
        self._client = client
        self._pinger = pinger
        self._now = now
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
        now = asyncio.get_running_loop().time()
        for name, (node, row) in found.items():
            known = self._nodes.get(name)
            if known is not None:
                known.node, known.row = node, row
                continue
            self._nodes[name] = fresh = _Pinged(node, row)
            self._schedule.add(now + self._chance() * min(self.rules.interval, 1.0), fresh)

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
        loop = asyncio.get_running_loop()
        begun = loop.time()
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
            self._again(pinged, begun)
            return
        self.count += 1
        try:
            if rtt is None:
                await self._dead(pinged)
            else:
                await self._alive(pinged)
                if self.rules.coordinates:
                    self.placed += await placing.place(self._client, pinged.node, rtt)
        except errors.ConsulError as error:
            _LOG.warning("could not update node %s, trying again: %s", pinged.node.node, error)
        self._again(pinged, begun)

    def _again(self, pinged: _Pinged, begun: float) -> None:
        pinged.task = None
        if not pinged.gone:
            now = asyncio.get_running_loop().time()
            self._schedule.add(max(now, begun + self.rules.interval), pinged)

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
            operations.append(
                {"KV": {"Verb": "delete-cas", "Key": key.key, "Index": key.modify_index}}
            )
        if not self._stands(pinged, verdict.PASSING, loop.time()):
            operations.append(self._check(pinged, verdict.PASSING, ALIVE))
        if not operations or await nodes.transact(self._client, operations):
            pinged.written, pinged.died, pinged.asked = loop.time(), None, True

    async def _dead(self, pinged: _Pinged) -> None:
        loop = asyncio.get_running_loop()
        name = pinged.node.node
        key: wire.Pair | None = None
        if pinged.died is None:
            key = await self._key(pinged)
            pinged.died = gotime.read(key.value or b"") if key is not None else None
        if pinged.died is not None:
            dead = (self._now() - pinged.died).total_seconds()
            if dead >= self.rules.reconnect:
                await self._reap(pinged)
                return
        if self._stands(pinged, verdict.CRITICAL, loop.time()) and pinged.died is not None:
            return
        operations: list[dict[str, Any]] = []
        died = pinged.died or self._now()
        if pinged.died is None:
            value = base64.b64encode(gotime.write(died)).decode()
            operations.append(
                {
                    "KV": {
                        "Verb": "cas" if key is None else "set",
                        "Key": self._path(name),
                        "Value": value,
                        "Index": 0,
                    }
                }
            )
        operations.append(self._check(pinged, verdict.CRITICAL, DEAD))
        if await nodes.transact(self._client, operations):
            pinged.written, pinged.died, pinged.asked = loop.time(), died, True

    def _stands(self, pinged: _Pinged, status: str, now: float) -> bool:
        """Whether Consul says so already, and has been told within the hour."""
        row = pinged.row
        said = row is not None and row.status == status
        if said and not pinged.written:
            pinged.written = now
        return said and now - pinged.written < _REFRESH

    def _check(self, pinged: _Pinged, status: str, output: str) -> dict[str, Any]:
        row = pinged.row
        check = {
            "Node": pinged.node.node,
            "CheckID": NODE_CHECK,
            "Name": "External Node Status",
            "Status": status,
            "Output": output,
            "ModifyIndex": row.modify_index if row is not None else 0,
        }
        if pinged.node.partition:
            check["Partition"] = pinged.node.partition
        return {"Check": {"Verb": "cas", "Check": check}}

    async def _reap(self, pinged: _Pinged) -> None:
        name = pinged.node.node
        _LOG.info("reaping node has been failed for too long: node=%s", name)
        node: dict[str, Any] = {
            "Node": name,
            "Address": pinged.node.address,
            "ModifyIndex": pinged.node.modify_index,
        }
        if pinged.node.partition:
            node["Partition"] = pinged.node.partition
        operations: list[dict[str, Any]] = [{"Node": {"Verb": "delete-cas", "Node": node}}]
        key = await self._key(pinged)
        if key is not None:
            operations.append(
                {"KV": {"Verb": "delete-cas", "Key": key.key, "Index": key.modify_index}}
            )
        if not await nodes.transact(self._client, operations):
            pinged.died = None  # somebody registered it anew meanwhile: read again what holds

    async def _key(self, pinged: _Pinged) -> wire.Pair | None:
        path = self._path(pinged.node.node)
        pairs = await nodes.keys(self._client, path)
        pinged.asked = True
        return next((pair for pair in pairs if pair.key == path), None)

    def _path(self, name: str) -> str:
        return f"{self.rules.path}probes/{name}"
