"""Reads where a datacenter's nodes are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.consul import wire

if TYPE_CHECKING:
    from lictor.consul.client import Client


def addresses(client: Client, datacenter: str) -> tuple[str, ...]:
    """List the addresses of a datacenter's nodes.

    Not checked to be whole, unlike what :mod:`lictor.consul.services` reads: nodes that the token
    may not see are left out without a word, so nothing may be concluded from one that is missing.

    Args:
        client: Which Consul to ask.
        datacenter: Which datacenter's catalog; empty for the agent's own.

    Raises:
        errors.ConsulError: No answer, or none that can be read.
    """
    scope = [("dc", datacenter), ("partition", client.connection.partition)]
    reply = client.get("/v1/catalog/nodes", [(key, value) for key, value in scope if value])
    return wire.node_addresses(reply.body, remote=client.remote)
