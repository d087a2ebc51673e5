"""Consul's view beside the load balancer's: the table of cases, and what holds for any."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lictor.model import (
    ConsulService,
    Health,
    PreparedQuery,
    Status,
    Target,
    TargetHealth,
    TargetState,
    TargetType,
)
from lictor.plan.addressing import Addressing
from lictor.plan.desired import desired
from lictor.plan.record import Recorded
from lictor.watch import agreement
from lictor.watch.agreement import NOT_LISTED, UNKNOWN, Row, Seen, View
from tests.fakes.instances import make_instance
from tests.unit.plan.make import make_answer
from tests.unit.watch.boards import GUARD, make_row

KEY = "10.0.0.1:80"
IPS = Addressing(TargetType.IP)
PASSING = Seen("node-1 (dc1)", Status.PASSING, named=True)
CRITICAL = Seen("node-1 (dc1)", Status.CRITICAL, named=False)
OURS = Recorded(attached={KEY: "node-1 (dc1)"})
STRANGER = Recorded(foreign=(KEY,))
NOBODY = Recorded()
HELD_STRANGER = Recorded(held={KEY: GUARD}, foreign=(KEY,))


def make_health(state: TargetState, key: str = KEY, reason: str = "") -> TargetHealth:
    """Make a target as a group lists it."""
    return TargetHealth(Target.from_key(key), state, reason)


def make_view(
    said: Seen | None, state: TargetState | None, recorded: Recorded = OURS, reason: str = ""
) -> View:
    """Make a view of one target; None for what is not known, or not listed."""
    listing = {KEY: make_health(state, reason=reason)} if state else {}
    return View("web", {KEY: said} if said else {}, listing, recorded)


@pytest.mark.parametrize(
    ("said", "state", "recorded", "agrees"),
    [
        (PASSING, TargetState.HEALTHY, OURS, True),
        (PASSING, TargetState.HEALTHY, STRANGER, True),
        (PASSING, TargetState.INITIAL, OURS, True),
        (PASSING, TargetState.UNHEALTHY, OURS, False),
        (PASSING, TargetState.UNHEALTHY_DRAINING, OURS, False),
        (PASSING, TargetState.UNUSED, OURS, False),
        (PASSING, TargetState.UNAVAILABLE, OURS, False),
        (PASSING, TargetState.DRAINING, OURS, False),
        (PASSING, None, NOBODY, False),
        (CRITICAL, TargetState.HEALTHY, OURS, False),
        (CRITICAL, TargetState.HEALTHY, STRANGER, False),
        (CRITICAL, TargetState.UNHEALTHY, OURS, True),
        (CRITICAL, TargetState.DRAINING, NOBODY, True),
        (CRITICAL, None, NOBODY, True),
        (None, TargetState.HEALTHY, OURS, False),
        (None, TargetState.HEALTHY, HELD_STRANGER, False),
        (None, TargetState.HEALTHY, STRANGER, True),
        (None, TargetState.INITIAL, OURS, True),
    ],
)
def test_where_they_agree(
    said: Seen | None, state: TargetState | None, recorded: Recorded, *, agrees: bool
) -> None:
    """The table in the module's docstring."""
    (row,) = agreement.rows([make_view(said, state, recorded)])
    assert row.agrees is agrees


def test_a_row_says_all_that_is_known() -> None:
    """Both views in their own words, and every reason."""
    recorded = replace(OURS, held={KEY: GUARD}, failed={KEY: "not removed: throttled"})
    view = make_view(CRITICAL, TargetState.UNHEALTHY, recorded, "Target.FailedHealthChecks")
    (row,) = agreement.rows([view])
    assert row == Row(
        group="web",
        key=KEY,
        node="node-1 (dc1)",
        consul="critical",
        balancer="unhealthy",
        reason=f"failed: not removed: throttled; held: {GUARD}; Target.FailedHealthChecks",
        agrees=True,
    )


def test_a_row_says_what_is_not_known() -> None:
    """A target that Consul has forgotten keeps the label that state has."""
    (row,) = agreement.rows([make_view(None, None)])
    assert (row.node, row.consul, row.balancer) == ("node-1 (dc1)", UNKNOWN, NOT_LISTED)
    (row,) = agreement.rows([make_view(None, TargetState.HEALTHY, STRANGER)])
    assert (row.node, row.reason) == ("", "not ours")


def test_a_failed_target_that_stands_nowhere_has_a_row() -> None:
    """Its instance was not found: the key is of its address."""
    view = View("web", {}, {}, Recorded(failed={KEY: "no EC2 instance id found"}))
    (row,) = agreement.rows([view])
    assert (row.key, row.reason) == (KEY, "failed: no EC2 instance id found")


def test_what_a_source_would_never_have_is_left_out() -> None:
    """Of other tags it is none of the group's; of bad health it is, and not named."""
    source = ConsulService("web", ("v2",))
    bad = make_instance(service_id="bad", address="10.0.0.2", tags=("v2",), status=Status.CRITICAL)
    good = make_instance(service_id="good", address="10.0.0.1", tags=("v2",))
    other = make_instance(service_id="other", address="10.0.0.3", tags=("v1",))
    found = agreement.seen([make_answer(good, bad, other, source=source)], IPS)
    assert found == {
        "10.0.0.1:8080": Seen("node-1 (dc1)", Status.PASSING, named=True),
        "10.0.0.2:8080": Seen("node-1 (dc1)", Status.CRITICAL, named=False),
    }


def test_a_source_may_want_what_is_critical() -> None:
    """With ``health: any`` the load balancer decides."""
    source = ConsulService("web", health=Health.ANY)
    answer = make_answer(make_instance(status=Status.CRITICAL), source=source)
    assert [said.named for said in agreement.seen([answer], IPS).values()] == [True]


def test_a_prepared_query_has_chosen() -> None:
    """Whatever it answers is named."""
    answer = make_answer(make_instance(status=Status.WARNING), source=PreparedQuery("geo"))
    assert [said.named for said in agreement.seen([answer], IPS).values()] == [True]


def test_instances_that_share_a_target() -> None:
    """One that passes is enough; the first in order speaks for them, as in a label."""
    good = make_instance(service_id="a", node="node-2")
    bad = make_instance(service_id="b", node="node-1", status=Status.CRITICAL)
    (said,) = agreement.seen([make_answer(good, bad), make_answer(good)], IPS).values()
    assert said == Seen("node-1 (dc1) +1", Status.PASSING, named=True)


instances = st.lists(
    st.builds(
        make_instance,
        service_id=st.sampled_from("abc"),
        node=st.sampled_from(["node-1", "node-2"]),
        address=st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"]),
        status=st.sampled_from(Status),
        tags=st.sampled_from([(), ("v1",), ("v2",)]),
    ),
    max_size=6,
)
sources = st.builds(
    ConsulService, st.just("web"), st.sampled_from([(), ("v2",)]), health=st.sampled_from(Health)
)
keys = st.sampled_from([f"10.0.0.{number}:8080" for number in range(1, 6)])
texts = st.dictionaries(keys, st.sampled_from(["node-1 (dc1)", GUARD]), max_size=4)
recordings = st.builds(
    Recorded, attached=texts, failed=texts, held=texts, foreign=st.lists(keys).map(tuple)
)
listings = st.dictionaries(keys, st.sampled_from(TargetState), max_size=5).map(
    lambda states: {key: make_health(state, key) for key, state in states.items()}
)
seens = st.dictionaries(
    keys,
    st.builds(Seen, st.just("node-1 (dc1)"), st.sampled_from(Status), st.booleans()),
    max_size=5,
)
views = st.lists(
    st.builds(View, st.sampled_from(["api", "web"]), seens, listings, recordings),
    max_size=2,
    unique_by=lambda view: view.group,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(found=st.lists(st.tuples(sources, instances), max_size=3))
def test_named_is_what_the_plan_desires(
    found: list[tuple[ConsulService, list[object]]],
) -> None:
    """The page calls for the same targets as a run would, and shows more at most."""
    answers = [make_answer(*instances, source=source) for source, instances in found]  # type: ignore[arg-type]
    seen = agreement.seen(answers, IPS)
    assert {key for key, said in seen.items() if said.named} == set(desired(answers, IPS).targets)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(views=views)
def test_each_target_has_one_row_and_those_that_differ_come_first(views: list[View]) -> None:
    """Whatever is known of a target anywhere; order of the views does not matter."""
    rows = agreement.rows(views)
    known = {
        (view.group, key)
        for view in views
        for part in (
            view.seen,
            view.listing,
            view.recorded.attached,
            view.recorded.held,
            view.recorded.failed,
        )
        for key in part
    }
    assert {(row.group, row.key) for row in rows} == known
    assert len(rows) == len(known)
    assert [row.agrees for row in rows] == sorted(row.agrees for row in rows)
    for half in ([row for row in rows if row.agrees is said] for said in (False, True)):
        assert [row.key for row in half] == sorted(row.key for row in half)
    assert agreement.rows(reversed(views)) == rows


@settings(max_examples=100, deadline=None, derandomize=True)
@given(views=views)
def test_what_consul_names_agrees_only_where_it_is_served_or_about_to_be(
    views: list[View],
) -> None:
    """And what it does not name never agrees while it is served by our hand."""
    by_name = {view.group: view for view in views}
    for row in agreement.rows(views):
        view = by_name[row.group]
        said = view.seen.get(row.key)
        if said and said.named:
            assert row.agrees is (row.balancer in ("healthy", "initial"))
        elif row.key in view.recorded.attached:
            assert row.agrees is (row.balancer != "healthy")


def test_a_table_for_a_terminal() -> None:
    """A line each under a header; what differs is marked, what is empty is a dash."""
    rows = [make_row("10.0.0.2:80", agrees=False), make_row(node="")]
    assert agreement.table(rows).splitlines() == [
        "   GROUP  KEY          NODE          CONSUL   BALANCER   REASON",
        "!  web    10.0.0.2:80  node-1 (dc1)  passing  unhealthy  Target.FailedHealthChecks",
        "   web    10.0.0.1:80  -             passing  healthy    -",
    ]
    assert agreement.table([]).split() == list(agreement._HEADER[1:])  # noqa: SLF001 - the words


def test_a_name_does_not_command_the_terminal() -> None:
    """Whoever registers a node chooses its name."""
    text = agreement.table([make_row(node="\x1b[2Jevil\r\nweb fine", reason="\u202eabc")])
    assert "?[2Jevil??web fine" in text
    assert not {"\x1b", "\r", "\u202e"} & set(text)
    assert len(text.splitlines()) == 2


def test_json_for_programs() -> None:
    """An array of objects with the names of the columns, on one line."""
    text = agreement.json([make_row()])
    assert text.endswith("}]\n")
    assert text.count("\n") == 1
    (row,) = msgspec.json.decode(text)
    assert list(row) == ["group", "key", "node", "consul", "balancer", "reason", "agrees"]
