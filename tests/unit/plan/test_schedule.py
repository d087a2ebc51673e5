"""When the clock alone lets something go."""

from __future__ import annotations

from datetime import UTC, datetime

from lictor.plan import schedule

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RECENT = {"2026-11-21T11:55:00Z": 2, "2026-11-21T11:58:00Z": 1}


def test_the_earliest_delay() -> None:
    """Of several that are held for a delay."""
    held = {
        "a:1": "removal_delay; due 2026-11-21T12:00:00Z",
        "b:1": "removal_delay; due 2026-11-21T12:05:00Z",
    }
    assert schedule.again(held, {}, 600) == NOON


def test_the_window_moves_on() -> None:
    """Where the share within it is what holds, the oldest removal's leaving is waited for."""
    held = {"a:1": "max_removal_percent 30: 4 of 13 within 600 s"}
    assert schedule.again(held, RECENT, 300) == NOON
    assert schedule.again(held, {}, 300) is None


def test_what_only_a_change_can_help() -> None:
    """A floor, an empty answer: no run is due."""
    assert schedule.again({"a:1": "min_targets 1: 0 would remain"}, RECENT, 300) is None
    assert schedule.again({}, RECENT, 300) is None
