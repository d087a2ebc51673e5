"""How a run ended, for people, scripts and the loop: pure."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from lictor.plan.guards import gist

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lictor.watch.engine.outcome import Group

_DONE = ("policy add-only", "removal_delay")
"""Reasons of holds that are the user's wish and no trouble: a delay ends by itself."""


class Verdict(enum.StrEnum):
    """How a run ended; the worst thing counts."""

    DONE = "done"
    HELD = "held"
    FAILED = "failed"
    BLOCKED = "blocked"
    ERROR = "error"

    @property
    def code(self) -> int:
        """Exit code of lictor's verbs: 0 done, 1 error, 3 applied but something is left."""
        return {Verdict.DONE: 0, Verdict.ERROR: 1}.get(self, 3)


def judge(groups: Iterable[Group], *, applied: bool) -> Verdict:
    """Judge a run.

    Args:
        groups: Its resources. Where all are blocked, and none has anything to keep, it is an error.
        applied: Whether the engine did all that was asked, failed targets aside.
    """
    groups = tuple(groups)
    if not applied or (groups and not any(group.kept for group in groups)):
        return Verdict.ERROR
    found = [_of(group) for group in groups]
    worst = (Verdict.BLOCKED, Verdict.FAILED, Verdict.HELD)
    return next((verdict for verdict in worst if verdict in found), Verdict.DONE)


def _of(group: Group) -> Verdict:
    if group.blocked:
        return Verdict.BLOCKED
    if group.failed:
        return Verdict.FAILED
    if any(not wished(reason) for reason in group.held.values()):
        return Verdict.HELD
    return Verdict.DONE


def wished(reason: str) -> bool:
    """Whether a hold is what the user asked for: `add-only`, or a delay that is not over."""
    return gist(reason).startswith(_DONE)
