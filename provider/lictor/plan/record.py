"""A resource's state as a value, and whether a new plan differs from it.

State keeps inputs and outputs. Both hold ``targets``, ``held`` and ``recent``: the input says
what was planned, the output what came of it. Outputs add ``attached``, ``failed``, ``foreign``;
``strangers`` are an input of ``exclusive`` groups only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lictor.plan import zones
from lictor.plan.guards import gist
from lictor.plan.planning import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a run left in AWS, as outputs tell.

    Attributes:
        attached: Key -> label of what this resource has registered.
        failed: Key -> AWS's reason for what could not be registered.
        foreign: Keys of what stands in the group and is not ours.
        held: Key -> reason of what stands though Consul names it no longer.
        recent: Time -> number of removals made.
    """

    attached: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)
    recent: Mapping[str, int] = field(default_factory=dict)

    def outputs(self) -> dict[str, Any]:
        """Return it in the form in which state keeps it."""
        return {
            "attached": dict(sorted(self.attached.items())),
            "failed": dict(sorted(self.failed.items())),
            "foreign": sorted(self.foreign),
            "held": dict(sorted(self.held.items())),
            "recent": dict(sorted(self.recent.items())),
        }


def standing(inputs: Mapping[str, Any]) -> Standing:
    """Read what the last run planned out of its inputs."""
    return Standing(
        targets=_texts(inputs, "targets"),
        held=_texts(inputs, "held"),
        recent=_counts(inputs, "recent"),
        strangers=_texts(inputs, "strangers"),
    )


def recorded(outputs: Mapping[str, Any]) -> Recorded:
    """Read what the last run left out of its outputs."""
    return Recorded(
        attached=_texts(outputs, "attached"),
        failed=_texts(outputs, "failed"),
        foreign=tuple(outputs.get("foreign") or ()),
        held=_texts(outputs, "held"),
        recent=_counts(outputs, "recent"),
    )


def differs(old: Recorded, new: Standing) -> bool:
    """Whether a run has anything to do.

    Keys count, and zones that were asked for; labels do not, nor the numbers behind a reason.
    """
    return (
        set(old.attached) != set(wanted(old, new))
        or bool(old.failed)
        or bool(new.strangers)
        or _gists(old.held) != _gists(new.held)
        or bool(zones.swaps(old.attached, new.targets))
    )


def wanted(old: Recorded, new: Standing) -> dict[str, str]:
    """Give the targets that a run shall leave attached: key -> label.

    A held target that was never attached (AWS had rejected it, or it is a held stranger) asks for
    nothing: Consul names it no longer, so nobody will register it.
    """
    return {
        key: label
        for key, label in new.targets.items()
        if key in old.attached or key not in new.held
    }


def _gists(held: Mapping[str, str]) -> dict[str, str]:
    return {key: gist(reason) for key, reason in held.items()}


def _texts(properties: Mapping[str, Any], name: str) -> dict[str, str]:
    value = properties.get(name)
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, dict) else {}


def _counts(properties: Mapping[str, Any], name: str) -> dict[str, int]:
    value = properties.get(name)
    return {str(key): int(count) for key, count in value.items()} if isinstance(value, dict) else {}
