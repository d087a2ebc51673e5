"""Strangers in an exclusive group."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lictor.model import Guards, Policy, TargetState, TargetType
from lictor.plan import record, strangers
from lictor.plan.planning import Standing, plan
from lictor.plan.record import Recorded
from tests.unit.plan.make import (
    NOW,
    make_desired,
    make_key,
    make_keys,
    make_listing,
    make_plan,
    make_targets,
)

A, B, S = make_key(0), make_key(1), make_key(100)
STRANGER = {S: "healthy"}


@pytest.mark.parametrize(
    ("olds", "first"),
    [({}, True), ({"ownership": "owned"}, True), ({"ownership": "exclusive"}, False)],
)
def test_a_run_that_follows_no_exclusive_one_is_the_first(
    olds: dict[str, str], *, first: bool
) -> None:
    """A new resource, and one that has only now become exclusive, remove no stranger."""
    assert strangers.first_run(olds) is first


def test_strangers_are_what_stands_and_nobody_claims() -> None:
    """What drains is leaving already."""
    listing = make_listing([A, S]) | make_listing([B], TargetState.DRAINING)
    assert strangers.among(listing, [A]) == STRANGER


def test_a_stranger_is_planned_for_removal() -> None:
    """It is counted like any other removal, and never becomes a target of ours."""
    plan = make_plan([A, B], [A, B], strangers=STRANGER)
    assert plan.strangers == STRANGER
    assert plan.targets == make_targets([A, B])
    assert plan.held == {}
    assert plan.recent == {"2026-11-21T08:00:00Z": 1}


def test_a_stranger_that_consul_names_is_adopted() -> None:
    """What shall stand is no stranger."""
    plan = make_plan([A, S], [A], strangers=STRANGER)
    assert plan.strangers == {}
    assert S in plan.targets


@pytest.mark.parametrize(
    ("guards", "named", "reason"),
    [
        (Guards(policy=Policy.ADD_ONLY), [A], "policy add-only"),
        (Guards(min_targets=2), [A], "min_targets 2: 1 would remain"),
        (Guards(), [], "on_empty keep: web is not in Consul's catalog"),
        (Guards(removal_delay=60), [A], "removal_delay; due 2026-11-21T08:01:00Z"),
    ],
)
def test_guards_hold_strangers_too(guards: Guards, named: list[str], reason: str) -> None:
    """A held stranger is listed in ``held`` and not among what goes or what is ours."""
    plan = make_plan(named, [A], guards=guards, strangers=STRANGER)
    assert plan.strangers == {}
    assert plan.held[S] == reason
    assert S not in plan.targets


def test_strangers_count_in_the_share() -> None:
    """Half of a group is more than 30 %, whoever put it there."""
    others = dict.fromkeys(make_keys(10, start=100), "healthy")
    plan = make_plan(make_keys(10), make_keys(10), strangers=others)
    assert plan.strangers == {}
    assert set(plan.held) == set(others)
    assert plan.held[make_key(100)] == "max_removal_percent 30: 10 of 20 within 600 s"


def test_a_held_stranger_is_one_change_and_a_stranger_to_remove_always_is() -> None:
    """Removal is tried until it is done; a hold is recorded once."""
    plan = make_plan([A], [A], guards=Guards(policy=Policy.ADD_ONLY), strangers=STRANGER)
    new = Standing(plan.targets, plan.held, plan.recent, plan.strangers)
    old = Recorded(attached=make_targets([A]))
    assert record.differs(old, new)
    assert not record.differs(replace(old, held=plan.held), new)
    assert record.differs(old, Standing(make_targets([A]), strangers=STRANGER))


def test_a_stranger_that_was_kept_back_is_counted_once() -> None:
    """The last run was to remove it and could not: runs that remove nothing take no share."""
    named, standing = make_desired(make_keys(10)), Standing(make_targets(make_keys(10)))
    for step in range(5):
        now = NOW + timedelta(seconds=5 * step)
        made = plan(named, standing, Guards(), TargetType.IP, now, strangers=STRANGER)
        assert made.strangers == STRANGER
        assert made.recent == {"2026-11-21T08:00:00Z": 1}
        standing = Standing(made.targets, made.held, made.recent, made.strangers)


def test_the_delay_of_a_stranger_is_copied() -> None:
    """Its due time is fixed when it is first seen."""
    guards = Guards(removal_delay=60)
    first = make_plan([A], [A], guards=guards, strangers=STRANGER)
    later = make_plan(
        [A], [A], guards=guards, strangers=STRANGER, held=first.held, now=NOW.replace(second=30)
    )
    assert later.held == first.held
    due = make_plan(
        [A], [A], guards=guards, strangers=STRANGER, held=first.held, now=NOW.replace(minute=1)
    )
    assert due.strangers == STRANGER
