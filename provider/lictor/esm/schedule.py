"""When what is due: a queue of times without a clock of its own."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
_SOONEST = 0.9


class Schedule(Generic[T]):
    """Things with the times at which they are due, earliest first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, due: float, thing: T) -> None:
        """Let a thing be due at a time."""
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, thing))

    def due(self) -> float:
        """Tell when the next thing is due; infinity for never."""
        return self._heap[0][0] if self._heap else float("inf")

    def take(self, now: float) -> Iterator[tuple[float, T]]:
        """Take out all that is due by now, with the times at which it was."""
        while self._heap and self._heap[0][0] <= now:
            due, _, thing = heapq.heappop(self._heap)
            yield due, thing


def following(due: float, begun: float, ended: float, interval: float) -> float:
    """Tell when what has run is due again: an interval after its end.

    The time by which it began late is ours, and is taken off, so that an endpoint is not asked more
    seldom because many are asked; but at most a tenth of the interval, so that a monitor that was
    held up does not ask twice as often after it.
    """
    return max(due + (ended - begun) + interval, ended + interval * _SOONEST)
