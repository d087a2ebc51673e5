"""Removals of the recent past: when, and how many.

A map from a UTC time (``2026-11-21T08:00:00Z``) to the number of targets removed then. It is
small, names no target, and loses nothing when its oldest entries are dropped.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM = "%Y-%m-%dT%H:%M:%SZ"


def stamp(moment: datetime) -> str:
    """Write a time in UTC, rounded up to the second.

    Up, because what is written is waited for: a delay must not end early, nor a removal leave
    the window before its time.
    """
    return (moment.astimezone(UTC) + timedelta(microseconds=999_999)).strftime(FORM)


def parse(text: str) -> datetime:
    """Read a time that :func:`stamp` wrote."""
    return datetime.strptime(text, FORM).replace(tzinfo=UTC)


def within(recent: Mapping[str, int], now: datetime, seconds: float) -> dict[str, int]:
    """Keep what lies in the window that ends now.

    A time in the future counts as now: the clock was set back, and a time years ahead must not
    count for years.
    """
    start, latest = now - timedelta(seconds=seconds), stamp(now)
    result: dict[str, int] = {}
    for text in sorted(recent):
        if parse(text) > start:
            kept = min(text, latest)
            result[kept] = result.get(kept, 0) + recent[text]
    return result


def add(recent: Mapping[str, int], now: datetime, count: int) -> dict[str, int]:
    """Note removals made now."""
    if not count:
        return dict(recent)
    text = stamp(now)
    return {**recent, text: recent.get(text, 0) + count}


def total(recent: Mapping[str, int]) -> int:
    """Count the removals."""
    return sum(recent.values())
