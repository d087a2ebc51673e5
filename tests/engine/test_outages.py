"""Outages that others have had: each a story, and what becomes of the group here.

`docs/target-group-attachments.md` has the table of the stories. These are played together: one
stack with a group for each story, through one bad hour (`outages.py`). Those of readers that lie
are in `test_outages_of_consul.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine import outages
from tests.engine.outages import QUOTA
from tests.engine.world import World
from tests.fakes.pulumi import Stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.outages import Hour
    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("outages")]


@pytest.fixture(scope="module")
def hour(
    aws: StandIn,
    consul: Consul,
    pythons: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Hour:
    """Play the bad hour, once for all tests here."""
    aws.reset()
    aws.settings(initial_seconds=0)
    env = {**aws.environment(), "PULUMI_PYTHON_CMD": pythons("")}
    stack = Stack(tmp_path_factory.mktemp("outages"), env).create()
    hour = outages.play(World(aws, consul, stack, "outage"))
    aws.reset()
    return hour


def test_every_node_not_ready_empties_nothing(hour: Hour) -> None:
    """A fault of the control plane calls every node unready; the services run on.

    Every group keeps every target, whatever its floor, and nothing is called.
    """
    for name in ("nodes-a", "nodes-b"):
        hour.untouched(name)
        assert "on_empty keep" in hour.reasons(name)
        assert hour.after[name].outputs["held"] == {}


def test_every_probe_failing_leaves_the_balancer_its_fail_open(hour: Hour) -> None:
    """All checks of a service fail at once, as in a chaos test.

    With `health: any` the load balancer decides; and else the share holds: a balancer of targets
    that are all unhealthy still serves, one without targets does not.
    """
    hour.untouched("probes")
    assert hour.during["probes"].outputs["held"] == {}
    hour.untouched("brake")
    assert "max_removal_percent 30: 11 of 12" in hour.reasons("brake")


def test_nodes_that_cannot_report_cost_no_call(hour: Hour) -> None:
    """Nobody can report for a quarter of an hour, then all do: nothing left, nothing came back."""
    hour.untouched("silent")
    assert len(hour.during["silent"].outputs["held"]) == 3
    assert hour.after["silent"].outputs["held"] == {}


def test_an_agent_that_restarts_takes_nothing_with_it(hour: Hour) -> None:
    """The catalog is not whole while an agent comes back: `removal_delay` outlasts that."""
    hour.untouched("restart")
    assert "removal_delay; due " in hour.reasons("restart")
    assert hour.after["restart"].outputs["held"] == {}


def test_lost_attributes_remove_nothing(hour: Hour) -> None:
    """Instances lose what their ids are read from, and are there all the same.

    EC2 still knows them by address; where only their meta counts, the floor holds the targets.
    """
    hour.untouched("looked-up")
    assert hour.during["looked-up"].outputs["held"] == {}
    hour.untouched("ids")
    assert "min_targets 1: 0 would remain" in hour.reasons("ids")
    failed = hour.during["ids"].outputs["failed"]
    assert set(failed.values()) == {"no EC2 instance id found for this address"}


def test_a_group_that_cannot_be_listed_loses_nothing(hour: Hour) -> None:
    """A removal needs a fresh listing: without one it waits for the next run."""
    during, after = hour.during["list"], hour.after["list"]
    assert (during.standing, during.changes) == (hour.before["list"].standing, [])
    assert "not removed" in next(iter(during.outputs["failed"].values()))
    assert after.standing == sorted(hour.cases["list"].keys[1:])


def test_nothing_asked_for_is_not_nothing_wanted(hour: Hour) -> None:
    """A resource whose service never had an instance leaves alone what stands in its group."""
    assert len(hour.before["unset"].outputs["foreign"]) == 1
    hour.untouched("unset")


def test_two_owners_do_not_fight(hour: Hour) -> None:
    """Another owner's target is told in `foreign`, and only ours go."""
    during = hour.during["owners"]
    assert during.changes == ["DeregisterTargets"]
    assert len(during.outputs["foreign"]) == 1
    assert during.standing == sorted([*hour.cases["owners"].keys[1:], *during.outputs["foreign"]])
    assert hour.after["owners"].outputs["foreign"] == during.outputs["foreign"]


def test_a_stopping_instance_blocks_nobody(hour: Hour) -> None:
    """One instance of a batch that AWS rejects: the others come, and what is to go goes."""
    keys = hour.cases["spot"].keys
    during = hour.during["spot"]
    assert during.standing == sorted([*keys[1:4], keys[5]])
    assert list(during.outputs["failed"]) == [keys[4]]
    assert hour.after["spot"].standing == sorted(keys[1:])


def test_a_full_group_goes_on(hour: Hour) -> None:
    """The quota refuses additions: then alone what is to go goes first.

    Where draining targets count too, what is to come waits for the next run.
    """
    keys = hour.cases["quota"].keys
    during, after = hour.during["quota"], hour.after["quota"]
    assert during.changes == ["RegisterTargets", "DeregisterTargets", "RegisterTargets"]
    assert during.standing == sorted(keys[1:QUOTA])
    assert "maximum number of targets" in during.outputs["failed"][keys[QUOTA]]
    assert after.outputs["failed"] == {}
    assert set(keys[1:]) <= set(after.standing)


def test_throttling_costs_few_calls(hour: Hour) -> None:
    """Many targets are one call, and a call that AWS throttles is made again, not more often."""
    during = hour.during["throttled"]
    assert during.changes == ["RegisterTargets"] * 3
    assert during.standing == sorted(hour.cases["throttled"].keys)


def test_deregistering_names_the_port(hour: Hour) -> None:
    """Of two ports on one host the one goes and the other stays."""
    ident = hour.cases["ports"].keys[0].partition(":")[0]
    assert hour.before["ports"].standing == [f"{ident}:8080", f"{ident}:9090"]
    assert hour.during["ports"].standing == [f"{ident}:8080"]


def test_a_failed_run_is_made_up_for_without_a_change(hour: Hour) -> None:
    """What failed is tried by the next run, though Consul has said nothing new."""
    keys = hour.cases["lost"].keys
    assert hour.during["lost"].standing == sorted(keys[:2])
    assert "denies RegisterTargets" in hour.during["lost"].outputs["failed"][keys[2]]
    assert hour.after["lost"].standing == sorted(keys)


def test_an_instance_without_its_check_is_not_healthy(hour: Hour) -> None:
    """Between its registration and its check's an instance would pass for healthy."""
    keys = hour.cases["unchecked"].keys
    assert hour.during["unchecked"].standing == sorted(keys[:2])
    assert hour.after["unchecked"].standing == sorted(keys)


def test_a_terminated_instance_is_not_waited_for(hour: Hour) -> None:
    """Asked by name, AWS says `draining` of it for long; the whole list has it no more."""
    keys = hour.cases["terminated"].keys
    assert hour.during["terminated"].standing == sorted(keys[1:])
    assert sorted(hour.during["terminated"].outputs["attached"]) == sorted(keys[1:])


def test_the_hour_ends_in_one_error(hour: Hour) -> None:
    """All that failed stands in one error, what is held in warnings; nothing else is red."""
    assert hour.run is not None
    assert hour.run.code != 0
    assert "Traceback" not in hour.run.text
    failing = {"ids", "list", "spot", "quota", "lost"}
    assert {name for name in hour.during if hour.during[name].outputs["failed"]} == failing
    for name in failing:
        assert f"{name}: " in hour.run.text
