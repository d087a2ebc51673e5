"""What a run of the engine did to lictor's resources."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lictor.resources import served, tokens
from lictor.resources.kinds import View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lictor import errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(View):
    """One resource in one run.

    Attributes:
        urn: The resource.
        name: Its name in the stack.
        blocked: Why the answers that it stands on were not used; None where they were.
        kept: Whether something stands that was kept, where it is blocked.
        paused: Why it was left alone, on somebody's word; empty where it was not.
        outputs: All of them, as state has them or will have them.
        seconds: How long it took, reading and changing.
    """

    urn: str
    name: str
    blocked: errors.LictorError | None = None
    kept: bool = True
    paused: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    seconds: float = 0.0


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

    def blocked(self, urn: str, error: errors.LictorError, *, kept: bool = True) -> None:
        """Note that Consul's answer is not used, and whether there is anything to keep."""
        self._note(urn, lambda group: replace(group, blocked=error, kept=kept))

    def is_blocked(self, urn: str) -> bool:
        """Whether an answer about a resource is not used in this run."""
        with self._lock:
            return urn in self._of and self._of[urn].blocked is not None

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
        self._show(urn, served.KINDS[tokens.of(urn)].planned(olds, news, shown=shown), olds)

    def done(
        self,
        urn: str,
        olds: Mapping[str, Any],
        outputs: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Note what came of it.

        Args:
            urn: The resource.
            olds: The last run's outputs; empty for a new resource.
            outputs: This run's outputs; empty after a deletion.
            inputs: This run's inputs, where something was made or changed.
        """
        view = served.KINDS[tokens.of(urn)].done(olds, inputs or {}, outputs)
        self._show(urn, view, outputs)

    def _show(self, urn: str, view: View, outputs: Mapping[str, Any]) -> None:
        """Note what goes, what comes and what stands."""
        self._note(
            urn,
            lambda group: replace(
                group, **{**view.facts(), "arn": view.arn or group.arn}, outputs=outputs
            ),
        )

    def took(self, urn: str, seconds: float) -> None:
        """Add to the time of a resource."""
        self._note(urn, lambda group: replace(group, seconds=group.seconds + seconds))

    def _note(self, urn: str, change: Callable[[Group], Group]) -> None:
        with self._lock:
            group = self._of.get(urn) or Group(urn=urn, name=urn.rsplit("::", 1)[-1])
            self._of[urn] = change(group)
