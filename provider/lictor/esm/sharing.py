"""What the leader does: it shares the nodes among the instances that are alive.

A list that is right already is not written, and a node moves only where balance demands it, so a
monitor that comes or goes concerns nobody else's checks.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul.aio import lists, nodes, presence
from lictor.consul.aio.following import answers
from lictor.consul.aio.lock import Lock
from lictor.esm import assign
from lictor.esm.discovery import PROBED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.consul.aio.client import Client
    from lictor.consul.client import Reply
    from lictor.esm.discovery import Discovery
    from lictor.esm.place import Place

_LOG = logging.getLogger("lictor.esm")
_PAUSE = 2.0
_GATHER = 0.05


class Sharing:
    """Leads, or waits to lead, for ever.

    Args:
        client: Whom to ask.
        place: Which monitors share what.
        discovery: Has the nodes.
        bound: What the lock's session ends with.
    """

    def __init__(
        self, client: Client, place: Place, discovery: Discovery, bound: Mapping[str, object]
    ) -> None:
        self.leads = False
        self.healthy: list[str] = []
        self._client = client
        self._place = place
        self._discovery = discovery
        self._lock = Lock(client, place.lock, bound, _troubled)
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Try to lead, lead, and try again."""
        while True:
            _LOG.info("Trying to obtain leadership...")
            await self._lock.acquire()
            _LOG.info("Obtained leadership")
            self.leads = True
            work = asyncio.create_task(self._lead(), name="lead")
            watch = asyncio.create_task(self._lock.lost(), name="lock")
            try:
                await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
                why = watch.result() if watch.done() else "Consul says that the lock is not ours"
            finally:
                self.leads = False
                work.cancel()
                watch.cancel()
                await asyncio.gather(work, watch, return_exceptions=True)
            if work.done() and not work.cancelled() and (error := work.exception()):
                raise error
            _LOG.warning("Lost leadership: %s", why)
            if work.done() and not work.cancelled():
                await asyncio.sleep(_PAUSE)  # the lock may seem ours, and be had at once

    async def release(self) -> None:
        """Let others lead."""
        await self._lock.release()

    async def _lead(self) -> None:
        """Lead until it turns out that we do not."""
        async with asyncio.TaskGroup() as group:
            followers = (
                group.create_task(self._follow_instances(), name="instances"),
                group.create_task(self._follow_nodes(), name="shared-nodes"),
            )
            await self._share()
            for task in followers:
                task.cancel()

    async def _follow_instances(self) -> None:
        call = presence.instances_call(self._place.service, self._place.tag)

        def read(reply: Reply) -> list[str]:
            return presence.instances(reply.body, self._client.remote)

        async for found in answers(self._client, call, read, trouble=_troubled):
            if found != self.healthy:
                self.healthy = found
                self._changed.set()

    async def _follow_nodes(self) -> None:
        while True:
            await self._discovery.listed.wait()
            self._discovery.listed.clear()
            self._changed.set()

    async def _share(self) -> None:
        """Write lists whenever nodes or instances have changed."""
        self._changed.set()
        while True:
            await self._changed.wait()
            await asyncio.sleep(_GATHER)
            self._changed.clear()
            try:
                if self.healthy and self._discovery.known and not await self._written():
                    return
            except errors.ConsulError as error:
                _LOG.error("could not write the lists of nodes, trying again: %s", error)
                await asyncio.sleep(_PAUSE)
                self._changed.set()

    async def _written(self) -> bool:
        """Bring the lists to what they shall be; False where we do not lead any more."""
        place, known = self._place, self._discovery.nodes
        pairs = await nodes.keys(self._client, f"{place.path}agents/")
        present = {
            ident: {*(found.nodes or ()), *(found.probes or ())}
            for ident, found in lists.read(pairs, place.path).items()
        }
        shares = assign.share(known.keys(), self.healthy, present)
        wanted: dict[str, bytes] = {}
        for ident, names in shares.items():
            pinged = [name for name in names if (known[name].meta or {}).get(PROBED) == "true"]
            checked = sorted(set(names).difference(pinged))
            wanted.update(lists.values(place.path, ident, checked, pinged))
        values = {pair.key: pair.value or b"" for pair in pairs}
        if wanted == values:
            return True
        done = await lists.write(
            self._client, wanted, values, lock=place.lock, session=self._lock.session
        )
        if done:
            text = "Rebalanced external nodes across ESM instances: nodes=%d instances=%d"
            _LOG.info(text, len(known), len(shares))
        return done


def _troubled(error: errors.ConsulError) -> None:
    _LOG.warning("leadership: %s", error)
