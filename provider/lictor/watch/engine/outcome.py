"""What a run of the engine did to lictor's resources."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lictor.plan import record, schedule
from lictor.settings import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from lictor import errors

_WINDOW = 600.0  # the default of `removal_window`


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

    def blocked(self, urn: str, error: errors.LictorError) -> None:
        """Note that Consul's answer is not used."""
        self._note(urn, lambda group: replace(group, blocked=error))

    def paused(self, urn: str, reason: str) -> None:
        """Note that a resource is left alone."""
        self._note(urn, lambda group: replace(group, paused=reason))

    def planned(self, urn: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> None:
        """Note a plan: nothing is done yet."""
        before, after = record.recorded(olds), record.standing(news)
        self._note(
            urn,
            lambda group: replace(
                group,
                arn=str(news.get("target_group_arn", "")),
                added=_without(after.targets, before.attached),
                removed=_without(before.attached, after.targets),
                attached=before.attached,
                held=after.held,
                failed=before.failed,
                foreign=before.foreign,
                again=_again(after.held, before.recent, news),
                outputs=olds,
            ),
        )

    def done(self, urn: str, olds: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Note what came of it."""
        before, after = record.recorded(olds), record.recorded(outputs)
        self._note(
            urn,
            lambda group: replace(
                group,
                arn=str(outputs.get("target_group_arn", group.arn)),
                added=_without(after.attached, before.attached),
                removed=_without(before.attached, after.attached),
                attached=after.attached,
                held=after.held,
                failed=after.failed,
                foreign=after.foreign,
                again=_again(after.held, after.recent, outputs),
                outputs=outputs,
            ),
        )

    def took(self, urn: str, seconds: float) -> None:
        """Add to the time of a resource."""
        self._note(urn, lambda group: replace(group, seconds=group.seconds + seconds))

    def _note(self, urn: str, change: Callable[[Group], Group]) -> None:
        with self._lock:
            group = self._of.get(urn) or Group(urn, urn.rsplit("::", 1)[-1])
            self._of[urn] = change(group)


def _again(
    held: Mapping[str, str], recent: Mapping[str, int], properties: Mapping[str, Any]
) -> datetime | None:
    window = duration.read(properties.get("removal_window", _WINDOW))
    return schedule.again(held, recent, window)


def _without(these: Mapping[str, str], those: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in these.items() if key not in those}
