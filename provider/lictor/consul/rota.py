"""Who is asked next, where more wants to be watched than Consul lets one client watch.

Consul allows a client 200 connections (``limits.http_max_conns_per_client``), and a long poll
holds one. Up to the cap everyone has a seat: a long poll of its own, which tells of a change at
once. Beyond it some connections are kept for asking all others in turn, one after the other and
for a short time each, and what changed last has a seat: what moves moves again soon.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

K = TypeVar("K", bound="Hashable")


class Turn(NamedTuple, Generic[K]):
    """Leave to ask.

    Attributes:
        key: Whom.
        seated: Whether for long; others wait for their turn otherwise.
    """

    key: K
    seated: bool


class Rota(Generic[K]):
    """The order of asking; knows no clock and no thread.

    At no time is anyone asked twice, nor are more than `cap` asked.

    Args:
        cap: How many may be asked at once.
        turns: How many of them in turn, where not all have a seat.
    """

    def __init__(self, cap: int, turns: int) -> None:
        self._cap = cap
        self._turns = turns
        self._known: set[K] = set()
        self._seated: set[K] = set()
        self._asked: dict[K, bool] = {}  # whom just now, and whether from a seat
        self._idle: dict[K, int] = {}  # the entry of a heap that counts
        self._heaps: dict[bool, list[tuple[float, int, K]]] = {True: [], False: []}
        self._moved: Counter[K] = Counter()  # when anything was new, in steps
        self._steps = itertools.count(1)

    def replace(self, keys: Sequence[K]) -> list[K]:
        """Ask these from now on, the first ones from a seat if not all can have one.

        Returns:
            Those who are being asked and must be left alone: no longer wanted, or their seat is.
            Each is given back as usual.
        """
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        for key in self._known.difference(keys):
            self._idle.pop(key, None)
            del self._moved[key]
        self._known = set(keys)
        before = set(self._seated)
        self._seated &= self._known
        seats = len(self._known) if len(self._known) <= self._cap else self._cap - self._turns
        while len(self._seated) > seats:
            self._seated.remove(self._quietest())
        free = [key for key in dict.fromkeys(keys) if key not in self._seated]
        self._seated.update(free[: seats - len(self._seated)])
        moved = [key for key in self._idle if key in before ^ self._seated]
        for key in [*moved, *(key for key in new if key not in self._asked)]:
            self._wait(key, float("-inf"))
        return [
            key
            for key, seated in self._asked.items()
            if key not in self._known or (seated and key not in self._seated)
        ]

    def take(self, now: float) -> Turn[K] | None:
        """Choose who is asked now; None if nobody is due, or as many are asked as may be."""
        for seated in (True, False):
            if self._next(seated=seated) <= now:
                _, _, key = heapq.heappop(self._heaps[seated])
                del self._idle[key]
                self._asked[key] = seated
                return Turn(key, seated)
        return None

    def due(self) -> float:
        """Tell when `take` will have someone if nobody is given back before; infinite: never."""
        return min(self._next(seated=True), self._next(seated=False))

    def give_back(self, key: K, ready: float, *, news: bool = False) -> K | None:
        """Say that someone has been asked.

        Args:
            key: Who.
            ready: When it may be asked again.
            news: Whether there was anything new, which gives it a seat.

        Returns:
            Who lost its seat to it and is being asked: it must be left alone.
        """
        del self._asked[key]
        if key not in self._known:
            return None
        loser = None
        if news:
            self._moved[key] = next(self._steps)
            if self._seated and key not in self._seated:
                loser = self._quietest()
                self._seated.remove(loser)
                self._seated.add(key)
        self._wait(key, ready)
        if loser in self._idle:
            self._wait(loser, float("-inf"))
            return None
        return loser

    def seated(self, key: K) -> bool:
        """Whether someone has a seat."""
        return key in self._seated

    def known(self) -> Collection[K]:
        """Name all."""
        return self._known

    def _quietest(self) -> K:
        """Name the one with a seat that has been without news for longest."""
        return min(self._seated, key=self._moved.__getitem__)

    def _wait(self, key: K, ready: float) -> None:
        """Put someone where its next turn comes from."""
        step = self._idle[key] = next(self._steps)
        heapq.heappush(self._heaps[key in self._seated], (ready, step, key))

    def _next(self, *, seated: bool) -> float:
        """Tell when the next one may be asked; infinite while others must come back first."""
        heap = self._heaps[seated]
        while heap and self._idle.get(heap[0][2]) != heap[0][1]:
            heapq.heappop(heap)
        in_turn = sum(1 for given in self._asked.values() if not given)
        full = len(self._asked) >= self._cap or (not seated and in_turn >= self._turns)
        return heap[0][0] if heap and not full else float("inf")
