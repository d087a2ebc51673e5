"""Reads a service's instances, in every datacenter asked for, or fails as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from lictor import errors
from lictor.consul import gate, wire
from lictor.model import Answer

if TYPE_CHECKING:
    from lictor.consul.client import Client
    from lictor.model import ConsulService, Instance


def read(client: Client, source: ConsulService, *, consistent: bool = False) -> Answer:
    """Read every instance of a source's service, healthy or not.

    All states are read, and filtered later, so that "not in the catalog", "none passing" and
    "none with these tags" can be told apart.

    Args:
        client: Which Consul to ask.
        source: The service and its datacenters.
        consistent: Have the leader confirm that it is the leader before it answers.

    Raises:
        errors.ConsulError: Some datacenter gave no answer that can be trusted; nothing of the
            other datacenters' answers counts then.
    """
    found: list[Instance] = []
    for datacenter in source.datacenters or (client.connection.datacenter,):
        try:
            found.extend(_read_datacenter(client, source.name, datacenter, consistent=consistent))
        except errors.ConsulError as error:
            where = f" in {datacenter}" if datacenter else ""
            raise type(error)(f"service {source.name}{where}: {error}") from error
    return Answer(source, tuple(found))


def _read_datacenter(
    client: Client, service: str, datacenter: str, *, consistent: bool
) -> tuple[Instance, ...]:
    """Ask one datacenter; an empty name is the agent's own."""
    connection = client.connection
    params = [
        ("dc", datacenter),
        ("ns", connection.namespace),
        ("partition", connection.partition),
    ]
    params = [(key, value) for key, value in params if value]
    if consistent:
        params.append(("consistent", ""))
    reply = client.get(f"/v1/health/service/{quote(service, safe='')}", params)
    gate.check(reply.headers, remote=client.remote, with_token=bool(connection.token))
    return wire.instances(reply.body, remote=client.remote)
