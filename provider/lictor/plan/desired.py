"""From what Consul said to the targets that it asks for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lictor.model import is_instance_id
from lictor.plan import zones
from lictor.plan.addressing import Addressing, needs_group_port
from lictor.plan.choosing import chosen, why_empty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lictor.model import Answer

__all__ = ["Addressing", "Desired", "desired", "needs_group_port"]


@dataclass(frozen=True, slots=True)
class Desired:
    """What Consul asks for.

    Attributes:
        targets: Key (``id:port``) -> label (``node-3 (dc1)``), sorted by key.
        empty: Why there is none, a sentence for each source; empty when there are some.
        unknown: Key -> why EC2 could not tell the instance for which an address stands in.
    """

    targets: Mapping[str, str]
    empty: tuple[str, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)


def desired(answers: Iterable[Answer], addressing: Addressing) -> Desired:
    """Unite the sources' healthy instances into targets.

    The order of sources and of instances does not matter, and instances that share a target
    (containers behind one host port, a service found by two sources) become one.
    """
    places: dict[str, set[tuple[str, str]]] = defaultdict(set)
    zone_of: dict[str, str] = {}
    unknown: dict[str, str] = {}
    empty = []
    for answer in answers:
        wanted = chosen(answer)
        if not wanted:
            empty.append(why_empty(answer))
        for instance in wanted:
            who = (instance.place, f"{instance.service}/{instance.service_id}")
            why = addressing.why_unknown(instance) if addressing.unknown else ""
            for target in addressing.targets_of(instance):
                key = target.key
                places[key].add(who)
                zone_of[key] = target.zone
                if why and not is_instance_id(target.id):
                    unknown[key] = min(why, unknown.get(key, why))
    targets = {key: zones.label(_text(places[key]), zone_of[key]) for key in sorted(places)}
    return Desired(targets, () if targets else tuple(empty), unknown)


def _text(places: set[tuple[str, str]]) -> str:
    """Name a target by where it runs; the first in order speaks for those that share it."""
    first = min(places)[0]
    return first if len(places) == 1 else f"{first} +{len(places) - 1}"
