"""What users choose from, and the guards that are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """Which instances of a service count as able to serve."""

    PASSING = "passing"
    """All checks of the instance and of its node pass."""
    WARNING = "warning"
    """Passing or warning."""
    ANY = "any"
    """Whatever the checks say: the load balancer decides."""


class TargetType(StrEnum):
    """What a target group's target ids are."""

    INSTANCE = "instance"
    IP = "ip"


class TargetId(StrEnum):
    """Where an instance group's target id comes from."""

    AUTO = "auto"
    """Service meta, node meta, a node name that is an instance id, EC2's word: in this order."""
    SERVICE_META = "service-meta"
    NODE_META = "node-meta"
    NODE_NAME = "node-name"
    EC2_LOOKUP = "ec2-lookup"
    """EC2 is asked which instance has the private address."""


class Ownership(StrEnum):
    """Which targets of a group may be removed."""

    OWNED = "owned"
    """Only what this resource registered."""
    EXCLUSIVE = "exclusive"
    """Strangers too, under the same guards: the group is this resource's alone."""


class OnEmpty(StrEnum):
    """What happens to the targets when no instance is left."""

    KEEP = "keep"
    DRAIN = "drain"
    FAIL = "fail"


class OnGuard(StrEnum):
    """What happens when a guard trips."""

    HOLD = "hold"
    FAIL = "fail"


class Policy(StrEnum):
    """Which changes may be made at all."""

    SYNC = "sync"
    ADD_ONLY = "add-only"


class WaitFor(StrEnum):
    """What must be true of the added targets before anything is removed."""

    REGISTERED = "registered"
    HEALTHY = "healthy"


@dataclass(frozen=True, slots=True)
class Guards:
    """What stands between a Consul answer and a removal.

    Attributes:
        policy: Which changes may be made at all.
        on_empty: What happens when no instance is left.
        min_targets: Never remove below this many.
        max_removal_percent: Share of (attached now + removed in the window) that removals made
            and planned within the window may not exceed, where that sum is 10 or more.
        removal_window: Length of that window, in seconds.
        removal_delay: How long a target must be missing before it is removed, in seconds.
        on_guard: What happens when a guard trips.
    """

    policy: Policy = Policy.SYNC
    on_empty: OnEmpty = OnEmpty.KEEP
    min_targets: int = 1
    max_removal_percent: int = 30
    removal_window: float = 600.0
    removal_delay: float = 0.0
    on_guard: OnGuard = OnGuard.HOLD
