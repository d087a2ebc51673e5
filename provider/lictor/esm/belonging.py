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


class Belonging(Protocol):
    """A registration.

    Attributes:
        registered: Whether Consul knows us, and that we are alive.
        bound: What a session of ours ends with.
    """

    registered: bool
    bound: Mapping[str, object]

    async def stay(self) -> None:
        """Register, and say again and again that we are alive."""

    async def end(self) -> None:
        """Take the registration back; raises errors.ConsulError."""


class WithAgent:
    """Registered with an agent."""

    def __init__(self, client: Client, instance: Instance) -> None:
        self.registered = False
        self.bound: Mapping[str, object] = {
            "ServiceChecks": [{"ID": instance.check}],
            "NodeChecks": ["serfHealth"],
        }
        self._client = client
        self._instance = instance

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
    """

    def __init__(
        self, client: Client, instance: Instance, path: str, meta: Mapping[str, str]
    ) -> None:
        self.registered = False
        self.bound = agentless.bound(instance)
        self._client = client
        self._instance = instance
        self._path = path
        self._meta = meta
        self._session = ""

    async def stay(self) -> None:
        """Register, and renew the session; begin anew where it has ended."""
        while True:
            pause = agentless.TTL / 3
            try:
                if not self._session or not await lock.renewed(self._client, self._session):
                    self.registered = False
                    await agentless.register(self._client, self._instance, self._meta)
                    self._session = await agentless.live(self._client, self._instance, self._path)
                self.registered = True
            except errors.ConsulError as error:
                _LOG.warning("could not tell Consul that we are alive: %s", error)
                self.registered, pause = False, _AGAIN
            await asyncio.sleep(pause)

    async def end(self) -> None:
        """Take the service back; the node stays."""
        await agentless.deregister(self._client, self._instance, self._session)
