"""Plans, and sequences of them: what holds whatever Consul answers, and whenever."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from lictor import errors
from lictor.model import Guards, OnEmpty, OnGuard, Policy, TargetType
from lictor.plan import guards as guarding
from lictor.plan import record, window
from lictor.plan.planning import Standing, plan
from tests.unit.plan.make import (
    NOW,
    Group,
    make_desired,
    make_key,
    make_keys,
    make_plan,
    make_targets,
)

KEYS = st.sets(st.integers(0, 15).map(make_key))
GUARDS = st.builds(
    Guards,
    policy=st.sampled_from([Policy.SYNC, Policy.SYNC, Policy.ADD_ONLY]),
    on_empty=st.sampled_from([OnEmpty.KEEP, OnEmpty.DRAIN]),
    min_targets=st.integers(0, 5),
    max_removal_percent=st.sampled_from([0, 10, 30, 50, 100]),
    removal_window=st.sampled_from([0.5, 60.0, 600.0]),
    removal_delay=st.sampled_from([0.0, 0.0, 45.0, 1200.0]),
)
FLOORS = GUARDS.filter(
    lambda guards: guards.on_empty is OnEmpty.KEEP and guards.policy is Policy.SYNC
)
STEPS = st.lists(
    st.tuples(KEYS, st.floats(0, 700), st.sampled_from([0.0, 0.0, 90.5])), min_size=1, max_size=12
)
RECENT = st.dictionaries(
    st.integers(0, 1200).map(lambda s: window.stamp(NOW - timedelta(seconds=s))),
    st.integers(1, 9),
    max_size=3,
)


def runs(
    guards: Guards, steps: list[tuple[set[str], float, float]]
) -> Iterator[tuple[Group, set[str], datetime]]:
    """Run a group step by step; yield it after each, with what Consul named, and when."""
    group, now = Group(guards), NOW
    for named, wait, _ in steps:
        now += timedelta(seconds=wait)
        group.run(named, now)
        yield group, named, now


@given(KEYS, KEYS, GUARDS, RECENT)
def test_a_plan_is_what_consul_names_and_what_is_held(
    named: set[str], stood: set[str], guards: Guards, recent: dict[str, int]
) -> None:
    """Nothing else stands, nothing is held that Consul names, and all is sorted."""
    made = make_plan(named, stood, guards=guards, recent=recent)
    assert set(made.targets) == named | set(made.held)
    assert set(made.held) <= stood - named
    assert list(made.targets) == sorted(made.targets)
    assert list(made.held) == sorted(made.held)
    removed = len(stood - set(made.targets))
    before = window.within(recent, NOW, guards.removal_window)
    assert sum(made.recent.values()) == sum(before.values()) + removed


@given(KEYS, KEYS, GUARDS, RECENT)
def test_planning_twice_changes_nothing(
    named: set[str], stood: set[str], guards: Guards, recent: dict[str, int]
) -> None:
    """The second plan of the same moment is the first."""
    first = make_plan(named, stood, guards=guards, recent=recent)
    again = plan(
        make_desired(named),
        Standing(first.targets, first.held, first.recent),
        guards,
        TargetType.IP,
        NOW,
    )
    assert again.targets == first.targets
    assert {key: guarding.gist(text) for key, text in again.held.items()} == {
        key: guarding.gist(text) for key, text in first.held.items()
    }
    assert again.recent == first.recent


@given(KEYS, KEYS, GUARDS)
def test_fail_refuses_exactly_what_hold_holds(
    named: set[str], stood: set[str], guards: Guards
) -> None:
    """The two differ in what happens, never in when; a chosen ``keep`` is no trip."""
    held = make_plan(named, stood, guards=replace(guards, removal_delay=0)).held
    failing = replace(guards, removal_delay=0, on_guard=OnGuard.FAIL)
    try:
        refused = set(make_plan(named, stood, guards=failing).held) != set(held)
    except errors.RemovalRefused:
        refused = True
    chosen = guards.policy is Policy.ADD_ONLY or not named
    assert refused == (bool(held) and not chosen)


@given(FLOORS, STEPS)
def test_no_window_sees_more_removals_than_the_guards_allow(
    guards: Guards, steps: list[tuple[set[str], float, float]]
) -> None:
    """However small the steps, whatever the pauses: counted here anew, to the microsecond."""
    group, now = Group(guards), NOW
    for named, wait, pause in steps:
        now += timedelta(seconds=wait)
        group.run(named, now, pause=timedelta(seconds=pause))
        now += timedelta(seconds=pause)
    length = timedelta(seconds=guards.removal_window)
    for index, (moment, keys, stood) in enumerate(group.removals):
        before = sum(
            len(earlier) for time, earlier, _ in group.removals[:index] if time > moment - length
        )
        base = stood + before
        if base >= guarding.PERCENT_FROM:
            assert (before + len(keys)) * 100 <= guards.max_removal_percent * base
        assert stood - len(keys) >= guards.min_targets


@given(GUARDS, STEPS)
def test_what_stands_is_what_consul_names_and_what_is_told_as_held(
    guards: Guards, steps: list[tuple[set[str], float, float]]
) -> None:
    """After every run the group is the plan: nothing forgotten, nothing stays unnoticed."""
    for group, named, _ in runs(guards, steps):
        assert set(group.outputs.attached) == set(group.listing)
        assert set(group.listing) == named | set(group.outputs.held)


@given(GUARDS, STEPS)
def test_a_second_run_does_nothing(
    guards: Guards, steps: list[tuple[set[str], float, float]]
) -> None:
    """A hold is one change and then none; only what update kept back is tried again."""
    for group, named, now in runs(guards, steps):
        assume(set(group.outputs.held) == set(group.inputs.held))
        calls = group.calls
        assert not group.run(named, now)
        assert group.calls == calls


@given(GUARDS.filter(lambda guards: guards.removal_delay > 0), STEPS)
def test_nothing_is_removed_before_its_delay_is_over(
    guards: Guards, steps: list[tuple[set[str], float, float]]
) -> None:
    """A target leaves only after it was missing, at every look, for the whole delay."""
    group, now = Group(guards), NOW
    since = dict.fromkeys(map(make_key, range(16)), NOW)
    for named, wait, _ in steps:
        now += timedelta(seconds=wait)
        for key in named:
            since.pop(key, None)
        for key in set(map(make_key, range(16))) - named:
            since.setdefault(key, now)
        before = len(group.removals)
        group.run(named, now)
        for _, keys, _ in group.removals[before:]:
            missing = [(now - since[key]).total_seconds() for key in keys]
            assert min(missing) >= guards.removal_delay


@given(st.integers(10, 15), st.integers(0, 15), st.floats(0.1, 30))
def test_a_fast_loop_gets_round_no_guard(standing: int, left: int, wait: float) -> None:
    """One instance less at every run, twenty runs within the window: no more than the share."""
    group = Group(Guards())
    group.run(set(make_keys(standing)), NOW)
    for step in range(1, 20):
        named = make_keys(max(left, standing - step))
        group.run(set(named), NOW + timedelta(seconds=step * wait))
    assert len(group.listing) >= standing - standing * 30 // 100


def test_a_drained_service_leaves_at_once_where_some_is_due_later() -> None:
    """What is still in its delay is no reason to hold what is due: Consul names nothing."""
    group = Group(Guards(on_empty=OnEmpty.DRAIN, removal_delay=60))
    group.run(set(make_keys(12)), NOW)
    group.run(set(make_keys(6)), NOW + timedelta(seconds=1))
    group.run(set(), NOW + timedelta(seconds=40))
    group.run(set(), NOW + timedelta(seconds=61))
    assert sorted(group.listing) == make_keys(6)
    assert group.outputs.held == group.inputs.held
    group.run(set(), NOW + timedelta(seconds=100))
    assert group.listing == {}


def test_the_window_moving_on_is_no_change() -> None:
    """A hold whose numbers change and removals that leave the window start no update."""
    group = Group(Guards())
    group.run(set(make_keys(20)), NOW)
    group.run(set(make_keys(15)), NOW + timedelta(seconds=1))
    assert group.run(set(make_keys(8)), NOW + timedelta(seconds=2))
    reasons = set(group.outputs.held.values())
    assert reasons == {"max_removal_percent 30: 12 of 20 within 600 s"}
    for seconds in (3, 500, 601, 602, 100_000):
        assert not group.run(set(make_keys(8)), NOW + timedelta(seconds=seconds))


def test_labels_are_no_change() -> None:
    """The name of a node may change, and so may who else shares the target."""
    group = Group(Guards())
    group.run(set(make_keys(3)), NOW)
    renamed = {key: f"{label} +1" for key, label in make_targets(make_keys(3)).items()}
    assert not record.differs(group.outputs, Standing(dict(reversed(renamed.items()))))
