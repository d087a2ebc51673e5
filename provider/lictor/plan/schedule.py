"""When a resource has to be looked at again though neither Consul nor AWS changes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lictor.plan import guards, window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

_BY_SHARE = "max_removal_percent"


def moments(
    held: Mapping[str, str], recent: Mapping[str, int], seconds: float
) -> tuple[datetime, ...]:
    """Tell when something that is held may go, as far as the clock alone decides.

    Args:
        held: Key -> reason, as outputs have it.
        recent: Time -> removals, as outputs have it.
        seconds: Length of the removal window.

    Returns:
        The times at which a delay is over, or a removal leaves the window that
        ``max_removal_percent`` looks at, in order; none where only a change can help.
    """
    found = {moment for reason in held.values() if (moment := guards.due_time(reason))}
    if any(reason.startswith(_BY_SHARE) for reason in held.values()):
        found |= {window.parse(text) + timedelta(seconds=seconds) for text in recent}
    return tuple(sorted(found))


def after(moments: Iterable[datetime], run: datetime) -> datetime | None:
    """Choose the moment to look again.

    What was due by the time that a run began, that run has taken into account: if it is held
    still, then for another reason, and looking again at once would help as little.

    Args:
        moments: When something may go.
        run: When the run began that has found them.

    Returns:
        The first of them after that, though it may be past by now; None where there is none.
    """
    return min((moment for moment in moments if moment > run), default=None)
