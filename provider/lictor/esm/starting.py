"""Before anything else: is there a Consul, can we work with it, are we the only one of our id?"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul.aio import nodes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.wire import Agent

_LOG = logging.getLogger("lictor.esm")

OLDEST = (1, 4, 1)
RETRY = 2.0
"""Seconds between two looks for a Consul that is not there yet."""


async def ready(client: Client) -> Agent:
    """Wait for a Consul with a leader, and check that its versions are known to work.

    Raises:
        errors.LictorError: One of them is too old, or the token may not ask.
    """
    while True:
        try:
            if await nodes.leader(client):
                agent = await nodes.agent(client)
                versions = await nodes.server_versions(client)
                break
            why = f"{client.remote} has no leader"
        except errors.ConsulDenied:
            raise
        except errors.ConsulError as error:
            why = str(error)
        _LOG.warning("waiting for Consul: %s", why)
        await asyncio.sleep(RETRY)
    _check(agent.config.version, f"the agent {agent.config.node_name}")
    for node, version in versions.items():
        if version:
            _check(version, f"the server {node}")
        else:
            _LOG.warning("the server %s does not tell its version", node)
    return agent


def _check(version: str, who: str) -> None:
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if numbers is None or tuple(map(int, numbers.groups())) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise errors.LictorError(
            f"Consul ESM version {version or 'unknown'} of {who} is incompatible with this monitor;"
            f" it wants Consul {wanted} or newer"
        )


async def alone(ident: str, lives: Callable[[], Awaitable[bool]], patience: float) -> None:
    """Refuse to be a second instance with our id; one that is dead is taken over.

    One that was killed counts as alive until its time is over, which is waited for; so is a Consul
    that does not say.

    Args:
        ident: Our id.
        lives: Asks Consul whether an instance of it is alive.
        patience: Seconds after which one that was killed counts as dead, at the latest.

    Raises:
        errors.LictorError: There is one, and it lives; or the token may not ask.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + patience
    told = False
    while True:
        try:
            if not await lives():
                return
        except errors.ConsulDenied:
            raise
        except errors.ConsulError as error:
            _LOG.warning("waiting for Consul: %s", error)
            await asyncio.sleep(RETRY)
            end = loop.time() + patience
            continue
        if loop.time() > end:
            raise errors.LictorError(
                f"ESM instance with service id '{ident}' is already registered with"
                " Consul; set another instance_id"
            )
        if not told:
            told = True
            _LOG.warning(
                "an instance with service id '%s' is registered; waiting whether it is alive", ident
            )
        await asyncio.sleep(0.5)
