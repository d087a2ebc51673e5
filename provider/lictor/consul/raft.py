"""Reads who leads a datacenter's servers, and who the others are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul import gate, leading, wire
from lictor.model import Raft, Server

if TYPE_CHECKING:
    from lictor.consul.client import Client
    from lictor.consul.wire import Listed


def read(client: Client, datacenter: str = "") -> Raft:
    """Read who leads.

    The catalog, which tells nodes and their meta, is read as its leader confirms it: a server
    that has lost its cluster believes for a moment that it leads still.

    Args:
        client: Which Consul to ask.
        datacenter: Whose leader; empty for the connection's, or the agent's own.

    Raises:
        errors.ConsulNotReady: Nobody leads.
        errors.ConsulError: There is no answer that can be trusted.
    """
    where = datacenter or client.connection.datacenter
    scope = [("dc", where)] if where else []
    try:
        leader = leading.leader(client, where)
        peers = wire.peers(client.get("/v1/status/peers", scope).body, remote=client.remote)
        reply = client.get("/v1/catalog/service/consul", [*scope, ("consistent", "")])
    except errors.ConsulError as error:
        raise type(error)(f"the leader{_of(where)}: {error}") from error
    if not leader:
        raise errors.ConsulNotReady(
            f"{client.remote} knows no leader{_of(where)}: nothing is changed until one is elected;"
            " see `consul operator raft list-peers`"
        )
    gate.check(reply.headers, remote=client.remote, known=client.known, consistent=True)
    listed = wire.listed(reply.body, remote=client.remote)
    found = {f"{_bracketed(one.place)}:{one.service_port}": one for one in listed}
    everyone = tuple(_server(text, found) for text in sorted({leader, *peers}))
    return Raft(_server(leader, found), everyone, leader)


def _of(datacenter: str) -> str:
    return f" of {datacenter}" if datacenter else ""


def _server(text: str, listed: dict[str, Listed]) -> Server:
    """Find a server by the address that raft has for it."""
    one = listed.get(text)
    address = text.rpartition(":")[0].removeprefix("[").removesuffix("]")
    if one is None:
        return Server(address)
    return Server(address, one.node, one.datacenter, one.node_meta or {})


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
