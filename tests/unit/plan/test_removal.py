"""The last look before targets are removed."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.model import Guards, OnEmpty, Policy, Target, TargetHealth, TargetState
from lictor.plan import removal
from tests.unit.plan.make import NOW, make_key, make_keys, make_listing, make_targets

INDEXES = st.integers(0, 17).map(make_key)
KEYS = st.sets(INDEXES)
LISTINGS = st.dictionaries(INDEXES, st.sampled_from(list(TargetState))).map(
    lambda states: {key: TargetHealth(Target.from_key(key), state) for key, state in states.items()}
)
GUARDS = st.builds(
    Guards,
    min_targets=st.integers(0, 6),
    max_removal_percent=st.sampled_from([0, 30, 100]),
    on_empty=st.sampled_from(list(OnEmpty)),
)
MADE = st.sampled_from([{}, {"2026-11-21T07:59:00Z": 3}, {"2026-11-21T07:00:00Z": 30}])


def decide(
    attached: Iterable[str],
    targets: Iterable[str],
    listing: dict[str, TargetHealth],
    guards: Guards | None = None,
    **more: Any,  # noqa: ANN401 - passed on
) -> removal.Removal:
    """Decide now, nothing removed before unless it is said."""
    facts: dict[str, Any] = {"made": {}, "now": NOW, **more}
    return removal.decide(
        make_targets(attached), make_targets(targets), listing, guards or Guards(), **facts
    )


def live(listing: dict[str, TargetHealth]) -> set[str]:
    """List what is registered."""
    return {key for key, health in listing.items() if health.state is not TargetState.DRAINING}


@given(KEYS, KEYS, KEYS, LISTINGS, GUARDS, MADE, st.booleans())
def test_only_what_is_ours_or_a_stranger_goes(  # noqa: PLR0913, PLR0917 - one for each fact
    attached: set[str],
    targets: set[str],
    strangers: set[str],
    listing: dict[str, TargetHealth],
    guards: Guards,
    made: dict[str, int],
    allowed: bool,  # noqa: FBT001 - hypothesis calls it
) -> None:
    """A foreign target is named nowhere; every candidate is removed, gone or kept, once."""
    for named in ((), strangers):
        done = decide(
            attached, targets, listing, guards, made=made, allowed=allowed, strangers=named
        )
        ours = attached - targets
        candidates = ours | (set(named) - targets)
        assert set(done.remove) | set(done.kept) == candidates & live(listing)
        assert set(done.gone) == ours - live(listing)
        assert not set(done.remove) & set(done.kept)
        assert list(done.remove) == sorted(done.remove)


@given(KEYS, KEYS, LISTINGS, GUARDS, MADE)
def test_floors_hold_against_what_really_stands(
    attached: set[str],
    targets: set[str],
    listing: dict[str, TargetHealth],
    guards: Guards,
    made: dict[str, int],
) -> None:
    """Registered ones, healthy ones and the share: none falls through by what is removed."""
    done = decide(attached, targets, listing, guards, made=made)
    if not done.remove or (not targets and guards.on_empty is OnEmpty.DRAIN):
        return
    ours = (attached | targets) & live(listing)
    left = ours - set(done.remove)
    assert len(left) >= guards.min_targets
    healthy = {key for key in ours if listing[key].healthy}
    assert len(healthy & left) >= min(guards.min_targets, len(healthy))
    base = len(ours) + made.get("2026-11-21T07:59:00Z", 0)
    if base >= 10:
        removed = made.get("2026-11-21T07:59:00Z", 0) + len(done.remove)
        assert removed * 100 <= guards.max_removal_percent * base


def test_the_only_target_waits_until_its_successor_is_healthy() -> None:
    """Registered is not enough to take over."""
    old, new = make_keys(2)
    listing = make_listing([old]) | make_listing([new], TargetState.INITIAL)
    done = decide([old, new], [new], listing)
    assert done.kept == {old: "waiting for health: min_targets 1"}
    assert decide([old, new], [new], make_listing([old, new])).remove == (old,)


@pytest.mark.parametrize(
    "state", [TargetState.UNHEALTHY, TargetState.UNUSED, TargetState.UNHEALTHY_DRAINING]
)
def test_what_serves_nobody_goes(state: TargetState) -> None:
    """Its removal does not count against the healthy ones."""
    old, new = make_keys(2)
    listing = make_listing([old], state) | make_listing([new], TargetState.INITIAL)
    assert decide([old, new], [new], listing).remove == (old,)


def test_as_many_healthy_ones_go_as_can_be_spared() -> None:
    """Two of five are to stay healthy, one new one is: one old one stays for it."""
    old, new = make_keys(3), make_keys(2, start=3)
    listing = make_listing([*old, new[0]]) | make_listing([new[1]], TargetState.INITIAL)
    done = decide([*old, *new], new, listing, Guards(min_targets=2))
    assert done.remove == tuple(old[:2])
    assert set(done.kept) == {old[2]}


def test_where_too_few_are_healthy_every_healthy_one_stays() -> None:
    """Three are to be healthy and two are: neither can be spared, though enough are registered."""
    old, new = make_keys(2), make_keys(3, start=2)
    listing = make_listing(old) | make_listing(new, TargetState.INITIAL)
    done = decide([*old, *new], new, listing, Guards(min_targets=3))
    assert set(done.kept) == set(old)


def test_what_somebody_else_removed_is_gone_and_costs_nothing() -> None:
    """Neither floor nor call: draining or absent, it is registered no more."""
    keys = make_keys(3)
    listing = make_listing([keys[0]]) | make_listing([keys[1]], TargetState.DRAINING)
    done = decide(keys, [keys[0]], listing, Guards(min_targets=1, max_removal_percent=0))
    assert done.gone == tuple(keys[1:])
    assert not done.remove
    assert not done.kept


def test_an_addition_that_failed_counts_as_absent() -> None:
    """What was to stand and is not listed keeps nobody above the floor."""
    keys = make_keys(3)
    done = decide(keys[:2], [keys[0], keys[2]], make_listing(keys[:2]), Guards(min_targets=2))
    assert done.kept == {keys[1]: "min_targets 2: 1 would remain"}


def test_removals_made_before_count_within_the_window() -> None:
    """And no longer after it."""
    keys = make_keys(17)
    made = {"2026-11-21T07:55:00Z": 3}
    facts = (keys, keys[4:], make_listing(keys))
    assert len(decide(*facts, made=made).kept) == 4
    assert len(decide(*facts, made=made, now=NOW + timedelta(minutes=5)).remove) == 4


@pytest.mark.parametrize("held", [0, 2])
def test_draining_lifts_the_floors_while_consul_names_nothing(held: int) -> None:
    """What is held for its delay is nothing that Consul names."""
    keys = make_keys(12)
    guards = Guards(on_empty=OnEmpty.DRAIN, min_targets=5)
    done = decide(keys, keys[:held], make_listing(keys), guards, held=keys[:held])
    assert done.remove == tuple(keys[held:])
    assert decide(keys, keys[:2], make_listing(keys), guards, held=keys[:1]).remove == ()


def test_letting_removals_through_lifts_all_but_the_policy() -> None:
    """What an earlier run kept back stays under ``add-only``."""
    keys = make_keys(12)
    facts = (keys, keys[:1], make_listing(keys))
    assert decide(*facts, Guards(min_targets=5), allowed=True).remove == tuple(keys[1:])
    done = decide(*facts, Guards(policy=Policy.ADD_ONLY), allowed=True)
    assert done.kept == dict.fromkeys(keys[1:], "policy add-only")


def test_removals_wait_for_what_they_were_told() -> None:
    """A guard that trips speaks first; a way through does not wait."""
    keys = make_keys(3)
    facts = (keys, keys[1:], make_listing(keys))
    reason = "waiting for health: 10.0.0.2:80 is initial"
    assert decide(*facts, waiting=reason).kept == {keys[0]: reason}
    assert decide(*facts, Guards(min_targets=3), waiting=reason).kept == {
        keys[0]: "min_targets 3: 2 would remain"
    }
    assert decide(*facts, waiting=reason, allowed=True).remove == (keys[0],)
    assert decide(keys, keys, make_listing(keys), waiting=reason).kept == {}


def swap(
    zoned: Collection[str],
    listing: dict[str, TargetHealth],
    guards: Guards | None = None,
    **more: Any,  # noqa: ANN401 - passed on
) -> removal.Removal:
    """Decide a swap now in a group where all that is listed shall stand."""
    facts: dict[str, Any] = {"made": {}, "now": NOW, **more}
    return removal.swap(sorted(zoned), make_targets(listing), listing, guards or Guards(), **facts)


def test_a_changed_zone_is_swapped_within_the_guards_and_goes_on_later() -> None:
    """Thirty of a hundred in a window, the others in the next ones."""
    keys = make_keys(100)
    first = swap(keys, make_listing(keys))
    assert first.remove == tuple(sorted(keys)[:30])
    assert set(first.kept.values()) == {"availability_zone: changed later, within the guards"}
    made = {"2026-11-21T08:00:00Z": 30}
    soon, later = NOW + timedelta(minutes=1), NOW + timedelta(minutes=10)
    assert len(swap(keys[30:], make_listing(keys), made=made, now=soon).remove) == 9
    assert len(swap(keys[30:], make_listing(keys), made=made, now=later).remove) == 30


def test_a_swap_keeps_enough_healthy_ones_and_takes_the_others() -> None:
    """Two healthy ones must stay; the unhealthy one serves nobody."""
    keys = make_keys(4)
    listing = make_listing(keys[:3]) | make_listing(keys[3:], TargetState.UNHEALTHY)
    done = swap(keys, listing, Guards(min_targets=2))
    assert done.remove == (keys[0], keys[3])


def test_the_only_target_is_not_swapped_unless_the_user_lets_it() -> None:
    """It would leave an empty group for a while."""
    assert swap(make_keys(1), make_listing(make_keys(1))).remove == ()
    assert swap(make_keys(1), make_listing(make_keys(1)), allowed=True).remove == (make_key(0),)
    only = Guards(policy=Policy.ADD_ONLY)
    assert swap(make_keys(3), make_listing(make_keys(3)), only, allowed=True).remove == ()


def test_what_is_gone_already_needs_no_swap() -> None:
    """It is registered in its new zone like any addition."""
    keys = make_keys(3)
    assert swap(keys, make_listing(keys[1:])).gone == (keys[0],)


@given(KEYS, LISTINGS, GUARDS, MADE)
def test_a_swap_falls_below_no_floor(
    zoned: set[str], listing: dict[str, TargetHealth], guards: Guards, made: dict[str, int]
) -> None:
    """Whatever is asked, what stays registered and healthy is enough."""
    done = swap(zoned, listing, guards, made=made)
    standing = live(listing)
    assert set(done.remove) | set(done.kept) | set(done.gone) == zoned
    if done.remove:
        left = standing - set(done.remove)
        healthy = {key for key in standing if listing[key].healthy}
        assert len(left) >= guards.min_targets
        assert len(healthy & left) >= min(guards.min_targets, len(healthy))


@pytest.mark.parametrize(
    ("leaving", "standing", "too_many"),
    [(0, 1, False), (1, 1, True), (1, 2, False), (3, 10, False), (4, 10, True), (9, 9, True)],
)
def test_what_may_be_lacking_where_a_group_is_replaced(
    leaving: int, standing: int, *, too_many: bool
) -> None:
    """As many as might be removed at once."""
    assert removal.too_many(leaving, standing, Guards()) is too_many


def parting(leaving: Iterable[str], claimed: Iterable[str], **more: Any) -> str:  # noqa: ANN401 - passed on
    """Ask about a deleted resource of which all stands, and is healthy."""
    keys = sorted(leaving)
    guards = more.pop("guards", Guards())
    facts: dict[str, Any] = {"held": {}, "made": {}, "now": NOW, **more}
    listing = make_listing([*keys, *claimed])
    return removal.parting(keys, list(claimed), listing, guards, **facts)


def test_what_a_deleted_resource_leaves() -> None:
    """The floors are asked; no empty service lifts them; and a delay is waited for."""
    keys = make_keys(12)
    assert parting(keys[:3], keys[3:]) == ""
    assert parting(keys[:4], keys[4:]).startswith("max_removal_percent 30")
    assert parting(keys[:2], keys[2:], made={"2026-11-21T07:59:00Z": 3}) != ""
    assert parting(keys[:2], ()).startswith("min_targets 1")
    drain = Guards(on_empty=OnEmpty.DRAIN)
    assert parting(keys[:2], (), guards=drain).startswith("min_targets 1")
    assert parting(keys[:1], keys[1:], guards=Guards(policy=Policy.ADD_ONLY)) == "policy add-only"
    delayed = Guards(removal_delay=60)
    for due, may in ((NOW + timedelta(seconds=1), False), (NOW, True)):
        held = {keys[0]: f"removal_delay; due {due:%Y-%m-%dT%H:%M:%SZ}"}
        assert (parting(keys[:1], keys[1:], guards=delayed, held=held) == "") is may
    said = parting(keys[:1], keys[1:], guards=delayed)
    assert said == f"removal_delay of {keys[0]} is not over"
