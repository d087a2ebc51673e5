"""What Consul's catalog has for us: external nodes, our part of them, and their checks.

Three questions are followed at once, each by blocking queries; whenever one of the answers changes,
what follows from all three is worked out anew. An answer that is empty is an answer: what is not
there any more is not run any more.
"""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import replace
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul import blocking, gate, pace
from lictor.consul.aio import checks, lists, nodes
from lictor.consul.aio.following import answers
from lictor.esm.ledger import NODE_CHECK

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.wire import Node, Row
    from lictor.consul.client import Reply
    from lictor.esm.doubt import Doubt
    from lictor.esm.ledger import Ledger
    from lictor.esm.place import Place

_LOG = logging.getLogger("lictor.esm")

PROBED = "external-probe"
"""Meta of a node that says whether it is pinged."""

_BUSIEST = 0.1
"""Share of the time that reading all checks may take, ours and Consul's."""
_PAUSES = (0.2, 1.5)


class Discovery:
    """Follows the catalog.

    Args:
        client: Whom to ask.
        place: Which part of the catalog and of the keys is meant.
        ledger: Told of the checks that are ours.
        pinged: Told of the nodes that we ping, with what Consul says of each.
        doubt: Whether `mine` may be another's by now.

    Attributes:
        nodes: All external nodes, by name.
        namespaces: Whether this Consul has namespaces, of which all are meant.
        known: Whether Consul has named them at all.
        listed: Rings when `nodes` has changed.
        services: How many services our checks are of.
        mine: Names of the nodes that are ours.
        seconds: What it took to take in all checks, the last time.
    """

    def __init__(
        self,
        client: Client,
        place: Place,
        ledger: Ledger,
        pinged: Callable[[dict[str, tuple[Node, Row | None]]], None],
        doubt: Doubt,
    ) -> None:
        self.nodes: dict[str, Node] = {}
        self.listed = asyncio.Event()
        self.namespaces = False
        self.services = 0
        self.mine: set[str] = set()
        self.seconds = 0.0
        self._client = client
        self._place = place
        self._ledger = ledger
        self._pinged = pinged
        self._doubt = doubt
        self._checked: set[str] | None = None
        self._probed: set[str] = set()
        self._rows: list[Row] | None = None
        self.known = False
        self._counted: tuple[int, int] | None = None
        self._index = 0

    async def run(self) -> None:
        """Follow for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_nodes(), name="nodes")
            group.create_task(self._follow_list(), name="list")
            group.create_task(self._settle(), name="doubt")
            group.create_task(self._follow_checks(), name="checks")

    async def _follow_nodes(self) -> None:
        place = self._place
        call = nodes.watch_call(place.meta, stale=place.stale)

        def read(reply: Reply) -> dict[str, Node]:
            return {node.node: node for node in nodes.nodes(reply.body, self._client.remote)}

        trouble = _troubled("nodes")
        async for found in answers(self._client, call, read, spacing=0.2, trouble=trouble):
            changed = found.keys() != self.nodes.keys() or any(
                node.meta != self.nodes[name].meta for name, node in found.items()
            )
            first, self.nodes, self.known = not self.known, found, True
            if changed or first:
                _LOG.info("Fetched nodes from catalog: count=%d", len(found))
                self.listed.set()
            self._apply()

    async def _follow_list(self) -> None:
        call = lists.watch_call(self._place.path, self._place.ident)
        told = _troubled("list")

        def trouble(error: errors.ConsulError) -> None:
            told(error)
            self._doubt.arises()

        async for found in answers(self._client, call, self._own, spacing=0.05, trouble=trouble):
            self._listed(found)

    def _own(self, reply: Reply) -> tuple[set[str], set[str]]:
        place, remote = self._place, self._client.remote
        return lists.own(reply.status, reply.body, place.path, place.ident, remote)

    def _listed(self, found: tuple[set[str], set[str]]) -> None:
        """Take our list: nodes to check, and nodes to ping, too."""
        if found != (self._checked, self._probed):
            self._checked, self._probed = found
            self.mine = self._checked | self._probed
            _LOG.info("Updating external node list: items=%d", len(self.mine))
            self._apply()

    async def _settle(self) -> None:
        """Read our list anew at each doubt, until Consul answers."""
        call = lists.watch_call(self._place.path, self._place.ident)
        call = replace(call, params=[*call.params, ("consistent", "")])
        backoff, failures = pace.Backoff(most=3.0), 0
        while True:
            await self._doubt.arisen.wait()
            count = self._doubt.count
            try:
                reply = await self._client.send(call)
                gate.whole(reply.headers, remote=self._client.remote, rights=call.rights)
                self._listed(self._own(reply))
            except errors.ConsulError:  # whoever had the trouble has told of it
                failures += 1
                chance = random.random()  # noqa: S311 - only to spread calls
                await asyncio.sleep(backoff.pause(failures, chance))
                continue
            failures = 0
            self._doubt.settles(count)

    async def _follow_checks(self) -> None:
        """Read all checks again and again, as often as that costs little."""
        place = self._place
        call = checks.watch_call(place.meta, namespaces=self.namespaces, stale=place.stale)
        loop = asyncio.get_running_loop()
        spacing = _PAUSES[0]

        def read(reply: Reply) -> tuple[float, int, list[Row]]:
            begun, index = loop.time(), blocking.index(reply.headers)
            return begun, index, checks.rows(reply.body, self._client.remote)

        while True:
            async for begun, index, rows in answers(
                self._client, call, read, spacing=spacing, trouble=_troubled("checks")
            ):
                self._indexed(index)
                self._rows = rows
                self._apply()
                self.seconds = loop.time() - begun
                # to make the answer costs Consul about five times what it costs us to read it
                pause = min(max(6 * self.seconds / _BUSIEST, _PAUSES[0]), _PAUSES[1])
                if self.seconds > 0.01:  # noqa: PLR2004 - only where it is worth a wait
                    await asyncio.sleep(pause)

    def _indexed(self, index: int) -> None:
        """Trust no index of before, where Consul began anew: from a snapshot, or another server."""
        if index < self._index:
            self._ledger.forget_indexes()
        self._index = index

    def _apply(self) -> None:
        """Work out what is ours, once everything has been answered."""
        if self._rows is None or self._checked is None or not self.known:
            return
        mine = [row for row in self._rows if row.node in self.mine]
        added, changed, removed = self._ledger.learn(mine)
        if added or changed or removed:
            text = "Updated checks: count=%d found=%d added=%d updated=%d removed=%d"
            _LOG.info(text, len(self._ledger.entries), len(mine), added, changed, removed)
        self.services = len({(row.node, row.service_id) for row in mine if row.service_id})
        health = {row.node: row for row in mine if row.check_id == NODE_CHECK}
        self._pinged(
            {
                name: (self.nodes[name], health.get(name))
                for name in self._probed
                if name in self.nodes
            }
        )
        counted = len(mine), len(self.mine)
        if counted != self._counted:
            self._counted = counted
            _LOG.info("Health check counts changed: healthChecks=%d nodes=%d", *counted)


def _troubled(what: str) -> Callable[[errors.ConsulError], None]:
    def told(error: errors.ConsulError) -> None:
        _LOG.warning("could not read %s, trying again: %s", what, error)

    return told
