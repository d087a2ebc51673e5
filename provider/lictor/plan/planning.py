"""The plan of one resource: which targets shall stand after the run, and which are held.

======================  ===================  ==========================================
Consul names it         it stood before      so it
======================  ===================  ==========================================
yes                     no                   is added
yes                     yes                  stays
no                      yes, guards pass     is removed, and counted in ``recent``
no                      yes, a guard trips   stays, and is listed in ``held``
no                      no                   is none of ours; a stranger, if exclusive
======================  ===================  ==========================================

A stranger of an ``exclusive`` group is removed like a target that went missing, under the same
guards; one that is held is listed in ``held`` and does not become ours by that. One that the last
run was to remove and kept back is planned again, and counted once: else a few runs in a row, none
of which removes anything, would use up the share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from lictor.model import Target
from lictor.plan import guards as guarding
from lictor.plan import placement, window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from lictor.model import Guards, TargetType
    from lictor.plan.desired import Desired

_NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Standing:
    """What the last run left, as its inputs tell.

    Attributes:
        targets: Key -> label of what was to stand.
        held: Key -> reason.
        recent: Time -> number of removals planned.
        strangers: Key -> state of what was to be removed though it was not ours.
    """

    targets: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    recent: Mapping[str, int] = field(default_factory=dict)
    strangers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall stand after this run, in the form in which state keeps it.

    Attributes:
        targets: Key -> label, sorted, held ones included.
        held: Key -> reason, sorted; held strangers included.
        recent: Time -> number of removals, those of this plan included.
        strangers: Key -> state of the strangers to be removed, sorted.
    """

    targets: Mapping[str, str]
    held: Mapping[str, str]
    recent: Mapping[str, int]
    strangers: Mapping[str, str] = field(default_factory=dict)


def plan(  # noqa: PLR0913 - the facts of a run, each of another kind
    desired: Desired,
    standing: Standing,
    guards: Guards,
    target_type: TargetType,
    now: datetime,
    *,
    allowed: bool = False,
    strangers: Mapping[str, str] = _NOBODY,
) -> Plan:
    """Decide what shall stand.

    Args:
        desired: What Consul asks for.
        standing: What the last run left.
        guards: Their settings.
        target_type: What the group takes; targets that it cannot take count for nothing: they
            never stood, so they are neither floor nor removal.
        now: The time of this run.
        allowed: Whether the user lets removals through this once.
        strangers: Key -> state of what else stands in an ``exclusive`` group; none on its first
            run, which only adds (:mod:`lictor.plan.strangers`).

    Raises:
        errors.RemovalRefused: A guard that is set to ``fail`` trips.
    """
    missing = _placeable(standing.targets.keys() - desired.targets.keys(), target_type)
    foreign = sorted(strangers.keys() - desired.targets.keys() - standing.targets.keys())
    leaving = [*sorted(missing), *foreign]
    new = [key for key in leaving if key not in standing.strangers]
    dues = _dues(leaving, standing, guards, now, allowed=allowed)
    soon = now + timedelta(seconds=guards.removal_window)
    recent = window.within(standing.recent, now, guards.removal_window)
    reason = None
    if leaving:  # mostly nothing is, and then there is nothing to count
        remaining = len(_placeable(desired.targets, target_type))
        facts = guarding.Facts(
            guards=guards,
            missing=len(leaving),
            planned=sum(dues[key] <= soon for key in new) if dues else len(new),
            standing=remaining + len(leaving),
            remaining=remaining,
            removed=window.total(recent),
            empty=desired.empty,
            allowed=allowed,
        )
        reason = guarding.trip(facts)
    held = _held(leaving, reason, dues, now)
    kept = {key: standing.targets[key] for key in held if key in standing.targets}
    return Plan(
        targets=dict(sorted({**desired.targets, **kept}.items())),
        held=held,
        recent=window.add(recent, now, sum(key not in held for key in new)),
        strangers={key: strangers[key] for key in foreign if key not in held},
    )


def _placeable(targets: Iterable[str], target_type: TargetType) -> list[str]:
    """List the targets that a group of this type can take."""
    return [key for key in targets if not placement.unplaceable(Target.from_key(key), target_type)]


def _dues(
    leaving: Sequence[str], standing: Standing, guards: Guards, now: datetime, *, allowed: bool
) -> dict[str, datetime]:
    """Find when each delay is over; nothing where there is no delay."""
    if allowed or not guards.removal_delay:
        return {}
    return {key: guarding.due(standing.held, key, guards, now) for key in leaving}


def _held(
    leaving: Sequence[str], reason: str | None, dues: Mapping[str, datetime], now: datetime
) -> dict[str, str]:
    """Find which of the leaving targets stay, and why."""
    if not dues:
        return dict.fromkeys(sorted(leaving), reason) if reason else {}
    return {
        key: guarding.reason_with_due(reason or "removal_delay", dues[key])
        for key in sorted(leaving)
        if reason or dues[key] > now
    }
