"""The bad hour: stories of outages, a group for each, before, during and after they strike.

One stack with all of them is brought up three times; `test_outages.py` looks at what was seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.engine.cases import Cases

if TYPE_CHECKING:
    from tests.engine.cases import Case
    from tests.engine.world import World
    from tests.fakes.pulumi import Run

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


def play(world: World) -> Hour:
    """Play the stories that a real Consul and AWS can play."""
    hour = Hour(make_cases(world))
    hour.cases.up().ok()
    hour.before = hour.look()
    strike(hour.cases)
    hour.run = hour.cases.up()
    hour.during = hour.look()
    mend(hour.cases)
    hour.cases.up().ok()
    hour.after = hour.look()
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
