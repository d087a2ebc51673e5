"""The guards, one by one and in their order."""

from datetime import timedelta

import pytest

from lictor import errors
from lictor.model import Guards, OnEmpty, OnGuard, Policy
from lictor.plan import guards, record
from lictor.plan.planning import Standing
from lictor.plan.record import Recorded
from tests.unit.plan.make import NOW, make_keys, make_plan

EMPTY = "on_empty keep: web is not in Consul's catalog"


@pytest.mark.parametrize(
    ("limits", "stood", "named", "reason"),
    [
        (Guards(), 3, 1, None),
        (Guards(), 9, 1, None),
        (Guards(), 10, 7, None),
        (Guards(), 10, 6, "max_removal_percent 30: 4 of 10 within 600 s"),
        (Guards(max_removal_percent=40), 10, 6, None),
        (Guards(max_removal_percent=0), 10, 9, "max_removal_percent 0: 1 of 10 within 600 s"),
        (Guards(max_removal_percent=100), 100, 1, None),
        (Guards(min_targets=2), 3, 1, "min_targets 2: 1 would remain"),
        (Guards(min_targets=2), 3, 2, None),
        (Guards(min_targets=8), 12, 7, "min_targets 8: 7 would remain"),
        (Guards(min_targets=0), 3, 0, EMPTY),
        (Guards(), 3, 0, EMPTY),
        (Guards(on_empty=OnEmpty.DRAIN), 30, 0, None),
        (Guards(on_empty=OnEmpty.DRAIN), 30, 1, "max_removal_percent 30: 29 of 30 within 600 s"),
        (Guards(policy=Policy.ADD_ONLY), 3, 2, "policy add-only"),
        (Guards(policy=Policy.ADD_ONLY, on_empty=OnEmpty.FAIL), 3, 0, "policy add-only"),
        (Guards(policy=Policy.ADD_ONLY, on_guard=OnGuard.FAIL), 3, 2, "policy add-only"),
        (Guards(on_guard=OnGuard.FAIL), 3, 0, EMPTY),
    ],
)
def test_the_first_guard_that_trips_holds_every_removal(
    limits: Guards, stood: int, named: int, reason: str | None
) -> None:
    """Policy, on_empty, min_targets, percent: in this order, all or nothing."""
    standing, wanted = make_keys(stood), make_keys(named)
    plan = make_plan(wanted, standing, guards=limits)
    assert set(plan.held.values()) == ({reason} if reason else set())
    assert set(plan.held) == (set(standing) - set(wanted) if reason else set())
    assert set(plan.targets) == set(standing if reason else wanted)


@pytest.mark.parametrize(
    ("limits", "stood", "named", "said"),
    [
        (Guards(on_guard=OnGuard.FAIL), 10, 6, "4 removals refused (max_removal_percent 30"),
        (Guards(on_guard=OnGuard.FAIL, min_targets=2), 3, 1, "2 removals refused (min_targets 2"),
        (Guards(on_empty=OnEmpty.FAIL), 3, 0, "3 removals refused (on_empty: web is not in"),
    ],
)
def test_fail_refuses_the_plan_and_says_how_to_let_it_through(
    limits: Guards, stood: int, named: int, said: str
) -> None:
    """The numbers and the way out stand in the message."""
    with pytest.raises(errors.RemovalRefused) as caught:
        make_plan(make_keys(named), make_keys(stood), guards=limits)
    assert str(caught.value).startswith(said)
    assert "LICTOR_ALLOW_REMOVAL=NAME" in str(caught.value)


@pytest.mark.parametrize(
    "limits",
    [
        Guards(),
        Guards(min_targets=8),
        Guards(on_guard=OnGuard.FAIL),
        Guards(on_empty=OnEmpty.FAIL),
        Guards(removal_delay=60),
    ],
)
@pytest.mark.parametrize("named", [0, 1])
def test_the_user_lets_removals_through_once(limits: Guards, named: int) -> None:
    """Every guard and the delay give way."""
    plan = make_plan(make_keys(named), make_keys(12), guards=limits, allowed=True)
    assert list(plan.targets) == make_keys(named)
    assert plan.held == {}


def test_add_only_is_not_lifted_by_letting_removals_through() -> None:
    """It is a policy and no guard."""
    limits = Guards(policy=Policy.ADD_ONLY, removal_delay=60)
    plan = make_plan(make_keys(1), make_keys(3), guards=limits, allowed=True)
    assert set(plan.held.values()) == {"policy add-only"}


def test_nothing_missing_trips_nothing() -> None:
    """An addition is never refused."""
    limits = Guards(min_targets=50, max_removal_percent=0, on_guard=OnGuard.FAIL)
    assert make_plan(make_keys(20), make_keys(3), guards=limits).held == {}
    assert make_plan([], [], guards=Guards(on_empty=OnEmpty.FAIL)).targets == {}


def test_removals_of_the_window_count_in_share_and_base() -> None:
    """Three of twenty were removed: three more are 6 of 20, four more are 7."""
    recent = {"2026-11-21T07:55:00Z": 3}
    assert make_plan(make_keys(14), make_keys(17), recent=recent).held == {}
    plan = make_plan(make_keys(13), make_keys(17), recent=recent)
    assert set(plan.held.values()) == {"max_removal_percent 30: 7 of 20 within 600 s"}
    later = NOW + timedelta(minutes=5)
    assert make_plan(make_keys(13), make_keys(17), recent=recent, now=later).held == {}


def test_what_is_added_first_stands_when_removals_begin() -> None:
    """Forty of a hundred replaced are 40 of 140; five of five are half of ten, and stay so."""
    stood, new = make_keys(100), make_keys(40, start=200)
    assert make_plan([*stood[40:], *new], stood).held == {}
    first = make_plan(make_keys(5, start=200), make_keys(5))
    assert set(first.held.values()) == {"max_removal_percent 30: 5 of 10 within 600 s"}
    assert make_plan(make_keys(5, start=200), first.targets).held == first.held


def test_small_groups_do_not_escape_by_what_was_removed() -> None:
    """The base counts what left within the window, so ten stay ten."""
    plan = make_plan(make_keys(6), make_keys(8), recent={"2026-11-21T07:59:00Z": 2})
    assert set(plan.held.values()) == {"max_removal_percent 30: 4 of 10 within 600 s"}


@pytest.mark.parametrize(
    ("key", "kept"), [("10.0.9.1:0", False), ("web.example.net:80", False), ("8.8.8.8:80", False)]
)
def test_targets_that_cannot_be_placed_count_for_nothing(key: str, *, kept: bool) -> None:
    """They never stood: no floor is reached by them, and their leaving is no removal."""
    limits = Guards(min_targets=2)
    plan = make_plan([*make_keys(1), key], make_keys(2), guards=limits)
    assert set(plan.held) == {make_keys(2)[1]}
    gone = make_plan(make_keys(2), [*make_keys(2), key], guards=Guards(policy=Policy.ADD_ONLY))
    assert (key in gone.targets) is kept
    assert gone.recent == {}
    others = [f"10.9.0.{number}:0" for number in range(1, 21)]
    crowd = make_plan(make_keys(6), [*make_keys(10), *others])
    assert set(crowd.held.values()) == {"max_removal_percent 30: 4 of 10 within 600 s"}


class TestDelay:
    """``removal_delay``: how long a target must be missing."""

    limits = Guards(removal_delay=60)

    def test_the_due_time_is_fixed_when_first_missing_and_copied(self) -> None:
        """To the second, never early, and whoever asks later gets the same."""
        named, stood = make_keys(2), make_keys(3)
        moment = NOW + timedelta(milliseconds=1)
        first = make_plan(named, stood, guards=self.limits, now=moment)
        assert first.held == {stood[2]: "removal_delay; due 2026-11-21T08:01:01Z"}
        for seconds in (1, 30, 60.9):
            later = make_plan(
                named,
                stood,
                guards=self.limits,
                held=first.held,
                now=NOW + timedelta(seconds=seconds),
            )
            assert later.held == first.held
        due = make_plan(
            named, stood, guards=self.limits, held=first.held, now=NOW + timedelta(seconds=61)
        )
        assert due.held == {}
        assert list(due.targets) == named

    def test_an_instance_that_comes_back_begins_anew(self) -> None:
        """What flaps is not removed."""
        named, stood = make_keys(2), make_keys(3)
        first = make_plan(named, stood, guards=self.limits)
        back = make_plan(stood, stood, guards=self.limits, held=first.held)
        assert back.held == {}
        again = make_plan(
            named, stood, guards=self.limits, held=back.held, now=NOW + timedelta(seconds=59)
        )
        assert again.held == {stood[2]: "removal_delay; due 2026-11-21T08:01:59Z"}

    def test_a_guard_keeps_the_due_time_and_names_itself(self) -> None:
        """When it trips no more, what is due goes at once."""
        named, stood = make_keys(6), make_keys(10)
        first = make_plan(named, stood, guards=self.limits)
        reason = "max_removal_percent 30: 4 of 10 within 600 s; due 2026-11-21T08:01:00Z"
        assert set(first.held.values()) == {reason}
        assert guards.gist(reason) == "max_removal_percent 30; due 2026-11-21T08:01:00Z"
        later = make_plan(
            make_keys(7), stood, guards=self.limits, held=first.held, now=NOW + timedelta(minutes=1)
        )
        assert list(later.targets) == make_keys(7)

    def test_a_delay_taken_back_lets_go(self) -> None:
        """Without a delay nothing waits, whatever was noted before."""
        first = make_plan(make_keys(2), make_keys(3), guards=self.limits)
        assert make_plan(make_keys(2), make_keys(3), held=first.held).held == {}

    def test_no_delay_is_longer_than_it_is(self) -> None:
        """Neither where a clock was far ahead for a moment, nor where it was shortened since."""
        ahead = NOW + timedelta(days=4000)
        for limits, now in ((self.limits, ahead), (Guards(removal_delay=3600), NOW)):
            first = make_plan(make_keys(2), make_keys(3), guards=limits, now=now)
            back = make_plan(make_keys(2), make_keys(3), guards=self.limits, held=first.held)
            assert set(back.held.values()) == {"removal_delay; due 2026-11-21T08:01:00Z"}

    def test_draining_waits_for_the_delay(self) -> None:
        """The user's word lifts floors, not the delay."""
        limits = Guards(removal_delay=60, on_empty=OnEmpty.DRAIN)
        first = make_plan([], make_keys(20), guards=limits)
        assert set(first.held.values()) == {"removal_delay; due 2026-11-21T08:01:00Z"}
        due = make_plan(
            [], make_keys(20), guards=limits, held=first.held, now=NOW + timedelta(minutes=1)
        )
        assert due.targets == {}

    def test_a_long_delay_does_not_choke_a_slow_rollover(self) -> None:
        """Only what is due within the window counts in its share: an hour's churn may wait."""
        limits = Guards(removal_delay=3600)
        stood = make_keys(20)
        held = {
            key: f"removal_delay; due 2026-11-21T08:{5 * number:02}:00Z"
            for number, key in enumerate(stood[10:])
        }
        plan = make_plan(stood[:10], stood, guards=limits, held=held)
        assert sorted(set(stood) - set(plan.targets)) == [stood[10]]

    def test_a_reason_that_only_looks_like_a_due_time_is_none(self) -> None:
        """A service may be called anything."""
        held = {make_keys(3)[2]: "on_empty keep: web; due soon is not in Consul's catalog"}
        plan = make_plan(make_keys(2), make_keys(3), guards=self.limits, held=held)
        assert set(plan.held.values()) == {"removal_delay; due 2026-11-21T08:01:00Z"}


@pytest.mark.parametrize(
    ("reason", "gist"),
    [
        ("policy add-only", "policy add-only"),
        ("min_targets 2: 1 would remain", "min_targets 2"),
        (
            "on_empty keep: web: x; due 2026-11-21T08:01:00Z",
            "on_empty keep; due 2026-11-21T08:01:00Z",
        ),
        ("removal_delay; due 2026-11-21T08:01:00Z", "removal_delay; due 2026-11-21T08:01:00Z"),
    ],
)
def test_the_numbers_behind_a_reason_are_no_change(reason: str, gist: str) -> None:
    """They change as the window moves on, and a hold is one update and then none."""
    assert guards.gist(reason) == gist
    old = Recorded(attached={"10.0.0.1:80": "a"}, held={"10.0.0.1:80": reason})
    assert not record.differs(old, Standing({"10.0.0.1:80": "a"}, {"10.0.0.1:80": gist}))
