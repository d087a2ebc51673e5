"""What is asked of Consul, each thing once, and what of an answer counts as one."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from lictor.consul import queries, services
from lictor.model import ConsulService, PreparedQuery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lictor.consul.client import Client
    from lictor.model import Answer, ConsulConnection, Source

_NOTHING = 'Node.Node == ""'
_PLACE = attrgetter("datacenter", "node", "service_id")


def of(sources: Iterable[Source], connection: ConsulConnection) -> tuple[Source, ...]:
    """List the distinct reads that sources come down to, each a source of its own.

    A service is one read for each datacenter. Tags, health and whatever else is looked at only
    after the answer came make no other question. Prepared queries come first: they are polled,
    so theirs are the seats if not all can have one.
    """
    found: dict[Source, None] = {}
    for source in sources:
        if isinstance(source, PreparedQuery):
            datacenter = source.datacenter or connection.datacenter
            found[replace(source, datacenter=datacenter)] = None
            continue
        for datacenter in source.datacenters or (connection.datacenter,):
            read = ConsulService(
                source.name,
                datacenters=(datacenter,) if datacenter else (),
                filter=source.filter,
                namespace=source.namespace or connection.namespace,
                partition=source.partition or connection.partition,
                peer=source.peer,
            )
            found[read] = None
    return tuple(sorted(found, key=lambda question: isinstance(question, ConsulService)))


def named(question: Source) -> str:
    """Name a question as messages begin."""
    return f"service {question}" if isinstance(question, ConsulService) else str(question)


def ask(client: Client, question: Source) -> tuple[Answer, ConsulService]:
    """Put a question, and name the service whose changes may change its answer.

    Raises:
        errors.ConsulError: There is no answer that can be trusted.
    """
    if isinstance(question, PreparedQuery):
        return queries.execute(client, question)
    return services.read(client, question), question


def bell(client: Client, service: ConsulService) -> tuple[str, list[tuple[str, str]]]:
    """Say what to block on to hear of any change of a service: a path and its parameters.

    The filter lets nothing through, and an index moves all the same: what rings is only a bell,
    so it comes without a body, however many instances there are. Consul's streaming backend,
    which answers blocking queries, never says whether there is a leader, so that its answers
    could not pass the gate anyway.

    Raises:
        errors.ConsulError: A name that no path can carry.
    """
    datacenter = "".join(service.datacenters)
    return services.asked(client, replace(service, filter=_NOTHING), datacenter)


def whole(answer: Answer) -> object:
    """Tell what of an answer counts: all that lictor takes from it, in an order of its own.

    Outputs and notes of checks are no part of an answer, and neither is the order, which a
    prepared query shuffles.
    """
    return (
        answer.registered,
        answer.datacenter,
        answer.failovers,
        sorted(answer.instances, key=_PLACE),
    )
