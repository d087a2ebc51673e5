"""What a run of the engine did to lictor's resources."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lictor.plan import record, schedule
from lictor.resources.checking import ARN
from lictor.settings import duration
from lictor.settings.attachments import REMOVAL_WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from lictor import errors
    from lictor.plan.record import Recorded


@dataclass(frozen=True, slots=True)
class Group:
    """One resource in one run.

    Attributes:
        urn: The resource.
        name: Its name in the stack.
        arn: Its target group.
        added: Key -> label of what was registered, or is to be.
        removed: Key -> label of what was deregistered, or is to be.
        attached: Key -> label of what stands by it now.
        held: Key -> reason.
        failed: Key -> AWS's reason.
        foreign: Keys of what stands in the group and is not its.
        blocked: Why Consul's answer was not used; None where it was.
        paused: Why it was left alone, on somebody's word; empty where it was not.
        outputs: All of them, as state has them or will have them.
        seconds: How long it took, reading Consul and changing AWS.
        again: When something that is held may go by the clock alone; None for never.
    """

    urn: str
    name: str
    arn: str = ""
    added: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()
    blocked: errors.LictorError | None = None
    paused: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    seconds: float = 0.0
    again: datetime | None = None


class Groups:
    """What the servicer notes of each resource during a run; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, Group] = {}

    def all(self) -> tuple[Group, ...]:
        """List the resources in the order in which the engine came to them."""
        with self._lock:
            return tuple(self._of.values())

    def knows(self, urn: str) -> bool:
        """Whether the engine came to a resource already."""
        with self._lock:
            return urn in self._of

    def blocked(self, urn: str, error: errors.LictorError) -> None:
        """Note that Consul's answer is not used."""
        self._note(urn, lambda group: replace(group, blocked=error))

    def paused(self, urn: str, reason: str) -> None:
        """Note that a resource is left alone."""
        self._note(urn, lambda group: replace(group, paused=reason))

    def planned(
        self, urn: str, olds: Mapping[str, Any], news: Mapping[str, Any], *, shown: bool
    ) -> None:
        """Note a plan: nothing is done yet.

        Args:
            urn: The resource.
            olds: The last run's outputs; empty for a new resource.
            news: This run's inputs; in a preview some may be known only later.
            shown: Whether to note what the plan changes: in a preview, where there is a change.
                In an update only what came of it is true.
        """
        before, after = record.recorded(olds), record.standing(news)
        moved = olds.get(ARN) != news.get(ARN)
        known = shown and isinstance(news.get("targets"), dict)
        self._settle(
            urn,
            replace(before, attached={}) if moved and known else before,
            record.wanted(before, after) if known else before.attached,
            replace(before, held=after.held),
            news,
        )
        gone = before.attached if moved and known else {}
        self._note(
            urn,
            lambda group: replace(group, removed={**gone, **group.removed}, outputs=olds),
        )

    def done(self, urn: str, olds: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Note what came of it."""
        after = record.recorded(outputs)
        self._settle(urn, record.recorded(olds), after.attached, after, outputs)
        self._note(urn, lambda group: replace(group, outputs=outputs))

    def _settle(
        self,
        urn: str,
        before: Recorded,
        goal: Mapping[str, str],
        stands: Recorded,
        properties: Mapping[str, Any],
    ) -> None:
        """Note what goes and what comes between two states, and what stands meanwhile."""
        arn = properties.get(ARN)
        self._note(
            urn,
            lambda group: replace(
                group,
                arn=arn if isinstance(arn, str) else group.arn,
                added=_without(goal, before.attached),
                removed=_without(before.attached, goal),
                attached=stands.attached,
                held=stands.held,
                failed=stands.failed,
                foreign=stands.foreign,
                again=_again(stands, properties),
            ),
        )

    def took(self, urn: str, seconds: float) -> None:
        """Add to the time of a resource."""
        self._note(urn, lambda group: replace(group, seconds=group.seconds + seconds))

    def _note(self, urn: str, change: Callable[[Group], Group]) -> None:
        with self._lock:
            group = self._of.get(urn) or Group(urn, urn.rsplit("::", 1)[-1])
            self._of[urn] = change(group)


def _again(stands: Recorded, properties: Mapping[str, Any]) -> datetime | None:
    window = duration.read(properties.get("removal_window", REMOVAL_WINDOW))
    return schedule.again(stands.held, stands.recent, window)


def _without(these: Mapping[str, str], those: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in these.items() if key not in those}
