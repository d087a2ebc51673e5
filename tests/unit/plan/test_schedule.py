"""When the clock alone lets something go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lictor.plan import schedule

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RECENT = {"2026-11-21T11:55:00Z": 2, "2026-11-21T11:58:00Z": 1}


def test_the_delays() -> None:
    """Of several that are held for one: each once."""
    held = {
        "a:1": "removal_delay; due 2026-11-21T12:05:00Z",
        "b:1": "on_empty keep: web has no instance; due 2026-11-21T12:00:00Z",
        "c:1": "removal_delay; due 2026-11-21T12:05:00Z",
    }
    assert schedule.moments(held, {}, 600) == (NOON, NOON + 5 * MINUTE)


def test_the_window_moves_on() -> None:
    """Where the share within it is what holds, each removal's leaving may let something go."""
    held = {"a:1": "max_removal_percent 30: 4 of 13 within 600 s"}
    assert schedule.moments(held, RECENT, 300) == (NOON, NOON + 3 * MINUTE)
    assert schedule.moments(held, {}, 300) == ()


def test_what_only_a_change_can_help() -> None:
    """A floor, an empty answer: no run is due."""
    assert schedule.moments({"a:1": "min_targets 1: 0 would remain"}, RECENT, 300) == ()
    assert schedule.moments({}, RECENT, 300) == ()


def test_each_moment_calls_for_one_run() -> None:
    """What a run has seen past, and holds still, is no reason for another: else they never end."""
    moments = (NOON, NOON + 5 * MINUTE)
    assert schedule.after(moments, NOON - MINUTE) == NOON
    assert schedule.after(moments, NOON) == NOON + 5 * MINUTE
    assert schedule.after(moments, NOON + 6 * MINUTE) is None
