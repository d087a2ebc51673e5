"""Builders of what planning works on, and a group that does what a plan says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lictor.model import (
    Answer,
    ConsulService,
    Guards,
    Instance,
    Target,
    TargetHealth,
    TargetState,
    TargetType,
)
from lictor.plan import record, removal, window
from lictor.plan.desired import Desired
from lictor.plan.planning import Plan, Standing, plan
from lictor.plan.record import Recorded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from lictor.model import Source

NOW = datetime(2026, 11, 21, 8, 0, 0, tzinfo=UTC)
INSTANCE = "i-0123456789abcdef0"


def make_answer(*instances: Instance, source: Source | None = None) -> Answer:
    """Make an answer of a source, ``web`` where none is given."""
    return Answer(source or ConsulService("web"), instances)


def make_key(number: int) -> str:
    """Make the key of a target in an ip group; keys sort as their numbers do, to 9,999."""
    return f"10.0.{100 + number // 100}.{100 + number % 100}:80"


def make_keys(count: int, start: int = 0) -> list[str]:
    """Make so many keys."""
    return [make_key(number) for number in range(start, start + count)]


def make_targets(keys: Iterable[str]) -> dict[str, str]:
    """Make targets with labels."""
    return {key: f"node-{key.partition(':')[0]} (dc1)" for key in sorted(keys)}


def make_desired(keys: Iterable[str]) -> Desired:
    """Make what Consul asks for."""
    targets = make_targets(keys)
    return Desired(targets, () if targets else ("web is not in Consul's catalog",))


def make_plan(  # noqa: PLR0913 - the facts of a run
    named: Iterable[str],
    stood: Iterable[str] = (),
    *,
    guards: Guards | None = None,
    held: Mapping[str, str] | None = None,
    recent: Mapping[str, int] | None = None,
    now: datetime = NOW,
    **more: Any,  # noqa: ANN401 - passed on
) -> Plan:
    """Plan an ip group."""
    standing = Standing(make_targets(stood), held or {}, recent or {})
    return plan(make_desired(named), standing, guards or Guards(), TargetType.IP, now, **more)


def make_listing(
    keys: Iterable[str], state: TargetState = TargetState.HEALTHY
) -> dict[str, TargetHealth]:
    """Make a group's listing."""
    return {key: TargetHealth(Target.from_key(key), state) for key in keys}


@dataclass
class Group:
    """A resource and its group, through any number of runs; AWS does at once what it is told.

    Attributes:
        guards: Their settings.
        inputs: What the last run planned.
        outputs: What it left.
        listing: What stands in the group.
        removals: When targets were removed, which, and how many stood before.
        calls: How many targets were registered or deregistered.
    """

    guards: Guards
    inputs: Standing = field(default_factory=Standing)
    outputs: Recorded = field(default_factory=Recorded)
    listing: dict[str, TargetHealth] = field(default_factory=dict)
    removals: list[tuple[datetime, tuple[str, ...], int]] = field(default_factory=list)
    calls: int = 0

    def run(
        self,
        named: Collection[str],
        now: datetime,
        *,
        pause: timedelta = timedelta(0),
        allowed: bool = False,
    ) -> bool:
        """Check, and update when there is a difference; whether there was one.

        Args:
            named: Keys that Consul names.
            now: When it is checked.
            pause: How much later it is updated.
            allowed: Whether the user lets removals through.
        """
        made = plan(
            make_desired(named), self.inputs, self.guards, TargetType.IP, now, allowed=allowed
        )
        self.inputs = Standing(made.targets, made.held, made.recent)
        if not record.differs(self.outputs, self.inputs):
            return False
        self._update(now + pause, allowed=allowed)
        return True

    def _update(self, now: datetime, *, allowed: bool) -> None:
        wanted = self.inputs
        attached = dict(self.outputs.attached)
        for key in sorted(set(wanted.targets) - set(attached) - set(wanted.held)):
            self.calls += key not in self.listing
            self.listing.setdefault(key, make_listing([key])[key])
            attached[key] = wanted.targets[key]
        decided = removal.decide(
            attached,
            wanted.targets,
            self.listing,
            self.guards,
            made=self.outputs.recent,
            now=now,
            allowed=allowed,
            held=wanted.held,
        )
        if decided.remove:
            self.removals.append((now, decided.remove, len(self.listing)))
        for key in (*decided.remove, *decided.gone):
            del attached[key]
            self.calls += self.listing.pop(key, None) is not None
        recent = window.within(self.outputs.recent, now, self.guards.removal_window)
        self.outputs = Recorded(
            attached=attached,
            held={**wanted.held, **decided.kept},
            recent=window.add(recent, now, len(decided.remove)),
        )
