"""An event loop whose clock runs as fast as nothing happens: hours of waiting take no time."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    """Does not wait: it moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what is ready, and let the time pass."""
        found = super().select(0)
        if not found and timeout:
            self.now += timeout
        return found


class Loop(asyncio.SelectorEventLoop):
    """A loop with such a clock."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Tell the time of the fake clock."""
        return self._clock.now

    def stall(self, seconds: float) -> None:
        """Let the time pass as if the process had been held up."""
        self._clock.now += seconds


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run something on such a loop."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(work)
