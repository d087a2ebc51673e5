"""The window of recent removals."""

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from lictor.plan import window
from tests.unit.plan.make import NOW


def test_a_stamp_is_utc_to_the_second_and_never_early() -> None:
    """A fraction of a second is rounded up: what is stamped is waited for."""
    zoned = datetime(2026, 11, 21, 9, 0, 0, 1, tzinfo=timezone(timedelta(hours=1)))
    assert window.stamp(NOW) == "2026-11-21T08:00:00Z"
    assert window.stamp(zoned) == "2026-11-21T08:00:01Z"
    assert window.parse(window.stamp(NOW)) == NOW


@given(st.integers(0, 999_999), st.integers(0, 999_999), st.floats(0.1, 5000))
def test_a_removal_counts_for_the_whole_window(start: int, late: int, seconds: float) -> None:
    """However the fractions fall, nothing leaves the window before its time."""
    made = NOW + timedelta(microseconds=start)
    recent = window.add({}, made, 3)
    inside = made + timedelta(seconds=seconds) - timedelta(microseconds=late + 1)
    assert window.total(window.within(recent, max(made, inside), seconds)) == 3
    outside = made + timedelta(seconds=seconds + 1)
    assert window.within(recent, outside, seconds) == {}


def test_removals_of_one_second_add_up() -> None:
    """Two runs within a second lose nothing."""
    recent = window.add(window.add({}, NOW, 2), NOW, 3)
    assert recent == {"2026-11-21T08:00:00Z": 5}
    assert window.add(recent, NOW, 0) == recent


def test_a_clock_that_was_set_back_does_not_count_for_years() -> None:
    """A time in the future counts as now, so that it leaves the window a window later."""
    recent = {"2026-11-21T07:59:00Z": 2, "2099-01-01T00:00:00Z": 4, "2026-11-21T08:00:00Z": 1}
    kept = window.within(recent, NOW, 600)
    assert kept == {"2026-11-21T07:59:00Z": 2, "2026-11-21T08:00:00Z": 5}
    assert window.within(kept, NOW + timedelta(seconds=600), 600) == {}
