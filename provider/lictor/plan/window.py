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
    """Write a time, to the second, in UTC."""
    return moment.astimezone(UTC).strftime(FORM)


def parse(text: str) -> datetime:
    """Read a time that :func:`stamp` wrote."""
    return datetime.strptime(text, FORM).replace(tzinfo=UTC)


def within(recent: Mapping[str, int], now: datetime, seconds: float) -> dict[str, int]:
    """Keep what lies in the window that ends now; a time in the future (a clock set back) stays."""
    start = now - timedelta(seconds=seconds)
    return {text: int(recent[text]) for text in sorted(recent) if parse(text) > start}


def add(recent: Mapping[str, int], now: datetime, count: int) -> dict[str, int]:
    """Note removals made now."""
    if not count:
        return dict(recent)
    text = stamp(now)
    return {**recent, text: recent.get(text, 0) + count}


def total(recent: Mapping[str, int]) -> int:
    """Count the removals."""
    return sum(recent.values())
