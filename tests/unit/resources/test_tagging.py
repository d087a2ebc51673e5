"""The leader's tag through many runs: elections, faults and strangers, and always a carrier."""

from __future__ import annotations

import itertools
import json
import os
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.retries.standard import ExponentialBackoff
from pulumi.output import Unknown

from lictor import errors
from lictor.resources import tagging
from lictor.resources.remotes import Remotes
from lictor.resources.run import Run
from tests.fakes import odd_consul
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.fakes.aws.client import Kind, StandIn
    from tests.fakes.odd_consul import OddConsul

_NUMBERS = itertools.count(1)
_FAULTS: tuple[Kind, ...] = ("deny", "error", "lost", "throttle", "drop")
_SURE = {"X-Consul-Effective-Consistency": "consistent"}
LATER = Unknown()  # type: ignore[no-untyped-call] # Pulumi's mark for what is known only later


@dataclass
class Stack:
    """One resource through its life, as the engine leads it; what it knows is what state has.

    Attributes:
        aws: The stand-in.
        consul: Says who leads.
        machines: Ids of the servers' instances, and their addresses.
        told: Whether Consul tells the ids; else EC2 is asked by address.
    """

    aws: StandIn
    consul: OddConsul
    machines: Sequence[tuple[str, str]]
    told: bool = False
    value: str = field(default_factory=lambda: f"value-{next(_NUMBERS)}")
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    run: Run = field(default_factory=Run)

    @property
    def arguments(self) -> dict[str, Any]:
        """The program's arguments."""
        return {"name": "leader", "tag_value": self.value}

    def remotes(self) -> Remotes:
        """Begin a run, with keys of its own: botocore lets each client fail only so often."""
        self.run = Run()
        config = {
            "aws:region": self.aws.region,
            "aws:accessKey": f"AKIA{next(_NUMBERS):016}",
            "aws:secretKey": "secret",
            "aws:endpoints": json.dumps([dict.fromkeys(("ec2", "sts"), self.aws.url)]),
            "consul:address": self.consul.url.removeprefix("http://"),
        }
        return Remotes(config.get, {}, self.run)

    def elect(self, number: int | None) -> None:
        """Have one of the servers lead, or nobody."""
        raft = [f"{address}:8300" for _, address in self.machines]
        listed = [
            {
                "Node": f"server-{n}",
                "Address": address,
                "Datacenter": "dc1",
                "ServicePort": 8300,
                "NodeMeta": {"instance-id": ident} if self.told else {},
            }
            for n, (ident, address) in enumerate(self.machines)
        ]
        leader = "" if number is None else raft[number]
        bodies = {"leader": leader, "peers": raft, "consul": listed}

        def rule(asked: odd_consul.Asked) -> Odd:
            name = asked.path.partition("?")[0].rpartition("/")[2]
            return Odd(body=json.dumps(bodies[name]).encode(), headers=_SURE)

        self.consul.obeys(rule)

    def up(self) -> str:
        """Run once; return what was wrong, if anything, and raise nothing but a bug."""
        remotes = self.remotes()
        try:
            news = tagging.inputs(self.inputs, self.arguments, remotes)
            problem = ""
        except errors.LictorError as error:
            problem = str(error)
            if not self.inputs:
                return problem
            news = tagging.as_before(self.inputs, self.arguments, remotes)
        if not self.outputs:
            self.outputs = tagging.create(news, remotes)
        elif tagging.compare(self.outputs, news).changes:
            self.outputs = tagging.update(self.outputs, news, remotes)
        self.inputs = news
        return problem or str(next(iter(self.outputs["failed"].values()), ""))

    def tags(self, change: str, *ids: str) -> None:
        """Change the tag by hand."""
        tags = [{"Key": "consul-leader", "Value": self.value}]
        getattr(self.aws._setup("ec2"), change)(Resources=list(ids), Tags=tags)  # noqa: SLF001 - no call of lictor's

    def carriers(self) -> set[str]:
        """List who carries the tag."""
        filters = [{"Name": "tag:consul-leader", "Values": [self.value]}]
        found = self.aws._setup("ec2").describe_instances(Filters=filters)  # noqa: SLF001 - no call of lictor's
        return {one["InstanceId"] for r in found["Reservations"] for one in r["Instances"]}

    def history(self, before: set[str]) -> Iterator[set[str]]:
        """Replay the calls: who carried the tag after each of them."""
        now = set(before)
        for call in self.aws.calls():
            done = call["error"] is None and call["fault"] != "drop"
            if done and call["operation"] in ("CreateTags", "DeleteTags"):
                ids = {text for key, text in call["params"].items() if key.startswith("ResourceId")}
                now = now | ids if call["operation"] == "CreateTags" else now - ids
                yield now


@pytest.fixture(scope="module", autouse=True)
def _at_once() -> Iterator[None]:
    """No AWS settings of whoever runs the tests; botocore's new tries at once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.0)
        yield


@pytest.fixture(scope="module")
def odd() -> Iterator[OddConsul]:
    """Run the odd server."""
    with odd_consul.start() as running:
        yield running


@pytest.fixture
def stack(standin: StandIn, odd: OddConsul) -> Stack:
    """Give a test servers of its own, of which the first one leads."""
    standin.reset()
    made = Stack(standin, odd, standin.create_instances(3))
    made.elect(0)
    return made


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2))]
)
def test_somebody_always_carries_the_tag(stack: Stack, seed: int) -> None:
    """Elections, faults and strangers at random: from the first tag on there is always one."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    stack.told = bool(seed % 2)
    ((stranger, _),) = stack.aws.create_instances(1)
    leader: int | None = 0
    stack.elect(leader)
    for _ in range(15):
        if draw.random() < 0.5:
            leader = draw.choice([0, 1, 2, None])
            stack.elect(leader)
        if draw.random() < 0.2 and stack.carriers():
            stack.tags("create_tags", stranger)
        stack.aws.clear_faults()
        if draw.random() < 0.5:
            operation = draw.choice(["CreateTags", "DeleteTags", "DescribeTags"])
            effect = "after" if draw.random() < 0.5 else None
            times = draw.choice([1, None])
            stack.aws.fault(operation, draw.choice(_FAULTS), times=times, effect=effect)
        before = stack.carriers()
        stack.aws.clear_calls()
        problem = stack.up()
        faults = [call for call in stack.aws.calls() if call["fault"]]
        if leader is None:
            assert "knows no leader" in problem
            assert stack.carriers() == before
        elif not faults:
            assert problem == ""
            assert stack.carriers() == {stack.machines[leader][0]}
        assert stack.carriers() or not before
        if not faults:
            assert all(stack.history(before))
    stack.aws.clear_faults()
    stack.elect(1)
    assert stack.up() == ""
    assert stack.carriers() == {stack.machines[1][0]} == set(stack.outputs["tagged"])
    stack.aws.clear_calls()
    assert stack.up() == ""
    assert {call["operation"] for call in stack.aws.calls()} == {
        "DescribeInstances",
        "DescribeTags",
    }


def test_a_leader_that_cannot_be_tagged_takes_it_from_nobody(stack: Stack) -> None:
    """The old one carries on; what is wrong is told, and the next run does it."""
    stack.up()
    stack.elect(1)
    stack.aws.fault("CreateTags", "deny", times=None)
    assert "allow ec2:CreateTags to this identity" in stack.up()
    assert stack.carriers() == {stack.machines[0][0]} == set(stack.outputs["tagged"])
    assert set(stack.outputs["failed"]) == {stack.machines[1][0]}
    stack.elect(None)
    stack.aws.clear_faults()
    assert "knows no leader" in stack.up()
    assert stack.carriers() == {stack.machines[0][0]}, "given to the leader of yesterday"
    stack.elect(1)
    assert stack.up() == ""
    assert stack.carriers() == {stack.machines[1][0]}


def test_who_is_in_scope(stack: Stack) -> None:
    """With a filter what it leaves out keeps the tag, unless Consul tells its id or we gave it."""
    (other, _), (third, _) = stack.aws.create_instances(2)
    servers = [ident for ident, _ in stack.machines]
    stack.aws.boto3("ec2").create_tags(
        Resources=[other, *servers[:2]], Tags=[{"Key": "team", "Value": "a"}]
    )
    stack.tags("create_tags", other, third, *servers[1:])
    given = {**stack.arguments, "instance_filter": {"tag:team": "a"}}
    news = tagging.inputs({}, given, stack.remotes())
    assert set(news["clear"]) == {other, servers[1]}, "one of another network has that address"
    assert news["leader"] == {servers[0]: "server-0 (dc1)"}
    news = tagging.inputs({"leader": {third: "x"}}, given, stack.remotes())
    assert set(news["clear"]) == {other, third, servers[1]}
    stack.elect(2)
    with pytest.raises(errors.LeaderNotFound, match="none matches instance_filter"):
        tagging.inputs({}, given, stack.remotes())
    stack.told = True
    stack.elect(2)
    news = tagging.inputs({}, given, stack.remotes())
    assert news["leader"] == {servers[2]: "server-2 (dc1)"}
    assert set(news["clear"]) == {other, servers[1]}


def test_an_instance_that_consul_names_and_ec2_does_not_know(stack: Stack) -> None:
    """Known before anything is changed."""
    stack.told = True
    stack.machines = [("i-0123456789abcdef0", "10.9.9.9"), *stack.machines]
    stack.elect(0)
    with pytest.raises(errors.LeaderNotFound, match="i-0123456789abcdef0, which Consul tells"):
        tagging.inputs({}, stack.arguments, stack.remotes())


def test_a_renamed_resource_is_not_the_end_of_its_tag(stack: Stack) -> None:
    """The engine deletes the old one last; one that is kept as it was has its tag, too."""
    stack.up()
    remotes = stack.remotes()
    tagging.inputs({}, {**stack.arguments, "name": "new"}, remotes)
    tagging.delete(stack.outputs, remotes)
    assert len(stack.carriers()) == 1
    remotes = stack.remotes()
    tagging.as_before(stack.inputs, {**stack.arguments, "name": "new"}, remotes)
    tagging.delete(stack.outputs, remotes)
    assert len(stack.carriers()) == 1
    tagging.delete(stack.outputs, stack.remotes())
    assert stack.carriers() == set()
    tagging.delete(stack.outputs, stack.remotes())


def test_one_of_two_that_share_a_tag_by_filters_takes_its_own_away(stack: Stack) -> None:
    """The other one keeps what it wants, planned anew, undisturbed or blocked."""
    given: list[dict[str, Any]] = []
    for number, (ident, _) in enumerate(stack.machines[:2]):
        stack.aws.boto3("ec2").create_tags(
            Resources=[ident], Tags=[{"Key": "cluster", "Value": f"{number}"}]
        )
        only = {"tag:cluster": f"{number}"}
        given.append({**stack.arguments, "name": f"leader-{number}", "instance_filter": only})
    first = tagging.inputs({}, given[0], stack.remotes())
    tagging.create(first, stack.remotes())
    for plan in (tagging.inputs, tagging.undisturbed, tagging.as_before):
        stack.elect(1)
        other = tagging.create(tagging.inputs({}, given[1], stack.remotes()), stack.remotes())
        assert stack.carriers() == {ident for ident, _ in stack.machines[:2]}
        stack.elect(0)
        remotes = stack.remotes()
        assert plan(first, given[0], remotes)
        tagging.delete(other, remotes)
        assert stack.carriers() == {stack.machines[0][0]}


def test_a_deletion_that_aws_denies(stack: Stack) -> None:
    """The resource stays in state."""
    stack.up()
    stack.aws.fault("DeleteTags", "deny", times=None)
    with pytest.raises(errors.AWSError, match="allow ec2:DeleteTags"):
        tagging.delete(stack.outputs, stack.remotes())


def test_what_a_killed_run_may_have_tagged(stack: Stack) -> None:
    """EC2 tells whether it has; it is ours then."""
    stack.up()
    stack.elect(1)
    new = stack.machines[1][0]
    begun = tagging.begun(tagging.inputs(stack.inputs, stack.arguments, stack.remotes()))
    assert set(begun) == {new}
    found = tagging.read(tagging.with_begun(stack.outputs, begun), stack.remotes())
    assert found is not None
    assert set(found[0]["tagged"]) == {stack.machines[0][0]}
    stack.tags("create_tags", new)
    found = tagging.read(tagging.with_begun(stack.outputs, begun), stack.remotes())
    assert found is not None
    assert set(found[0]["tagged"]) == {stack.machines[0][0], new}


def test_what_is_known_only_later(stack: Stack) -> None:
    """Nothing is asked, and the plan is unknown."""
    for given in ({"tag_key": LATER}, {"instance_filter": {"vpc-id": LATER}}):
        news = tagging.inputs({}, {**stack.arguments, **given}, stack.remotes())
        assert isinstance(news["leader"], Unknown)
        assert tagging.compare({}, news).changes


def test_a_default_that_is_written_down_replaces_nothing(stack: Stack) -> None:
    """Nor does the region that was found; another one does."""
    stack.up()
    given = {**stack.arguments, "tag_key": "consul-leader", "region": stack.aws.region}
    news = tagging.inputs(stack.inputs, given, stack.remotes())
    assert not tagging.compare(stack.outputs, news).changes
    for change in ({"tag_key": "x"}, {"tag_value": "x"}, {"region": "eu-west-1"}):
        found = tagging.compare(stack.outputs, {**news, **change})
        assert found.replaces == tuple(change)
    assert tagging.id_of(news) == f"consul-leader={stack.value}"


def test_what_a_run_shows(stack: Stack) -> None:
    """Who gets the tag and who loses it, planned and done; a label that changes is nothing."""
    stack.up()
    stack.tags("delete_tags", stack.machines[0][0])
    stack.elect(1)
    news = tagging.inputs(stack.inputs, stack.arguments, stack.remotes())
    old, new = stack.machines[0][0], stack.machines[1][0]
    plan = tagging.planned(stack.outputs, news, shown=True)
    assert (set(plan.added), set(plan.removed), set(plan.attached)) == ({new}, {old}, {old})
    outputs = tagging.update(stack.outputs, news, stack.remotes())
    done = tagging.done(stack.outputs, news, outputs)
    assert (set(done.added), set(done.removed), set(done.attached)) == ({new}, {old}, {new})
    relabelled = {**news, "leader": {new: "renamed"}}
    relabelled.pop("missing")
    assert not tagging.compare(outputs, relabelled).changes
