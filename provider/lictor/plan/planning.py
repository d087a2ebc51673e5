"""The plan of one resource: which targets shall stand after the run, and which are held.

======================  ===================  ==========================================
Consul names it         it stood before      so it
======================  ===================  ==========================================
yes                     no                   is added
yes                     yes                  stays
no                      yes, guards pass     is removed, and counted in ``recent``
no                      yes, a guard trips   stays, and is listed in ``held``
no                      no                   is none of ours
======================  ===================  ==========================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lictor.model import Target
from lictor.plan import guards as guarding
from lictor.plan import placement, window

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lictor.model import Guards, TargetType
    from lictor.plan.desired import Desired


@dataclass(frozen=True, slots=True)
class Standing:
    """What the last run left, as its inputs tell.

    Attributes:
        targets: Key -> label of what was to stand.
        held: Key -> reason.
        recent: Time -> number of removals planned.
    """

    targets: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    recent: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall stand after this run, in the form in which state keeps it.

    Attributes:
        targets: Key -> label, sorted, held ones included.
        held: Key -> reason, sorted.
        recent: Time -> number of removals, those of this plan included.
    """

    targets: Mapping[str, str]
    held: Mapping[str, str]
    recent: Mapping[str, int]


def plan(  # noqa: PLR0913 - the facts of a run, each of another kind
    desired: Desired,
    standing: Standing,
    guards: Guards,
    target_type: TargetType,
    now: datetime,
    *,
    allowed: bool = False,
) -> Plan:
    """Decide what shall stand.

    Args:
        desired: What Consul asks for.
        standing: What the last run left.
        guards: Their settings.
        target_type: What the group takes; targets that it cannot take count for no floor.
        now: The time of this run.
        allowed: Whether the user lets removals through this once.

    Raises:
        errors.RemovalRefused: A guard that is set to ``fail`` trips.
    """
    missing = sorted(set(standing.targets) - set(desired.targets))
    recent = window.within(standing.recent, now, guards.removal_window)
    reason = guarding.trip(
        guarding.Facts(
            guards=guards,
            missing=len(missing),
            standing=len(standing.targets),
            remaining=_serving(desired.targets, target_type),
            removed=window.total(recent),
            empty=desired.empty,
            allowed=allowed,
        )
    )
    held = _held(missing, reason, standing, guards, now, allowed=allowed)
    targets = {**desired.targets, **{key: standing.targets[key] for key in held}}
    return Plan(
        targets={key: targets[key] for key in sorted(targets)},
        held=held,
        recent=window.add(recent, now, len(missing) - len(held)),
    )


def _serving(targets: Mapping[str, str], target_type: TargetType) -> int:
    """Count the targets that a group of this type can take."""
    return sum(not placement.unplaceable(Target.from_key(key), target_type) for key in targets)


def _held(  # noqa: PLR0913 - the same facts
    missing: list[str],
    reason: str | None,
    standing: Standing,
    guards: Guards,
    now: datetime,
    *,
    allowed: bool,
) -> dict[str, str]:
    """Find which of the missing targets stay, and why."""
    if reason is None and (allowed or not guards.removal_delay):
        return {}
    if reason is not None and not guards.removal_delay:
        return dict.fromkeys(missing, reason)
    held = {}
    for key in missing:
        moment = guarding.due(standing.held, key, guards, now)
        if reason or moment > now:
            held[key] = guarding.reason_with_due(reason or "removal_delay", moment)
    return held
