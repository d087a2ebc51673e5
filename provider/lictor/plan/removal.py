"""The last look before targets are removed: guards again, against what really stands.

The plan was made from what should stand. Between it and the removal lie a user's pause for
thought and perhaps failed additions, so the same floors are asked once more of a fresh listing.
What is kept back stays attached, and the next run tries again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lictor.model import OnEmpty
from lictor.plan import guards as guarding
from lictor.plan import window

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from lictor.model import Guards, TargetHealth


@dataclass(frozen=True, slots=True)
class Removal:
    """Which targets go, and which are kept back.

    Attributes:
        remove: Keys to deregister, sorted.
        gone: Keys of ours that are registered no more, by somebody else's hand; nothing is to be
            done.
        kept: Key -> reason of those that stay; the next run tries again.
    """

    remove: tuple[str, ...]
    gone: tuple[str, ...]
    kept: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the floors are asked of.

    Attributes:
        listing: Key -> health of what stands in the group now.
        guards: Their settings.
        removed: How many were removed within the window before.
    """

    listing: Mapping[str, TargetHealth]
    guards: Guards
    removed: int

    def floors(self, leaving: int, standing: int) -> str | None:
        """Give the reason of the floor that so many removals would fall below."""
        return guarding.floors(
            guarding.Facts(
                guards=self.guards,
                missing=leaving,
                planned=leaving,
                standing=standing,
                remaining=standing - leaving,
                removed=self.removed,
            )
        )

    def healthy(self, keys: Iterable[str]) -> list[str]:
        """List those that receive requests, in order."""
        return [key for key in keys if self.listing[key].healthy]


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
    held: Collection[str] = (),
    strangers: Collection[str] = (),
    waiting: str = "",
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
        held: Keys that stand though Consul names them no longer.
        strangers: Keys to be removed though they are not ours; ``exclusive`` only.
        waiting: What has to happen before anything is removed (:mod:`lictor.plan.waiting`).
    """
    live = {key for key, health in listing.items() if not health.draining}
    ours = candidates(attached, targets)
    gone = tuple(key for key in ours if key not in live)
    leaving = sorted((live & {*ours, *strangers}) - set(targets))
    reason = guarding.policy(guards) if leaving else None
    if not reason and (allowed or _drained(targets, held, guards)):
        return Removal(tuple(leaving), gone, {})
    scene = _Scene(listing, guards, window.total(window.within(made, now, guards.removal_window)))
    staying = live & set(targets)
    reason = reason or scene.floors(len(leaving), len(staying) + len(leaving)) or waiting
    if leaving and reason:
        return Removal((), gone, dict.fromkeys(leaving, reason))
    kept = _healthy_floor(scene, leaving, staying)
    return Removal(tuple(key for key in leaving if key not in kept), gone, kept)


def parting(  # noqa: PLR0913 - the facts of a removal, each of another kind
    leaving: Sequence[str],
    claimed: Collection[str],
    listing: Mapping[str, TargetHealth],
    guards: Guards,
    *,
    held: Mapping[str, str],
    made: Mapping[str, int],
    now: datetime,
) -> str:
    """Say why what a deleted resource leaves behind may not go; empty where it may.

    The resource may have another name now, under which nobody knows what this one knew: what it
    waited for is waited for still, a target that went missing meanwhile has its delay before it,
    and that Consul names nothing was confirmed by nobody, so ``drain`` lifts no floor.

    Args:
        leaving: Keys that would go; they stand.
        claimed: Keys that resources of this run want in the group.
        listing: Key -> health of what stands in the group now.
        guards: The settings of the resource that is deleted.
        held: Key -> reason of what it held.
        made: Time -> number of removals that it made.
        now: The time of this run.
    """
    early = [
        key
        for key in leaving
        if guards.removal_delay
        and ((due := guarding.due_time(held.get(key, ""))) is None or due > now)
    ]
    kept = decide(
        dict.fromkeys(leaving, ""),
        dict.fromkeys(claimed, ""),
        listing,
        replace(guards, on_empty=OnEmpty.KEEP),
        made=made,
        now=now,
    ).kept
    if not kept and early:
        return f"removal_delay of {early[0]} is not over"
    return next(iter(kept.values()), "")


def too_many(leaving: int, standing: int, guards: Guards) -> bool:
    """Whether so many may not go at once from among those that stand."""
    return bool(_Scene({}, guards, 0).floors(leaving, standing))


def _drained(targets: Mapping[str, str], held: Collection[str], guards: Guards) -> bool:
    """Whether Consul names nothing and the user's word lifts the floors.

    What is held still has to leave, when its delay is over; it is nothing that Consul names.
    """
    return guards.on_empty is OnEmpty.DRAIN and set(targets) <= set(held)


def _healthy_floor(
    scene: _Scene, leaving: Sequence[str], staying: Collection[str]
) -> dict[str, str]:
    """Find the healthy targets that must stay so that enough healthy ones remain.

    Unhealthy and unused ones serve nobody: removing them does not count against the floor.
    """
    floor = scene.guards.min_targets
    healthy = scene.healthy(leaving)
    spare = max(0, len(scene.healthy(staying)) + len(healthy) - floor)
    return dict.fromkeys(healthy[spare:], f"waiting for health: min_targets {floor}")


def swap(  # noqa: PLR0913 - the same facts
    zoned: Sequence[str],
    targets: Mapping[str, str],
    listing: Mapping[str, TargetHealth],
    guards: Guards,
    *,
    made: Mapping[str, int],
    now: datetime,
    allowed: bool = False,
) -> Removal:
    """Decide which targets are deregistered now to be registered in another zone.

    A swap takes a target out of service for a while, so it is guarded and counted like a removal;
    but as nothing is lost for good, as many go in a run as the guards let, the others later.

    Args:
        zoned: Keys that stand in another zone than they shall (:func:`lictor.plan.zones.swaps`).
        targets: Key -> label of what shall stand.
        listing: Key -> health of what stands in the group now, after the removals of this run.
        guards: Their settings.
        made: Time -> number of removals made before, those of this run included.
        now: The time of this run.
        allowed: Whether the user lets removals through this once.
    """
    live = {key for key, health in listing.items() if not health.draining}
    gone = tuple(sorted(set(zoned) - live))
    keys = sorted(set(zoned) & live)
    if allowed and not guarding.policy(guards):
        return Removal(tuple(keys), gone, {})
    scene = _Scene(listing, guards, window.total(window.within(made, now, guards.removal_window)))
    staying = live & set(targets)
    spare = len(scene.healthy(staying)) - guards.min_targets
    going: list[str] = []
    for key in keys:
        if guarding.policy(guards) or scene.floors(len(going) + 1, len(staying)):
            break
        if listing[key].healthy:
            if spare <= 0:
                continue
            spare -= 1
        going.append(key)
    reason = "availability_zone: changed later, within the guards"
    return Removal(tuple(going), gone, dict.fromkeys(sorted(set(keys) - set(going)), reason))
