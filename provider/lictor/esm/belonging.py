"""Our own registration in Consul, kept alive: by a TTL check of an agent, or by a session."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from lictor import errors
from lictor.consul.aio import agentless, lock, presence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.presence import Instance

_LOG = logging.getLogger("lictor.esm")
_AGAIN = 1.0
_LOOK = 30.0


class Belonging(Protocol):
    """A registration.

    Attributes:
        registered: Whether Consul knows us, and that we are alive.
        bound: What a session of ours ends with.
        patience: Seconds after which an instance that was killed counts as dead.
    """

    registered: bool
    bound: Mapping[str, object]
    patience: float

    async def taken(self) -> bool:
        """Tell whether another instance of our id is alive; raises errors.ConsulError."""

    async def stay(self) -> None:
        """Register, and say again and again that we are alive."""

    async def end(self) -> None:
        """Take the registration back; raises errors.ConsulError."""


class WithAgent:
    """Registered with an agent."""

    patience = presence.TTL + 2.0

    def __init__(self, client: Client, instance: Instance) -> None:
        self.registered = False
        self.bound: Mapping[str, object] = {
            "ServiceChecks": [{"ID": instance.check}],
            "NodeChecks": ["serfHealth"],
        }
        self._client = client
        self._instance = instance

    async def taken(self) -> bool:
        """Ask the agent."""
        return await presence.standing(self._client, self._instance) == "passing"

    async def stay(self) -> None:
        """Register; then register again wherever that was forgotten."""
        known = False
        while True:
            pause = presence.REFRESH
            try:
                if not known or not await presence.alive(self._client, self._instance):
                    if known:
                        _LOG.warning("Service registration was lost, reregistering")
                    await presence.register(self._client, self._instance)
                self.registered = known = True
            except errors.ConsulError as error:
                _LOG.warning("could not tell Consul that we are alive: %s", error)
                self.registered, pause = False, _AGAIN
            await asyncio.sleep(pause)

    async def end(self) -> None:
        """Take the service back."""
        await presence.deregister(self._client, self._instance)


class WithoutAgent:
    """Registered in the catalog, with a session for a pulse.

    Args:
        client: Whom to ask.
        instance: Who we are.
        path: Of the keys.
        meta: Of external nodes; ``initial-health`` says how the check begins.
        look: Seconds between two looks whether the catalog still has what only we put there.
    """

    patience = 2 * agentless.TTL + lock.DELAY + 2.0

    def __init__(
        self,
        client: Client,
        instance: Instance,
        path: str,
        meta: Mapping[str, str],
        look: float = _LOOK,
    ) -> None:
        self.registered = False
        self.bound = agentless.bound(instance)
        self._client = client
        self._instance = instance
        self._path = path
        self._look_after = look
        self._ident = instance.ident
        self._health = "passing" if meta.get("initial-health") == "passing" else "critical"
        self._session = ""

    async def taken(self) -> bool:
        """Ask who holds the key of our id."""
        holder = await agentless.holder(self._client, self._instance, self._path)
        return holder not in ("", self._session)

    async def stay(self) -> None:
        """Register, and renew the session; begin anew where it has ended."""
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while True:
            pause = agentless.TTL / 3
            try:
                if not self._session or not await lock.renewed(self._client, self._session):
                    await self._begin()
                    looked = loop.time()
                elif loop.time() - looked >= self._look_after:
                    await self._look()
                    looked = loop.time()
                self.registered = True
            except errors.ConsulError as error:
                _LOG.warning("could not tell Consul that we are alive: %s", error)
                self.registered, pause = False, _AGAIN
            await asyncio.sleep(pause)

    async def _begin(self) -> None:
        """Register, unless somebody else is what we want to be, and begin a session."""
        self.registered, self._session = False, ""
        if await self.taken():
            raise errors.ConsulNotReady(
                f"another instance with service id '{self._ident}' is alive"
            )
        await agentless.register(self._client, self._instance, self._health)
        self._session = await agentless.live(self._client, self._instance, self._path)

    async def _look(self) -> None:
        """See whether the catalog still has us."""
        if not await agentless.known(self._client, self._instance):
            _LOG.warning("Service registration was lost, reregistering")
            await agentless.register(self._client, self._instance, "passing")

    async def end(self) -> None:
        """Take the service back, if it is ours; the node stays."""
        if self._session:
            await agentless.deregister(self._client, self._instance, self._session)
