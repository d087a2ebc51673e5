"""The two clocks that the loop reads: one that never goes back, and the one on people's walls."""

from __future__ import annotations

import time
from collections.abc import Callable  # noqa: TC003 - a dataclass of them
from dataclasses import dataclass
from datetime import UTC, datetime


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the edge where the clock is read


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the time.

    Attributes:
        seconds: Seconds that never go back.
        now: The time, in UTC.
    """

    seconds: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _now
