"""Whether the nodes that we take for ours may be another's by now.

After trouble with Consul, or a time in which this process stood still, the others may have shared
our nodes among themselves. Until our list has been read again nothing of theirs is written, and no
service is taken out.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

STILL = 5.0
"""Seconds without a beat, of which there is one a second, after which we count as frozen."""

UNSEEN = 60.0
"""Seconds for which there may be trouble before anybody sees it: a long poll that never returns."""


class Doubt:
    """Arises by trouble, and ends when our list has been read by a question asked after it.

    Args:
        clock: Seconds that never go back.
        resume: Told of each end, with the seconds of which nothing is known; infinity where the
            process stood still.
    """

    def __init__(self, clock: Callable[[], float], resume: Callable[[float], None]) -> None:
        self.arisen = asyncio.Event()
        self.count = 0
        self._clock = clock
        self._resume = resume
        self._sure = asyncio.Event()
        self._sure.set()
        self._arose = self._beaten = clock()
        self._still = False

    @property
    def open(self) -> bool:
        """Whether there is a doubt."""
        self.beat()
        return not self._sure.is_set()

    def beat(self) -> None:
        """Look at the clock: it should have been looked at a moment ago."""
        before, self._beaten = self._beaten, self._clock()
        if self._beaten - before > STILL:
            self._still = True
            self.arises()

    def arises(self) -> None:
        """Take note of trouble."""
        if self._sure.is_set():
            self._arose = self._clock()
        self.count += 1
        self._sure.clear()
        self.arisen.set()

    def settles(self, count: int) -> None:
        """Take note of an answer.

        Args:
            count: What `count` was when it was asked for; what arose since then stays.
        """
        self.beat()
        if count != self.count:
            return
        gap = float("inf") if self._still else self._clock() - self._arose + UNSEEN
        self._still = False
        self.arisen.clear()
        self._sure.set()
        self._resume(gap)

    async def over(self) -> None:
        """Wait until there is none."""
        while self.open:
            await self._sure.wait()
