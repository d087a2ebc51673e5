"""Reads a service's instances, in every datacenter asked for, or fails as a whole."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from lictor import errors
from lictor.consul import gate, queries, wire
from lictor.model import Answer, ConsulService

if TYPE_CHECKING:
    from lictor.consul.client import Client
    from lictor.model import Source

_ACTIVE = "ACTIVE"


def read(client: Client, source: Source, *, consistent: bool = False) -> Answer:
    """Read every instance of a source, healthy or not.

    All states are read, and filtered later, so that "not in the catalog", "none passing" and
    "none with these tags" can be told apart. The server filters only by ``filter``, which is its
    own language; where nothing passes it, what is registered is counted without it.

    Args:
        client: Which Consul to ask.
        source: What to ask it for.
        consistent: Have the leader confirm that it is the leader before it answers.

    Raises:
        errors.ConsulError: Some datacenter gave no answer that can be trusted; nothing of the
            other datacenters' answers counts then.
    """
    if not isinstance(source, ConsulService):
        return queries.read(client, source, consistent=consistent)
    found: list[wire.Entry] = []
    registered: int | None = None
    for datacenter in source.datacenters or (client.connection.datacenter,):
        try:
            entries = _read_datacenter(client, source, datacenter, consistent=consistent)
            if source.filter and not entries:
                unfiltered = replace(source, filter="")
                others = _read_datacenter(client, unfiltered, datacenter, consistent=consistent)
                registered = (registered or 0) + len(others)
        except errors.ConsulError as error:
            where = f" in {datacenter}" if datacenter else ""
            raise type(error)(f"service {source.name}{where}: {error}") from error
        found.extend(entries)
    instances = tuple(entry.instance() for entry in found)
    return Answer(source, instances, None if found else registered)


def _read_datacenter(
    client: Client, source: ConsulService, datacenter: str, *, consistent: bool
) -> tuple[wire.Entry, ...]:
    """Ask one datacenter; an empty name is the agent's own."""
    path, params = asked(client, source, datacenter)
    if consistent:
        params.append(("consistent", ""))
    reply = client.get(path, params)
    gate.check(reply.headers, remote=client.remote, known=client.known, consistent=consistent)
    entries = wire.entries(reply.body, remote=client.remote)
    _check_scope(client, source, entries)
    if source.peer:
        _check_peer(client, source, datacenter)
    return entries


def asked(
    client: Client, source: ConsulService, datacenter: str
) -> tuple[str, list[tuple[str, str]]]:
    """Say where a datacenter's instances are found: a path and its parameters.

    Raises:
        errors.ConsulError: A name that no path can carry.
    """
    if source.name in (".", ".."):
        raise errors.ConsulError("Consul's HTTP API cannot be asked for a service of that name")
    params = [
        *_scope(client, source, datacenter),
        ("peer", source.peer),
        ("filter", source.filter),
    ]
    path = f"/v1/health/service/{quote(source.name, safe='')}"
    return path, [(key, value) for key, value in params if value]


def _scope(client: Client, source: ConsulService, datacenter: str) -> list[tuple[str, str]]:
    """Say which part of Consul is asked."""
    return [
        ("dc", datacenter),
        ("ns", source.namespace or client.connection.namespace),
        ("partition", source.partition or client.connection.partition),
    ]


def _check_peer(client: Client, source: ConsulService, datacenter: str) -> None:
    """Refuse a peer that is not there: of such a one Consul says that it has no instances.

    The same while a peering breaks off, when what was imported goes away bit by bit.

    Raises:
        errors.ConsulError: The peering is not active, or the token may not know.
    """
    params = [(key, value) for key, value in _scope(client, source, datacenter) if value]
    params = [(key, value) for key, value in params if key != "ns"]
    path = f"/v1/peering/{quote(source.peer, safe='')}"
    try:
        reply = client.get(path, params, allowed=(HTTPStatus.OK, HTTPStatus.NOT_FOUND))
    except errors.ConsulUnreachable as error:  # Consul refuses after 7 to 15 s only [1.22]
        raise errors.ConsulUnreachable(
            f"{error}; to tell how a peering stands it may be waiting for a token with peering:read"
        ) from error
    if reply.status == HTTPStatus.NOT_FOUND:
        raise errors.ConsulError(
            f"{client.remote} has no cluster peer {source.peer};"
            " check peer, `consul peering list` names those there are"
        )
    state = wire.peering_state(reply.body, remote=client.remote)
    if state != _ACTIVE:
        raise errors.ConsulNotReady(
            f"{client.remote} says that the peering with {source.peer} is {state}, not {_ACTIVE};"
            f" see `consul peering read -name {source.peer}`"
        )


def _check_scope(client: Client, source: ConsulService, entries: tuple[wire.Entry, ...]) -> None:
    """Refuse instances of elsewhere: a Consul that does not know a parameter passes over it."""
    wanted = {key: value for key, value in _scope(client, source, "") if value}
    for service in (entry.service for entry in entries):
        given = {"ns": service.namespace, "partition": service.partition}
        strange = [key for key in given.keys() & wanted.keys() if given[key] != wanted[key]]
        if service.peer_name != source.peer:
            strange.append("peer")
        if strange:
            raise errors.ConsulError(
                f"{client.remote} does not heed {' and '.join(sorted(strange))} and answers with"
                " instances of elsewhere; leave the setting out, or ask a Consul that knows it"
            )
