"""Reads and writes nodes that no agent looks after, each node by one transaction."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from lictor import errors
from lictor.consul import gate, records
from lictor.consul.client import Call
from lictor.model import Entry

if TYPE_CHECKING:
    from lictor.consul.client import Client
    from lictor.model import Operation

_RIGHTS = "node:{0} on the node, and service:{0} on its services"


def read(client: Client, node: str, datacenter: str = "") -> Entry | None:
    """Read a node with all that stands on it, as the leader has it; None where there is none.

    Node and checks are two reads: what comes between them shows in an index.

    Raises:
        errors.ConsulError: There is no answer that can be trusted.
    """
    params = [*_scope(client, datacenter), ("consistent", "")]
    rights = _RIGHTS.format("read")
    bodies = []
    for path in (f"/v1/health/node/{_quoted(node)}", f"/v1/catalog/node/{_quoted(node)}"):
        reply = client.send(Call(path, params, rights=rights))
        gate.check(
            reply.headers, remote=client.remote, known=client.known, consistent=True, rights=rights
        )
        bodies.append(reply.body)
    found = records.listed(bodies[1], remote=client.remote)
    if found is None:
        return None
    checks = [check.value() for check in records.checks(bodies[0], remote=client.remote)]
    services = {ident: service.value() for ident, service in (found.services or {}).items()}
    return Entry(found.node.value(), services, {check.id: check for check in checks})


def write(
    client: Client, entry: Entry, operations: tuple[Operation, ...], datacenter: str = ""
) -> tuple[int, ...]:
    """Carry out operations on a node, all of them or none.

    Args:
        client: Which Consul to ask.
        entry: The node, with the services of its checks.
        operations: What to do.
        datacenter: Where; empty for the connection's, or the agent's own.

    Returns:
        The indexes of what was set, in order.

    Raises:
        errors.CatalogConflict: Something is not as it was when it was read; nothing was done.
        errors.ConsulError: The token may not, or there is no answer.
    """
    names = {ident: service.name for ident, service in entry.services.items()}
    body = records.transaction(entry.node.name, operations, names)
    call = Call(
        "/v1/txn",
        _scope(client, datacenter),
        "PUT",
        body,
        allowed=(HTTPStatus.OK, HTTPStatus.CONFLICT),
        rights=_RIGHTS.format("write"),
    )
    reply = client.send(call)
    if reply.status == HTTPStatus.CONFLICT:
        why = records.refusals(reply.body, remote=client.remote)
        text = errors.remote_text("; ".join(why))
        if any("ermission denied" in one for one in why):
            raise errors.ConsulDenied(
                f"{client.remote} denies it ({text}); give the token {_RIGHTS.format('write')}"
            )
        if all("index is stale" in one for one in why):
            raise errors.CatalogConflict(f"{client.remote}: {text}")
        raise errors.ConsulError(f"{client.remote} does not take the node: {text}")
    return records.indexes(reply.body, remote=client.remote)


def _quoted(node: str) -> str:
    return quote(node, safe="")


def _scope(client: Client, datacenter: str) -> list[tuple[str, str]]:
    """Say which part of Consul is asked."""
    connection = client.connection
    pairs = [
        ("dc", datacenter or connection.datacenter),
        ("ns", connection.namespace),
        ("partition", connection.partition),
    ]
    return [(name, value) for name, value in pairs if value]
