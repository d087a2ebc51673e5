"""When a resource has to be looked at again though neither Consul nor AWS changes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from lictor.plan import guards, window

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_BY_SHARE = "max_removal_percent"


def again(held: Mapping[str, str], recent: Mapping[str, int], seconds: float) -> datetime | None:
    """Tell when something that is held may go, as far as the clock alone decides.

    Args:
        held: Key -> reason, as outputs have it.
        recent: Time -> removals, as outputs have it.
        seconds: Length of the removal window.

    Returns:
        The earliest time at which a delay is over, or a removal leaves the window that
        ``max_removal_percent`` looks at; None where only a change can help.
    """
    moments = [moment for reason in held.values() if (moment := guards.due_time(reason))]
    if recent and any(reason.startswith(_BY_SHARE) for reason in held.values()):
        moments.append(min(map(window.parse, recent)) + timedelta(seconds=seconds))
    return min(moments, default=None)
