"""Head-room: which additions are made when a quota does not leave room for all.

The choice is the same in every run (no churn), and spreads over zones (no zone is starved).
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


def room(quota: int, listing: Collection[str]) -> int:
    """Count the targets that still go into a group; draining ones count, and never below 0."""
    return max(0, quota - len(listing))


def choose(
    additions: Iterable[str], room: int, standing: Iterable[str], zones: Mapping[str, str]
) -> list[str]:
    """Choose the additions to make, sorted: the first so many of :func:`order`.

    So what is chosen for little room is chosen for more room too.

    Args:
        additions: Keys to add.
        room: How many go in.
        standing: Keys that stand.
        zones: Key -> zone, as far as it is known.
    """
    wanted = set(additions)
    return sorted(wanted if len(wanted) <= room else order(wanted, standing, zones)[:room])


def order(
    additions: Collection[str], standing: Iterable[str], zones: Mapping[str, str]
) -> list[str]:
    """Put additions into the order in which they get what room there is.

    The zone with the fewest targets gets the next one, the first of its keys; of two such zones
    the first by name.
    """
    waiting: dict[str, list[str]] = defaultdict(list)
    for key in sorted(set(additions), reverse=True):
        waiting[zones.get(key, "")].append(key)
    counts = Counter(zones.get(key, "") for key in standing)
    heap = [(counts[zone], zone) for zone in waiting]
    heapq.heapify(heap)
    found: list[str] = []
    while heap:
        count, zone = heapq.heappop(heap)
        found.append(waiting[zone].pop())
        if waiting[zone]:
            heapq.heappush(heap, (count + 1, zone))
    return found
