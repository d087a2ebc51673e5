"""The leader's tag on the real engine, with three real servers of which one leads."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.triggers import environment, shipped
from tests.engine.watches import watching
from tests.fakes import cluster as clusters
from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.engine.world import World
    from tests.fakes.aws.client import StandIn
    from tests.fakes.cluster import Cluster, Member

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("cluster")]

IAM: dict[str, Any] = json.loads((ROOT / "deploy/iam-policy-leader-tag.json").read_text())
ACTIONS = [action for statement in IAM["Statement"] for action in statement["Action"]]
CHANGES = ("CreateTags", "DeleteTags")


@pytest.fixture(scope="module")
def cluster(aws: StandIn) -> Iterator[Cluster]:
    """Run three servers, each on an instance, which its node's meta names."""
    instances = [ident for ident, _ in aws.create_instances(3)]
    with clusters.start([{"instance-id": ident} for ident in instances]) as running:
        yield running


class Tagged:
    """A stack with a leader tag whose value no other test has."""

    def __init__(self, world: World, cluster: Cluster) -> None:
        """Know both; nothing is declared yet."""
        self.world, self.cluster, self.value = world, cluster, world.service

    def declare(self, at: Member | str, **entry: Any) -> None:  # noqa: ANN401 - JSON
        """Write the config: one leader tag, and which Consul is asked."""
        address = at if isinstance(at, str) else at.consul.address
        tag = {"name": "leader", "tagValue": self.value, **entry}
        self.world.stack.configure({"consul:address": address, "lictor:leaderTags": [tag]})

    def carriers(self, value: str = "") -> set[str]:
        """List who carries the tag."""
        filters = [{"Name": "tag:consul-leader", "Values": [value or self.value]}]
        found = self.world.aws._setup("ec2").describe_instances(Filters=filters)  # noqa: SLF001 - no call of lictor's
        return {i["InstanceId"] for r in found["Reservations"] for i in r["Instances"]}

    def tag(self, *ids: str) -> None:
        """Put the tag on instances by hand."""
        tags = [{"Key": "consul-leader", "Value": self.value}]
        self.world.aws._setup("ec2").create_tags(Resources=list(ids), Tags=tags)  # noqa: SLF001 - as above

    def untag(self, *ids: str) -> None:
        """Take it off by hand."""
        tags = [{"Key": "consul-leader"}]
        self.world.aws._setup("ec2").delete_tags(Resources=list(ids), Tags=tags)  # noqa: SLF001 - as above

    def changes(self) -> list[str]:
        """List the calls that changed tags, in order."""
        return [c["operation"] for c in self.world.aws.calls() if c["operation"] in CHANGES]


def instance(member: Member) -> str:
    """Tell on which instance a server runs."""
    return member.meta["instance-id"]


@pytest.mark.long
def test_life(world: World, cluster: Cluster) -> None:
    """Preview, up, no change, strangers, drift, another value, another name, destroy."""
    tagged, stack = Tagged(world, cluster), world.stack
    leader = cluster.leader()
    mine = instance(leader)
    tagged.declare(leader)
    assert mine in stack.preview("--diff").ok().text
    assert f"its instance {mine} does not carry the tag" in stack.lictor("doctor").ok().text
    assert tagged.changes() == []
    stack.up().ok()
    assert tagged.carriers() == {mine}
    assert stack.outputs("leader")["tagged"] == {mine: f"{leader.name} (dc1)"}
    assert "2 unchanged" in stack.up().ok().text
    assert tagged.changes() == ["CreateTags"]

    # whoever else carries it loses it; who lost it gets it back, without a refresh or with one
    ((stranger, _),) = world.aws.create_instances(1)
    tagged.tag(stranger)
    assert stranger in stack.preview("--diff").ok().text
    stack.up().ok()
    assert tagged.carriers() == {mine}
    tagged.untag(mine)
    stack.up().ok()
    assert tagged.carriers() == {mine}
    tagged.untag(mine)
    stack.refresh().ok()
    assert stack.outputs("leader")["tagged"] == {}
    stack.up().ok()
    assert tagged.carriers() == {mine}

    # another name, without an alias: neither does a call
    world.aws.clear_calls()
    tagged.declare(leader, name="other")
    stack.up().ok()
    assert tagged.changes() == []
    assert list(stack.resources()) == ["other"]

    # another value: the new tag is there before the old one goes
    tagged.declare(leader, name="other", tagValue=f"{tagged.value}-new")
    world.aws.clear_calls()
    stack.up().ok()
    assert tagged.changes() == CHANGES_IN_ORDER
    assert tagged.carriers(f"{tagged.value}-new") == {mine}

    # destroy asks nobody who leads
    tagged.declare("127.0.0.1:1", name="other")
    stack.destroy().ok()
    assert tagged.carriers(f"{tagged.value}-new") == set()


CHANGES_IN_ORDER = ["CreateTags", "DeleteTags"]


@pytest.mark.long
def test_the_policy_is_enough_and_needed(world: World, cluster: Cluster) -> None:
    """Each permission that is missing is named, and nobody has lost the tag for it."""
    tagged, leader = Tagged(world, cluster), cluster.leader()
    mine = instance(leader)
    ((old, _),) = world.aws.create_instances(1)
    tagged.tag(old)
    tagged.declare(leader)
    for action in ("ec2:DescribeInstances", "ec2:DescribeTags", "ec2:CreateTags"):
        refused(world, action)
        assert tagged.carriers() == {old}
    refused(world, "ec2:DeleteTags")
    assert tagged.carriers() == {old, mine}
    world.aws.policy(IAM)
    world.aws.clear_calls()
    world.stack.up().ok()
    assert tagged.carriers() == {mine}
    world.stack.refresh().ok()
    world.stack.destroy().ok()
    assert tagged.carriers() == set()
    tagged.declare(leader)
    world.stack.up().ok()
    called = {f"{call['service']}:{call['operation']}" for call in world.aws.calls()}
    assert called == set(ACTIONS)
    world.stack.destroy().ok()


def refused(world: World, action: str) -> None:
    """Run without one permission; the text names it."""
    policy = copy.deepcopy(IAM)
    for statement in policy["Statement"]:
        statement["Action"] = [each for each in statement["Action"] if each != action]
    world.aws.policy(policy)
    run = world.stack.up()
    assert run.code != 0, run.text
    assert f"allow {action} to this identity" in run.text
    assert "Traceback" not in run.text


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({}, "no EC2 instance has the private address 127.0.0.1 of Consul's leader server (dc1)"),
        ({"datacenter": "mars"}, "the leader of mars: "),
        ({"instanceFilter": {"vpc": "x"}}, "The filter 'vpc' is invalid"),
        ({"tagKey": "aws:leader"}, "lictor:leaderTags[0].tagKey: expected up to 127 characters"),
    ],
    ids=["instance", "datacenter", "filter", "key"],
)
def test_bad_input(world: World, entry: dict[str, Any], text: str) -> None:
    """One clear line, before anything is changed; the agent's server is on no instance."""
    if "instanceFilter" in entry:
        world.aws.fault(
            "DescribeInstances", "error", status=400, code="InvalidParameterValue", message=text
        )
    tag = {"name": "leader", "tagValue": world.service, **entry}
    config = {"consul:address": world.consul.address, "lictor:leaderTags": [tag]}
    world.stack.configure(config)
    world.refused(world.stack.preview(), text)


def test_two_tags_of_one_program(world: World, cluster: Cluster) -> None:
    """They would take it off each other's leader: refused with both names."""
    entries = [{"name": name, "tagValue": world.service} for name in ("one", "two")]
    address = cluster.leader().consul.address
    config = {"consul:address": address, "lictor:leaderTags": entries}
    world.stack.configure(config)
    run = world.stack.preview()
    world.refused(run, "both want the tag consul-leader=")


@pytest.mark.long
def test_the_watch_follows_the_leader(world: World, cluster: Cluster) -> None:
    """The leader is killed: another one is elected, and the tag is on its instance."""
    tagged, leader = Tagged(world, cluster), cluster.leader()
    tagged.declare(cluster.followers()[0])
    with watching(world) as watch:
        watch.until(lambda: tagged.carriers() == {instance(leader)} and watch.waiting())
        leader.kill()
        new = cluster.leader(but=leader)
        watch.until(lambda: tagged.carriers() == {instance(new)})
        watch.until(lambda: watch.told(f"leader + {instance(new)} {new.name} (dc1)"))
        assert watch.told(f"leader - {instance(leader)} {leader.name} (dc1)")
        assert watch.end() == 0
    made = [call["params"]["ResourceId.1"] for call in changed(world, "CreateTags")]
    assert made[-1] == instance(new)
    leader.start()
    cluster.whole()


@pytest.mark.long
def test_the_handler_of_type_nodes(world: World) -> None:
    """An agent with the shipped watch: the leader leaves, and the tag is on the next one."""
    instances = [ident for ident, _ in world.aws.create_instances(3)]
    with clusters.start([{"instance-id": ident} for ident in instances]) as cluster:
        tagged, leader = Tagged(world, cluster), cluster.leader()
        watcher = cluster.followers()[0]
        tagged.declare(watcher)
        watcher.kill()
        config = watcher.folder / "config/watches.json"
        config.write_text(shipped(world, "consul-watch/nodes.json"))
        watcher.start(environment(world))
        cluster.whole()
        leader = cluster.leader()
        clusters.until(lambda: tagged.carriers() == {instance(leader)} or None, lambda: watcher.log)
        if leader is watcher:  # it may have been elected meanwhile, and cannot watch itself leave
            cluster.transfer()
            leader = cluster.leader(but=watcher)
        leader.leave()
        new = cluster.leader(but=leader)
        clusters.until(lambda: tagged.carriers() == {instance(new)} or None, lambda: watcher.log)


def changed(world: World, operation: str) -> Sequence[dict[str, Any]]:
    """List the calls of an operation."""
    return world.aws.calls(operation)
