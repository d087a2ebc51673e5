"""External nodes: who there is, and what the monitor writes of them beside checks."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lictor import errors
from lictor.consul.aio import wire
from lictor.consul.client import Call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.wire import Agent, Node, Pair, Placed, Point

RIGHTS = 'node_prefix "" write'
_OK = (HTTPStatus.OK, HTTPStatus.CONFLICT)
_FOUND = (HTTPStatus.OK, HTTPStatus.NOT_FOUND)

DENIED = "ermission denied"
STALE = "index is stale"
_CHANGED = (STALE, "session check", "check session", "Missing node", "Missing service")
"""What Consul says of operations whose world has changed (seen with 1.22)."""


def watch_call(meta: Mapping[str, str], *, stale: bool) -> Call:
    """Make the question for all external nodes."""
    params = [("node-meta", f"{key}:{value}") for key, value in meta.items()]
    params += [("stale", "")] if stale else []
    return Call("/v1/catalog/nodes", params, rights=RIGHTS)


def nodes(body: bytes, remote: str) -> list[Node]:
    """Decode the answer to `watch_call`."""
    return wire.decoded(wire.NODES, body, remote)


async def transact(client: Client, operations: Sequence[Mapping[str, Any]]) -> bool:
    """Commit operations; False where something is not as they say.

    Raises:
        errors.ConsulDenied: The token may not do one of them.
        errors.ConsulError: It cannot be told, or Consul refuses for another reason.
    """
    body = wire.encoded(operations)
    reply = await client.send(Call("/v1/txn", (), "PUT", body, allowed=_OK, rights=RIGHTS))
    if reply.status == HTTPStatus.OK:
        return True
    said = [error.what for error in wire.decoded(wire.TXN, reply.body, client.remote).errors or ()]
    denied = next((what for what in said if DENIED in what), "")
    if denied:
        raise errors.ConsulDenied(
            f"{client.remote} refuses the token ({errors.remote_text(denied)});"
            " set token to one that may write it"
        )
    other = next((what for what in said if not any(text in what for text in _CHANGED)), "")
    if other or not said:
        why = errors.remote_text(other) or "it does not say why"
        raise errors.ConsulNotReady(f"{client.remote} refuses a transaction: {why}")
    return False


async def keys(client: Client, prefix: str) -> list[Pair]:
    """Read all keys below a prefix."""
    call = Call(
        f"/v1/kv/{quote(prefix)}",
        [("recurse", ""), ("consistent", "")],
        allowed=_FOUND,
        rights=f'key_prefix "{prefix}" write',
    )
    reply = await client.send(call)
    if reply.status == HTTPStatus.NOT_FOUND:
        return []
    return wire.decoded(wire.PAIRS, reply.body, client.remote)


async def agent(client: Client) -> Agent:
    """Ask the agent who it is, and where."""
    reply = await client.send(Call("/v1/agent/self", rights='agent_prefix "" read'))
    return wire.decoded(wire.AGENT, reply.body, client.remote)


async def server_versions(client: Client) -> dict[str, str]:
    """Tell which version each of Consul's servers is; empty where it does not say."""
    call = Call("/v1/catalog/service/consul", rights='service "consul" read')
    reply = await client.send(call)
    members = wire.decoded(wire.MEMBERS, reply.body, client.remote)
    return {member.node: (member.service_meta or {}).get("version", "") for member in members}


async def leader(client: Client) -> str:
    """Tell who leads Consul; empty for nobody."""
    reply = await client.send(Call("/v1/status/leader"))
    return wire.decoded(wire.LEADER, reply.body, client.remote)


async def coordinates(client: Client, node: str) -> list[Placed]:
    """Read where a node is; nothing where that is not known."""
    call = Call(f"/v1/coordinate/node/{quote(node, safe='')}", allowed=_FOUND, rights=RIGHTS)
    reply = await client.send(call)
    if reply.status == HTTPStatus.NOT_FOUND:
        return []
    return wire.decoded(wire.PLACED, reply.body, client.remote)


async def place(client: Client, node: str, segment: str, point: Point) -> None:
    """Write where a node is."""
    coord = {
        "Vec": list(point.vec),
        "Error": point.error,
        "Adjustment": point.adjustment,
        "Height": point.height,
    }
    body = wire.encoded({"Node": node, "Segment": segment, "Coord": coord})
    await client.send(Call("/v1/coordinate/update", (), "PUT", body, rights=RIGHTS))
