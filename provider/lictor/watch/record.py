"""From a run's outcome to the board's values: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.plan import record
from lictor.watch import status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from lictor.watch.engine.outcome import Group
    from lictor.watch.status import Begun
    from lictor.watch.verdict import Verdict


def ended(begun: Begun, seconds: float, verdict: Verdict, groups: Iterable[Group]) -> status.Run:
    """Describe a run that has ended."""
    groups = tuple(groups)
    added, removed = (sum(len(getattr(group, name)) for group in groups) for name in _MOVES)
    return status.Run(
        number=begun.number,
        why=begun.why,
        started=begun.started,
        seconds=seconds,
        outcome=verdict,
        text=f"{len(groups)} groups, +{added} -{removed}",
        phases={"run": seconds, "groups": sum(group.seconds for group in groups)},
    )


_MOVES = ("added", "removed")


def standing(groups: Iterable[Group]) -> dict[str, status.Group]:
    """Describe the groups as a run left them."""
    return {
        group.name: status.Group(
            arn=group.arn,
            targets=record.standing(group.outputs).targets if group.arn else group.attached,
            held=group.held,
            attached=group.attached,
            failed=group.failed,
            foreign=group.foreign,
            blocked=status.Blocked.by(group.blocked) if group.blocked else None,
        )
        for group in groups
    }


def changes(groups: Iterable[Group], when: datetime) -> Iterator[status.Change]:
    """List what happened to targets."""
    for group in groups:
        for sign, keys in (
            (status.Sign.ADDED, group.added),
            (status.Sign.REMOVED, group.removed),
        ):
            for key, label in sorted(keys.items()):
                yield status.Change(when, group.name, sign, key, label)
