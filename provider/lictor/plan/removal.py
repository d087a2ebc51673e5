"""The last look before targets are removed: guards again, against what really stands.

The plan was made from what should stand. Between it and the removal lie a user's pause for
thought and perhaps failed additions, so the same floors are asked once more of a fresh listing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor.model import OnEmpty
from lictor.plan import guards as guarding
from lictor.plan import window

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lictor.model import Guards, TargetHealth


@dataclass(frozen=True, slots=True)
class Removal:
    """Which targets go, and which are kept back.

    Attributes:
        remove: Keys to deregister, sorted.
        gone: Keys that are registered no more, by somebody else's hand; nothing is to be done.
        kept: Key -> reason of those that stay attached; the next run tries again.
    """

    remove: tuple[str, ...]
    gone: tuple[str, ...]
    kept: Mapping[str, str]


def candidates(attached: Mapping[str, str], targets: Mapping[str, str]) -> list[str]:
    """List what is attached and shall stand no longer."""
    return sorted(set(attached) - set(targets))


def decide(  # noqa: PLR0913 - the facts of a removal, each of another kind
    attached: Mapping[str, str],
    targets: Mapping[str, str],
    listing: Mapping[str, TargetHealth],
    guards: Guards,
    *,
    made: Mapping[str, int],
    now: datetime,
    allowed: bool = False,
) -> Removal:
    """Decide which candidates go.

    Args:
        attached: Key -> label of what we have registered, this run's additions included.
        targets: Key -> label of what shall stand.
        listing: Key -> health of what stands in the group now.
        guards: Their settings.
        made: Time -> number of removals made before.
        now: The time of this run.
        allowed: Whether the user lets removals through this once.
    """
    live = {key for key, health in listing.items() if not health.draining}
    leaving = candidates(attached, targets)
    gone = tuple(key for key in leaving if key not in live)
    standing = [key for key in leaving if key in live]
    if allowed or (not targets and guards.on_empty is OnEmpty.DRAIN):
        return Removal(tuple(standing), gone, {})
    before = window.total(window.within(made, now, guards.removal_window))
    staying = live & set(targets)
    reason = guarding.floors(
        guarding.Facts(
            guards=guards,
            missing=len(standing),
            standing=len(staying) + len(standing),
            remaining=len(staying),
            removed=before,
        )
    )
    if reason:
        return Removal((), gone, dict.fromkeys(standing, reason))
    waiting = _healthy_floor(standing, staying, listing, guards.min_targets)
    return Removal(
        tuple(key for key in standing if key not in waiting),
        gone,
        dict.fromkeys(waiting, f"waiting for health: min_targets {guards.min_targets}"),
    )


def _healthy_floor(
    leaving: list[str], staying: set[str], listing: Mapping[str, TargetHealth], floor: int
) -> list[str]:
    """Find the healthy targets that must stay so that enough healthy ones remain.

    Unhealthy and unused ones serve nobody: removing them does not count against the floor.
    """
    healthy = [key for key in leaving if listing[key].healthy]
    remain = sum(listing[key].healthy for key in staying)
    spare = max(0, remain + len(healthy) - floor)
    return healthy[spare:] if spare < len(healthy) else []
