"""The stand-in's clock, which control can move so that no test ever sleeps."""

from __future__ import annotations

import time


class Clock:
    """Monotonic seconds plus an offset that only grows."""

    def __init__(self) -> None:
        """Start at the machine's own monotonic time."""
        self._offset = 0.0

    def now(self) -> float:
        """Return the time that draining and health checks are measured by."""
        return time.monotonic() + self._offset

    def advance(self, seconds: float) -> float:
        """Let `seconds` pass at once and return the sum of all such jumps."""
        if seconds < 0:
            msg = "the clock only goes forward"
            raise ValueError(msg)
        self._offset += seconds
        return self._offset

    def reset(self) -> float:
        """Drop the offset and return how far the clock went back, to shift what was stamped."""
        dropped, self._offset = self._offset, 0.0
        return dropped
