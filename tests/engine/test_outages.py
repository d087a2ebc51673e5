"""Outages that others have had: each a story, and what becomes of the group here.

`docs/target-group-attachments.md` has the table of the stories. Most of them are played together:
one stack with a group for each story, brought up before, during and after one bad hour. The
stories of readers that lie have a stack of their own, behind a Consul that says what we want.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.cases import Cases
from tests.engine.world import World
from tests.fakes import odd_consul
from tests.fakes.odd_consul import Odd
from tests.fakes.pulumi import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.cases import Case
    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul
    from tests.fakes.pulumi import Run

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("outages")]

QUOTA = 12


@dataclass(frozen=True)
class Seen:
    """What one group looked like after a run.

    Attributes:
        standing: What stood in it.
        outputs: The resource's outputs.
        changes: The calls of the run that changed it.
    """

    standing: list[str]
    outputs: dict[str, Any]
    changes: list[str]


@dataclass
class Hour:
    """The bad hour: what was, what is, what comes after.

    Attributes:
        cases: The stories' groups.
        before: What stood when all was well.
        during: What stood in the middle of it.
        after: What stood when it was over.
        run: The run in the middle of it.
    """

    cases: Cases
    before: dict[str, Seen] = field(default_factory=dict)
    during: dict[str, Seen] = field(default_factory=dict)
    after: dict[str, Seen] = field(default_factory=dict)
    run: Run | None = None

    def look(self) -> dict[str, Seen]:
        """Look at every group."""
        return {
            name: Seen(case.standing, case.outputs, case.changes())
            for name, case in self.cases.all.items()
        }

    def untouched(self, name: str) -> None:
        """Check that a group stood as before all through the hour, without a call."""
        was = self.before[name].standing
        assert was
        for seen in (self.during[name], self.after[name]):
            assert (seen.standing, seen.changes) == (was, []), name

    def reasons(self, name: str) -> str:
        """Return why targets were held in the middle of it."""
        return "; ".join(sorted(set(self.during[name].outputs["held"].values())))


@pytest.fixture(scope="module")
def hour(aws: StandIn, consul: Consul, tmp_path_factory: pytest.TempPathFactory) -> Hour:
    """Play the stories that a real Consul and AWS can play."""
    aws.reset()
    aws.settings(initial_seconds=0)
    stack = Stack(tmp_path_factory.mktemp("outages"), aws.environment()).create()
    hour = Hour(make_cases(World(aws, consul, stack, "outage")))
    hour.cases.up().ok()
    hour.before = hour.look()
    strike(hour.cases)
    hour.run = hour.cases.up()
    hour.during = hour.look()
    mend(hour.cases)
    hour.cases.up().ok()
    hour.after = hour.look()
    aws.reset()
    return hour


def make_cases(world: World) -> Cases:
    """Lay out the stories' groups; the comments say what will strike them."""
    cases = Cases(world)
    cases.add("nodes-a", 3)  # every node is not ready
    cases.add("nodes-b", 2, minTargets=0)
    cases.add("probes", 3, health="any")  # every check of the service fails
    cases.add("brake", QUOTA)  # all but one fail
    cases.add("silent", 3)  # nobody reports, then all do again
    cases.add("restart", 3, removalDelay="1h")  # two are not in the catalog for a while
    cases.add("ids", 3, targetId="node-meta")  # instances lose their ids
    cases.add("looked-up", 2)
    cases.add("list", 3)  # AWS does not list the group
    cases.add("unset", 0)  # nothing was ever asked for; a stranger stands there
    cases.add("owners", 3)  # somebody else uses the group, too
    cases.add("spot", 3)  # one new instance is stopping
    cases.add("quota", QUOTA)  # the group is full
    cases.add("throttled", 2)  # AWS throttles
    cases.add("ports", 1)  # one of two ports on one host goes
    cases.add("lost", 2)  # a run fails, and Consul changes no more
    cases.add("unchecked", 2, requireServiceCheck=True)  # one comes before its check
    cases.add("terminated", 3, waitForDrain=True)  # an instance is terminated
    stranger(cases["unset"])
    other_port(cases["ports"])
    return cases


def strike(cases: Cases) -> None:
    """Let it all happen."""
    aws, consul = cases.world.aws, cases.world.consul
    for name in ("nodes-a", "nodes-b"):
        for number in range(len(cases[name].keys)):
            node_check(cases[name], number, "critical")
    cases["probes"].become("critical")
    cases["brake"].become("critical", *range(1, QUOTA))
    cases["silent"].become("critical")
    for number in (0, 1):
        consul.deregister(cases["restart"].world.node(number))
    for name in ("ids", "looked-up"):
        lose_ids(cases[name])
    cases["list"].become("critical", 0)
    aws.fault("DescribeTargetHealth", "deny", target_group=cases["list"].arn, times=None)
    stranger(cases["owners"])
    cases["owners"].become("critical", 0)
    new = cases["spot"].start(3)
    aws.stop_instance(new[1].partition(":")[0])
    cases["spot"].become("critical", 0)
    aws.settings(targets_per_group=QUOTA)
    cases["quota"].start(1)
    cases["quota"].become("critical", 0)
    cases["throttled"].start(8)
    aws.fault("RegisterTargets", "throttle", target_group=cases["throttled"].arn, times=2)
    other_port(cases["ports"], "critical")
    cases["lost"].start(1)
    aws.fault("RegisterTargets", "deny", target_group=cases["lost"].arn, times=None)
    without_check(cases["unchecked"])
    aws.terminate_instance(cases["terminated"].keys[0].partition(":")[0])
    cases["terminated"].become("critical", 0)


def mend(cases: Cases) -> None:
    """Let all be well again, and nothing else change."""
    aws = cases.world.aws
    for name in ("nodes-a", "nodes-b"):
        for number in range(len(cases[name].keys)):
            node_check(cases[name], number, "passing")
    cases["probes"].become("passing")
    cases["brake"].become("passing")
    cases["silent"].become("passing")
    for name, numbers in (("restart", (0, 1)), ("ids", range(3)), ("looked-up", range(2))):
        for number in numbers:
            register(cases[name], number)
    aws.start_instance(cases["spot"].keys[4].partition(":")[0])
    cases["unchecked"].become("passing", 2)
    aws.clear_faults()
    aws.advance(400)  # what drained has drained, and makes room


def register(case: Case, number: int, **how: Any) -> None:  # noqa: ANN401 - as `Consul.register`
    """Register one of a fleet as it was, but for what is told."""
    ident = case.keys[number].partition(":")[0]
    told = {
        "node_meta": {"instance-id": ident},
        "service_id": f"{case.service}-{number}",
        **how,
    }
    case.world.consul.register(
        case.service, case.world.node(number), address(case.world, ident), **told
    )


def address(world: World, ident: str) -> str:
    """Return the private address of an instance."""
    found = world.aws.boto3("ec2").describe_instances(InstanceIds=[ident])
    return found["Reservations"][0]["Instances"][0]["PrivateIpAddress"]


def node_check(case: Case, number: int, status: str) -> None:
    """Let a check of a node itself, of no service, say something.

    Not `serfHealth`: Consul's leader takes nodes that have it and are no members out, by and by.
    """
    node = case.world.node(number)
    where = case.world.consul.call("GET", f"/v1/catalog/node/{node}")["Node"]["Address"]
    check = {"CheckID": "ready", "Name": "node ready", "Status": status}
    body = {"Node": node, "Address": where, "SkipNodeUpdate": True, "Check": check}
    case.world.consul.call("PUT", "/v1/catalog/register", body)


def lose_ids(case: Case) -> None:
    """Let nodes forget their meta, as an agent does that cannot reach its cloud."""
    for number in range(len(case.keys)):
        register(case, number, node_meta={})


def stranger(case: Case) -> str:
    """Let somebody else register a target; return its key."""
    ((ident, _),) = case.world.aws.create_instances(1)
    targets: list[Any] = [{"Id": ident, "Port": 1}]
    case.world.aws.boto3("elbv2").register_targets(TargetGroupArn=case.arn, Targets=targets)
    return f"{ident}:1"


def other_port(case: Case, status: str = "passing") -> None:
    """Run the service on a second port of the first host."""
    register(case, 0, port=9090, service_id=f"{case.service}-other", status=status)


def without_check(case: Case) -> None:
    """Register one more instance, on a healthy node, before its own check."""
    ((ident, where),) = case.world.aws.create_instances(1)
    number = len(case.keys)
    node = case.world.node(number)
    body = {
        "Node": node,
        "Address": where,
        "NodeMeta": {"instance-id": ident},
        "Service": {"ID": f"{case.service}-{number}", "Service": case.service, "Port": 8080},
        "Check": {"CheckID": "ready", "Name": "node ready", "Status": "passing"},
    }
    case.world.consul.call("PUT", "/v1/catalog/register", body)
    case.keys.append(f"{ident}:8080")


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


@dataclass(frozen=True)
class Lied:
    """A stack that stands, and a Consul that says what we want.

    Attributes:
        world: Its world.
        arn: Its group.
        keys: What stands there.
        odd: The Consul.
        entries: What the true Consul says of the service.
    """

    world: World
    arn: str
    keys: list[str]
    odd: odd_consul.OddConsul
    entries: list[Any]

    def says(self, *numbers: int, **headers: str) -> Odd:
        """Make an answer that names these instances."""
        body = json.dumps([self.entries[number] for number in numbers])
        return Odd(body=body.encode(), headers=headers)

    def up(self, *answers: Odd, **more: Any) -> Run:  # noqa: ANN401 - JSON
        """Update behind that Consul; the log of calls begins with it."""
        self.odd.answers(*answers)
        self.world.declare(self.world.group(self.arn, **more), consul_address=self.odd.url)
        self.world.aws.clear_calls()
        return self.world.stack.up()

    def nothing_happened(self) -> None:
        """Check that all stands, and nothing was called."""
        assert self.world.standing(self.arn) == sorted(self.keys)
        assert self.world.changes() == []
        assert self.world.outputs()["held"] == {}


@pytest.fixture(scope="module")
def lied(aws: StandIn, consul: Consul, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lied]:
    """Bring up three targets, then put another Consul in the place of the true one."""
    aws.reset()
    stack = Stack(tmp_path_factory.mktemp("lied"), aws.environment()).create()
    world = World(aws, consul, stack, "lied")
    arn, keys = world.attached(3)
    entries = consul.call("GET", f"/v1/health/service/{world.service}")
    entries.sort(key=lambda entry: str(entry["Node"]["Node"]))
    with odd_consul.start() as odd:
        yield Lied(world, arn, keys, odd, entries)


CONSISTENT = {"X-Consul-Effective-Consistency": "consistent"}


def test_a_new_leader_knows_little_yet(lied: Lied) -> None:
    """The first answer after an election lacks most: one that shrinks is asked for again.

    The second time the leader has to confirm itself, and what it says counts.
    """
    run = lied.up(lied.says(2), lied.says(0, 1, 2, **CONSISTENT)).ok()
    assert "2 unchanged" in run.text
    assert ["consistent" in asked.path for asked in lied.odd.asked] == [False, True]
    lied.nothing_happened()


def test_an_empty_answer_during_an_election(lied: Lied) -> None:
    """A stale read is valid and empty: it is refused where it says so, else read again."""
    stale = lied.says(**{"X-Consul-Effective-Consistency": "stale"})
    lied.world.refused(lied.up(stale), "resource 'web'", "gave a stale answer")
    lied.nothing_happened()
    run = lied.up(lied.says(), lied.says(0, 1, 2, **CONSISTENT)).ok()
    assert "2 unchanged" in run.text
    lied.nothing_happened()


def test_a_source_that_does_not_answer_is_not_an_empty_one(lied: Lied) -> None:
    """One source answers, the other breaks off: nothing of either counts."""
    sources = [{"service": lied.world.service}, {"service": "other"}]
    run = lied.up(lied.says(0, 1, 2), Odd(reset=True), service=None, sources=sources)
    lied.world.refused(run, "resource 'web'", "service other", "cannot be reached")
    lied.nothing_happened()


def test_a_throttled_list_is_not_a_shorter_one(lied: Lied) -> None:
    """A reader that restarts meets a Consul that limits rates: no answer, no change."""
    busy = Odd(status=429, body=b"Your IP is issuing too many concurrent connections")
    lied.world.refused(lied.up(busy), "resource 'web'", "429")
    lied.nothing_happened()


def test_a_replaced_group_is_not_left_for_an_empty_one(lied: Lied) -> None:
    """Of two checks of one replacement the second one meets an empty answer: it is refused."""
    new = lied.world.aws.create_group("lied-new")
    full, consistent = lied.says(0, 1, 2), lied.says(**CONSISTENT)
    run = lied.up(full, lied.says(), consistent, targetGroupArn=new)
    lied.world.refused(run, "target_group_arn changes while 3 targets stand")
    lied.nothing_happened()
    assert len(lied.odd.asked) == 3


def test_sources_left_out_are_refused(lied: Lied) -> None:
    """An entry that names no source asks for nothing, which is not: for no target."""
    entries: list[dict[str, Any]] = [{"service": None, "sources": []}, {"service": ""}]
    for more in entries:
        run = lied.up(lied.says(0, 1, 2), **more)
        lied.world.refused(run, "targetGroups[0]")
        lied.nothing_happened()
