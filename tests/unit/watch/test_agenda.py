"""When runs begin: isolated changes, bursts, failures, timers."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from lictor.watch.agenda import LONGEST_PAUSE, Agenda, Patience

PATIENCE = Patience(quiet=0.2, most=2.0, resync=0)
_GAPS = st.lists(st.floats(0, 1, width=16), min_size=1, max_size=40)


def agenda(**more: float) -> Agenda:
    """Make one whose jitter is known."""
    return Agenda(Patience(0.2, 2.0, more.get("resync", 0)), random.Random(1))  # noqa: S311 - no secret


def test_an_isolated_change_runs_at_once() -> None:
    """Whatever was long before."""
    plan = agenda()
    assert plan.due() is None
    plan.note("web", 10.0)
    assert plan.due() == 10.0
    assert plan.take(10.0) == ("web",)
    plan.ended(10.3, again=False)
    plan.note("web", 12.0)
    assert plan.due() == 12.0


def test_a_burst_is_gathered() -> None:
    """What follows a change soon waits for quiet, but not for ever."""
    plan = agenda()
    plan.note("web", 10.0)
    plan.take(10.0)
    plan.note("web", 10.1)
    plan.note("api", 10.15)
    due = plan.due()
    assert due is not None
    assert round(due, 6) == 10.35
    assert plan.take(due) == ("web", "api")
    for number in range(100):
        plan.note("web", due + 0.1 * (number + 1))
    late = plan.due()
    assert late is not None
    assert late <= due + 0.1 + PATIENCE.most + 1e-9


@given(_GAPS)
def test_no_change_waits_longer_than_it_may(gaps: list[float]) -> None:
    """Every change is taken within the longest time, however they come."""
    plan, now, waiting = agenda(), 100.0, None
    for gap in gaps:
        now += gap
        due = plan.due()
        if due is not None and due <= now:
            assert waiting is not None
            assert due - waiting <= PATIENCE.most + 1e-6
            plan.take(due)
            waiting = None
        plan.note("web", now)
        waiting = now if waiting is None else waiting
    due = plan.due()
    assert due is not None
    assert waiting is not None
    assert due - waiting <= PATIENCE.most + 1e-6


def test_failures_are_repeated_ever_more_slowly() -> None:
    """With jitter, up to a limit; a change does not wait for that, success ends it."""
    plan, now, pauses = agenda(), 0.0, []
    for _ in range(12):
        plan.ended(now, again=True)
        due = plan.due()
        assert due is not None
        pauses.append(due - now)
        now = due
        assert plan.take(now) == ("retry",)
    assert 0.5 <= pauses[0] <= 1
    assert all(LONGEST_PAUSE / 2 <= pause <= LONGEST_PAUSE for pause in pauses[7:])
    plan.ended(now, again=True)
    plan.note("web", now + 0.5)
    assert plan.due() == now + 0.5
    plan.take(now + 0.5)
    plan.ended(now + 1, again=False)
    assert plan.due() is None


def test_timers_and_resync() -> None:
    """A hold that is due, and the regular look at AWS."""
    plan = agenda(resync=600)
    plan.ended(0.0, again=False, timer=30.0)
    assert plan.due() == 30.0
    assert plan.take(30.0) == ("timer",)
    plan.ended(31.0, again=False)
    assert plan.due() == 600.0
    assert plan.take(600.0) == ("resync",)
    plan.ended(601.0, again=False)
    assert plan.due() == 1201.0
