"""The rate at which all resources of this process together register and deregister.

AWS gives each account and region a bucket of 20 such calls that fills up by 4 a second. Who
empties it makes everybody's calls fail, those of other tools too; so we keep a bucket of our own
of the same size, and wait before the call instead of after the refusal.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 4.0
"""Calls a second."""

BURST = 20
"""Calls at once after a rest."""


class Bucket:
    """A token bucket; waiting callers are served in the order in which they came."""

    def __init__(
        self,
        rate: float = RATE,
        burst: int = BURST,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Begin full.

        Args:
            rate: Tokens that come in, a second.
            burst: Tokens that it holds at most.
            clock: Seconds that only grow.
            sleep: Waits that many seconds.
        """
        self._rate, self._burst = rate, burst
        self._clock, self._sleep = clock, sleep
        self._tokens, self._filled = float(burst), clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take a token, waiting for it where there is none; return how long that was.

        A token is taken on credit, so that who comes later also waits later.
        """
        with self._lock:
            now = self._clock()
            gained = (now - self._filled) * self._rate
            self._tokens = min(self._tokens + gained, float(self._burst)) - 1.0
            self._filled = now
            wait = max(0.0, -self._tokens / self._rate)
        if wait:
            self._sleep(wait)
        return wait


class Budgets:
    """A bucket for each account and region; safe between threads."""

    def __init__(self, make: Callable[[], Bucket] = Bucket) -> None:
        """Begin without any; `make` makes one."""
        self._make = make
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        self._lock = threading.Lock()

    def of(self, arn: str) -> Bucket:
        """Return the bucket that a target group's calls draw on."""
        place = tuple(arn.split(":")[1:5:2]) + tuple(arn.split(":")[4:5])
        with self._lock:
            return self._buckets.setdefault(place, self._make())


OF_PROCESS = Budgets()
"""What all resources of this process share."""
