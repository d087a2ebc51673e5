"""How often Consul is asked: as fast as things happen, but never faster than it bears."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to leave alone what has failed, in seconds.

    Attributes:
        first: After the first failure.
        most: However many there were. Consul may be back at any moment, and nothing is seen of
            it for so long.
    """

    first: float = 0.2
    most: float = 10.0

    def pause(self, failures: int, chance: float) -> float:
        """Tell the pause after so many failures in a row, 1 or more.

        Args:
            failures: How many.
            chance: From 0 to 1, by which the pause is spread by half, up and down: those who
                failed together do not come back together.
        """
        doubled = min(max(failures, 1) - 1, 30)  # further than any limit, and no float overflows
        return min(self.most, self.first * 2.0**doubled) * (0.5 + chance)


class Bucket:
    """Lets a burst through at once, and what goes on for longer at a steady rate.

    An index may move without end while no answer changes: each changed output of a check moves
    it. A pause after every answer would make each first change late, so the pauses begin only
    when the bucket is empty.
    """

    def __init__(self, burst: int) -> None:
        """Begin with a full bucket of so many."""
        self._burst = burst
        self._full = float("-inf")

    def take(self, now: float, rate: float) -> float:
        """Take one out, and tell how many seconds to wait before it may be used.

        Args:
            now: The time, in seconds of any clock that never goes back.
            rate: How many flow in within a second.
        """
        self._full = max(self._full, now) + 1 / rate  # when it will be full again
        return max(0.0, self._full - self._burst / rate - now)
