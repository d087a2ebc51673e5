"""Executes a prepared query, and refuses what its answer may hide."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from lictor import errors
from lictor.consul import gate, wire
from lictor.model import Answer, ConsulService, Status

if TYPE_CHECKING:
    from collections.abc import Collection

    from lictor.consul.client import Client
    from lictor.model import PreparedQuery


def read(client: Client, query: PreparedQuery, *, consistent: bool = False) -> Answer:
    """Execute a query; the order of its results is random and means nothing.

    The definition has had its say already: critical instances are left out unless it ignores the
    check that makes them so, warning ones unless ``OnlyPassing``. What comes is taken as its
    checks say, without those that the definition ignores.

    Raises:
        errors.ConsulError: The query is unknown, the answer is not sure, or it comes from
            another datacenter and ``allow_failover`` is not set.
    """
    return execute(client, query, consistent=consistent)[0]


def execute(
    client: Client, query: PreparedQuery, *, consistent: bool = False
) -> tuple[Answer, ConsulService]:
    """Execute a query as `read` does, and name the service that it found its answer in.

    Its template, its definition and a failover decide which one that is, and may decide anew.
    """
    try:
        return _execute(client, query, consistent=consistent)
    except errors.ConsulError as error:
        raise type(error)(f"{query}: {error}") from error


def _execute(
    client: Client, query: PreparedQuery, *, consistent: bool
) -> tuple[Answer, ConsulService]:
    datacenter = query.datacenter or client.connection.datacenter
    params = [("dc", datacenter)] if datacenter else []
    if consistent:
        params.append(("consistent", ""))
    if query.name_or_id in (".", ".."):
        raise errors.ConsulError("Consul's HTTP API cannot be asked for a query of that name")
    path = f"/v1/query/{quote(query.name_or_id, safe='')}"
    reply = client.get(f"{path}/execute", params, allowed=(HTTPStatus.OK, HTTPStatus.NOT_FOUND))
    if reply.status == HTTPStatus.NOT_FOUND:
        raise errors.ConsulError(
            f"{client.remote} knows no such query; check its name and datacenter"
        )
    gate.check(reply.headers, remote=client.remote, known=client.known, consistent=consistent)
    answer = wire.executed(reply.body, remote=client.remote)
    _check_failover(client, query, answer)
    entries = answer.nodes or ()
    ignored: Collection[str] = ()
    if any(entry.instance().status is not Status.PASSING for entry in entries):
        ignored = _ignored(client, path, params, entries)
    found = Answer(
        query,
        tuple(entry.instance(ignored) for entry in entries),
        datacenter=answer.datacenter or (f"peer {answer.peer_name}" if answer.peer_name else ""),
        failovers=answer.failovers,
    )
    where = answer.datacenter if entries and answer.datacenter else datacenter
    peer = answer.peer_name if entries else ""
    return found, ConsulService(answer.service, datacenters=(where,) if where else (), peer=peer)


def _check_failover(client: Client, query: PreparedQuery, answer: wire.Executed) -> None:
    """Refuse an answer of elsewhere: targets there may not be reachable from the group."""
    if not answer.failovers or query.allow_failover:
        return
    if answer.nodes:
        where = (
            f"peer {answer.peer_name}" if answer.peer_name else f"datacenter {answer.datacenter}"
        )
        raise errors.ConsulNotReady(
            f"{client.remote} found nothing here and failed over to {where};"
            " allow_failover=True accepts such answers"
        )


def _ignored(
    client: Client, path: str, params: list[tuple[str, str]], entries: tuple[wire.Entry, ...]
) -> frozenset[str]:
    """Find out which checks the definition ignores.

    Where the token may not read definitions: a critical instance came through only because its
    critical checks are ignored, so these are; a warning counts.
    """
    try:
        reply = client.get(f"{path}/explain", params)
    except errors.ConsulDenied:
        checks = [check for entry in entries for check in entry.checks or ()]
        critical = (check for check in checks if wire.worst([check.status]) is Status.CRITICAL)
        return frozenset(check.check_id for check in critical)
    service = wire.explained(reply.body, remote=client.remote).query.service
    return frozenset(service.ignore_check_ids or ())
