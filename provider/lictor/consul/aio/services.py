"""Services of one node, as the catalog has them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from lictor.consul.aio import wire
from lictor.consul.client import Call

if TYPE_CHECKING:
    from lictor.consul.aio.client import Client

RIGHTS = 'node_prefix "" read and service_prefix "" read'


async def on(client: Client, node: str) -> set[str] | None:
    """Tell the ids of the services on a node; None where there is no such node.

    Raises:
        errors.ConsulError: It cannot be told.
    """
    path = f"/v1/catalog/node/{quote(node, safe='')}"
    reply = await client.send(Call(path, [("consistent", "")], rights=RIGHTS))
    tenant = wire.decoded(wire.TENANT, reply.body, client.remote)
    return None if tenant is None else set(tenant.services or ())
