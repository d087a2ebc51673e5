"""The targets of one target group through their life: initial, healthy, draining, gone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.fakes.aws.calls import Target
    from tests.fakes.aws.inventory import Group, Instance


@dataclasses.dataclass(frozen=True, slots=True)
class Health:
    """What DescribeTargetHealth says about one target."""

    state: str
    reason: str | None = None
    description: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """One registration; `gone_at` is set when it drains."""

    target: Target
    since: float
    gone_at: float | None = None

    def shifted(self, seconds: float) -> Member:
        """Return the member as stamped by a clock that was `seconds` behind."""
        gone_at = None if self.gone_at is None else self.gone_at - seconds
        return dataclasses.replace(self, since=self.since - seconds, gone_at=gone_at)


NOT_REGISTERED = Health(
    "unused", "Target.NotRegistered", "Target is not registered to the target group"
)
DRAINING = Health(
    "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
)
INITIAL = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
NOT_IN_USE = Health(
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
STOPPED = Health("unused", "Target.InvalidState", "Target is in the stopped state")
HEALTHY = Health("healthy")
REASONS = {
    "unhealthy": "Target.FailedHealthChecks",
    "unused": "Target.NotInUse",
    "unavailable": "Target.HealthCheckDisabled",
    "initial": "Elb.InitialHealthChecking",
}
"""The reason given with a forced state unless the test names another."""


class Members:
    """The registrations of one target group, keyed by id and port."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_key: dict[str, Member] = {}

    def settle(self, now: float) -> None:
        """Let go of what has finished draining."""
        for key, member in list(self._by_key.items()):
            if member.gone_at is not None and member.gone_at <= now:
                del self._by_key[key]

    def keys(self) -> frozenset[str]:
        """Return what counts against the quota: draining targets too."""
        return frozenset(self._by_key)

    def all(self) -> list[Member]:
        """Return the members in the order of their registration."""
        return list(self._by_key.values())

    def find(self, key: str) -> Member | None:
        """Return one member."""
        return self._by_key.get(key)

    def register(self, targets: Iterable[Target], now: float) -> None:
        """Add targets; one already there keeps its age, one that drains starts afresh."""
        for target in targets:
            member = self._by_key.get(target.key)
            since = member.since if member and member.gone_at is None else now
            self._by_key[target.key] = Member(target, since)

    def deregister(self, targets: Iterable[Target], now: float, delay: float) -> None:
        """Start draining what is registered under exactly that id and port."""
        for target in targets:
            member = self._by_key.get(target.key)
            if member and member.gone_at is None:
                self._by_key[target.key] = dataclasses.replace(member, gone_at=now + delay)
        self.settle(now)

    def shift(self, seconds: float) -> None:
        """Follow a clock that went back."""
        self._by_key = {key: member.shifted(seconds) for key, member in self._by_key.items()}


def health(
    member: Member, group: Group, instances: Mapping[str, Instance], age: float, initial: float
) -> Health | None:
    """Return the member's health, None when its instance is terminated."""
    instance = instances.get(member.target.id)
    if group.target_type == "instance" and (instance is None or instance.state == "terminated"):
        return None
    if member.gone_at is not None:
        return DRAINING
    if not group.attached:
        return NOT_IN_USE
    if instance is not None and instance.state != "running":
        return STOPPED
    return INITIAL if age < initial else HEALTHY
