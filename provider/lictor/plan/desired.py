"""From what Consul said to the targets that it asks for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor.model import Health, Status, Target, TargetId, TargetType, is_instance_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lictor.model import Answer, ConsulService, Instance

_META_KEYS = ("instance-id", "instance_id")

_ACCEPTED = {
    Health.PASSING: {Status.PASSING},
    Health.WARNING: {Status.PASSING, Status.WARNING},
    Health.ANY: set(Status),
}


@dataclass(frozen=True, slots=True)
class Addressing:
    """How instances become targets.

    Attributes:
        target_type: What the group's target ids are.
        target_id: Where an instance id comes from.
        port: Fixed port; None for the service's own.
        group_port: Taken by a service that registered no port.
    """

    target_type: TargetType
    target_id: TargetId = TargetId.AUTO
    port: int | None = None
    group_port: int = 0


@dataclass(frozen=True, slots=True)
class Desired:
    """What Consul asks for.

    Attributes:
        targets: Key (``id:port``) -> label (``node-3 (dc1)``), sorted by key.
        empty: Why there is none, a sentence for each source; empty when there are some.
    """

    targets: Mapping[str, str]
    empty: tuple[str, ...] = ()


def desired(answers: Iterable[Answer], addressing: Addressing) -> Desired:
    """Unite the sources' healthy instances into targets.

    The order of sources and of instances does not matter, and instances that share a target
    (containers behind one host port, a service found by two sources) become one.
    """
    places: dict[str, set[tuple[str, str]]] = defaultdict(set)
    empty = []
    for answer in answers:
        chosen = [instance for instance in answer.instances if accepts(answer.source, instance)]
        if not chosen:
            empty.append(why_empty(answer))
        for instance in chosen:
            key = target_of(instance, addressing).key
            places[key].add((instance.place, f"{instance.service}/{instance.service_id}"))
    targets = {key: _label(places[key]) for key in sorted(places)}
    return Desired(targets, () if targets else tuple(empty))


def accepts(source: ConsulService, instance: Instance) -> bool:
    """Whether a source wants an instance."""
    return instance.status in _ACCEPTED[source.health] and set(source.tags) <= set(instance.tags)


def why_empty(answer: Answer) -> str:
    """Tell apart: not in the catalog, filtered out by tags, none healthy."""
    source, instances = answer.source, answer.instances
    if not instances:
        return f"{source} is not in Consul's catalog"
    tagged = [instance for instance in instances if set(source.tags) <= set(instance.tags)]
    if not tagged:
        return f"none of {len(instances)} instances of {source} carries the tags"
    return f"none of {len(tagged)} instances of {source} is {source.health}"


def needs_group_port(answers: Iterable[Answer], port: int | None) -> bool:
    """Whether some instance takes its port from the group, so that the group must be known."""
    return port is None and any(
        not instance.port for answer in answers for instance in answer.instances
    )


def target_of(instance: Instance, addressing: Addressing) -> Target:
    """Give an instance its target; where no instance id is found, its address stands in."""
    port = addressing.port or instance.port or addressing.group_port
    if addressing.target_type is TargetType.IP:
        return Target(instance.reachable_at, port)
    return Target(_instance_id(instance, addressing.target_id) or instance.reachable_at, port)


def _instance_id(instance: Instance, where: TargetId) -> str | None:
    """Find the EC2 instance id: service meta, node meta, node name, in this order."""
    candidates = {
        TargetId.SERVICE_META: [instance.service_meta.get(key, "") for key in _META_KEYS],
        TargetId.NODE_META: [instance.node_meta.get(key, "") for key in _META_KEYS],
        TargetId.NODE_NAME: [instance.node],
    }
    places = candidates if where is TargetId.AUTO else (where,)
    return next(
        (text for place in places for text in candidates[place] if is_instance_id(text)), None
    )


def _label(places: set[tuple[str, str]]) -> str:
    """Name a target by where it runs; the first in order speaks for those that share it."""
    first, *others = sorted(places)
    return f"{first[0]} +{len(others)}" if others else first[0]
