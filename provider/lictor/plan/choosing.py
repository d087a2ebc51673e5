"""Which instances a source wants, and why it may want none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor.model import ConsulService, Health, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.model import Answer, Instance

_ACCEPTED = {
    Health.PASSING: (Status.PASSING,),
    Health.WARNING: (Status.PASSING, Status.WARNING),
    Health.ANY: tuple(Status),
}


@dataclass(frozen=True, slots=True)
class _Sieve:
    """One reason for which an instance may not count.

    Attributes:
        asks: Whether a source asks for it at all.
        passes: Whether an instance counts.
        said: What was asked of it, to follow "none of 3 instances".
    """

    asks: Callable[[ConsulService], object]
    passes: Callable[[ConsulService, Instance], bool]
    said: Callable[[ConsulService], str]


# In this order they are named: what a user wrote comes before what changes by itself.
_SIEVES = (
    _Sieve(
        lambda source: source.tags,
        lambda source, instance: all(tag in instance.tags for tag in source.tags),
        lambda _: "carries the tags",
    ),
    _Sieve(
        lambda source: source.any_tags,
        lambda source, instance: any(tag in instance.tags for tag in source.any_tags),
        lambda source: f"carries one of the tags {', '.join(source.any_tags)}",
    ),
    _Sieve(
        lambda source: source.exclude_tags,
        lambda source, instance: not any(tag in instance.tags for tag in source.exclude_tags),
        lambda source: f"is without the tags {', '.join(source.exclude_tags)}",
    ),
    _Sieve(
        lambda source: source.node_meta,
        lambda source, instance: all(
            instance.node_meta.get(key) == value for key, value in source.node_meta
        ),
        lambda source: (
            "runs on a node with the meta "
            + ", ".join(f"{key}={value}" for key, value in source.node_meta)
        ),
    ),
    _Sieve(
        lambda source: source.require_service_check,
        lambda _, instance: instance.service_checks > 0,
        lambda _: "has a check of its own",
    ),
    _Sieve(
        lambda source: source.health is not Health.ANY,
        lambda source, instance: instance.status in _ACCEPTED[source.health],
        lambda source: f"is {' or '.join(_ACCEPTED[source.health])}",
    ),
)


def chosen(answer: Answer) -> list[Instance]:
    """List the instances that a source wants; a prepared query has chosen by itself."""
    source = answer.source
    if not isinstance(source, ConsulService):
        return list(answer.instances)
    sieves = _sieves(source)
    return [
        instance
        for instance in answer.instances
        if all(sieve.passes(source, instance) for sieve in sieves)
    ]


def _sieves(source: ConsulService) -> list[_Sieve]:
    """List what a source asks of its instances."""
    return [sieve for sieve in _SIEVES if sieve.asks(source)]


def why_empty(answer: Answer) -> str:
    """Tell apart: not in the catalog, filtered out and by what, none healthy."""
    source, left = answer.source, list(answer.instances)
    if not isinstance(source, ConsulService):
        where = f", asked in {answer.datacenter}" if answer.datacenter else ""
        return f"{source} names no instance{where}"
    if not left:
        return _absent(source, answer.registered)
    for sieve in _sieves(source):
        before, left = len(left), [item for item in left if sieve.passes(source, item)]
        if not left:
            return f"none of {before} instances of {source} {sieve.said(source)}"
    return f"{source} has {len(left)} instances"


def _absent(source: ConsulService, registered: int | None) -> str:
    """Say why Consul answered with nothing at all."""
    if source.filter and registered:
        return f"none of {registered} instances of {source} passes the filter {source.filter}"
    if source.filter and registered is None:
        return f"{source} is not in Consul's catalog, or none passes the filter {source.filter}"
    return f"{source} is not in Consul's catalog"
