"""Guards: what keeps a removal from being made.

A wrong removal is an outage, a late one a nuisance. Each guard is a function from the facts of a
run to the reason why nothing may be removed, or None; they are asked in a fixed order, and the
first that trips holds every removal of its resource. The delay comes last and is asked for each
target on its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from lictor import errors
from lictor.model import OnEmpty, OnGuard, Policy
from lictor.plan import window

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lictor.model import Guards

PERCENT_FROM = 10
"""The share is guarded where (attached now + removed in the window) is at least this many."""

_DUE = re.compile(r"; due (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\Z")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards look at.

    Attributes:
        guards: Their settings.
        missing: How many of the standing targets Consul names no longer.
        planned: How many of these would go within the window that begins now: all but those whose
            delay is longer.
        standing: How many stand when removals begin: additions are made by then, and the missing
            ones still stand. Counted before the additions, a second look would judge otherwise.
        remaining: How many of those that may serve would stand after the removals.
        removed: How many were removed within the window before.
        empty: Why Consul names none; empty when it names some.
        allowed: Whether the user lets removals through this once.
    """

    guards: Guards
    missing: int
    planned: int
    standing: int
    remaining: int
    removed: int
    empty: tuple[str, ...] = ()
    allowed: bool = False


def trip(facts: Facts) -> str | None:
    """Give the reason of the first guard that trips; None when removals may be made.

    Asked only where something is missing: an addition is never refused.

    Raises:
        errors.RemovalRefused: The guard that trips is set to ``fail``.
    """
    guards = facts.guards
    reason = policy(guards)
    if reason or facts.allowed:
        return reason
    reason = _on_empty(facts)
    if reason is None and not _draining(facts):
        reason = floors(facts)
    if reason is not None and guards.on_guard is OnGuard.FAIL and not _kept_empty(facts):
        raise errors.RemovalRefused(_refusal(facts, reason))
    return reason


def policy(guards: Guards) -> str | None:
    """Give the reason why this resource never removes; None where it does."""
    return "policy add-only" if guards.policy is Policy.ADD_ONLY else None


def floors(facts: Facts) -> str | None:
    """Give the reason of the floor that removals would fall below; None when there is room."""
    return _min_targets(facts) or _percent(facts)


def _kept_empty(facts: Facts) -> bool:
    """Whether ``on_empty: keep`` answers, which is a choice and no trip."""
    return bool(facts.empty) and facts.guards.on_empty is OnEmpty.KEEP


def _draining(facts: Facts) -> bool:
    """Whether the user's word for an empty service lifts the floors."""
    return bool(facts.empty) and facts.guards.on_empty is OnEmpty.DRAIN


def _on_empty(facts: Facts) -> str | None:
    if not facts.empty or facts.guards.on_empty is OnEmpty.DRAIN:
        return None
    if facts.guards.on_empty is OnEmpty.FAIL:
        raise errors.RemovalRefused(_refusal(facts, f"on_empty: {'; '.join(facts.empty)}"))
    return f"on_empty keep: {'; '.join(facts.empty)}"


def _min_targets(facts: Facts) -> str | None:
    floor = facts.guards.min_targets
    if facts.remaining >= floor:
        return None
    return f"min_targets {floor}: {facts.remaining} would remain"


def _percent(facts: Facts) -> str | None:
    base = facts.standing + facts.removed
    if base < PERCENT_FROM or not facts.planned:
        return None
    share = facts.guards.max_removal_percent
    planned = facts.removed + facts.planned
    if planned * 100 <= share * base:
        return None
    return (
        f"max_removal_percent {share}: {planned} of {base} within {facts.guards.removal_window:g} s"
    )


def _refusal(facts: Facts, reason: str) -> str:
    return (
        f"{facts.missing} removals refused ({reason});"
        " to let them through once: LICTOR_ALLOW_REMOVAL=NAME pulumi up"
    )


def due(held: Mapping[str, str], key: str, guards: Guards, now: datetime) -> datetime:
    """When a missing target's delay is over: fixed when first missing, then copied.

    Never later than a whole delay from now: a clock that was years ahead for a moment must not
    hold a target for years, nor a delay that was shortened go on as it was.
    """
    # as it will be written, so that the first run and the following ones agree
    latest = window.parse(window.stamp(now + timedelta(seconds=guards.removal_delay)))
    noted = due_time(held.get(key, ""))
    return latest if noted is None else min(noted, latest)


def due_time(reason: str) -> datetime | None:
    """Read the time at which a delay is over out of a reason; None where there is none in it."""
    noted = _DUE.search(reason)
    return window.parse(noted[1]) if noted else None


def reason_with_due(reason: str, moment: datetime) -> str:
    """Note the time at which a held target's delay is over beside the reason why it is held."""
    return f"{reason}; due {window.stamp(moment)}"


def gist(reason: str) -> str:
    """Return what of a reason counts as a change: which guard holds, and until when.

    The numbers behind it change from run to run (the window moves on) and are for people.
    """
    noted = _DUE.search(reason)
    head = (reason[: noted.start()] if noted else reason).partition(": ")[0]
    return f"{head}{noted[0]}" if noted else head
