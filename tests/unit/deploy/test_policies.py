"""The policies that we ship: every call passes with them, and each permission is needed."""

from __future__ import annotations

import copy
import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lictor import errors
from lictor.aws import instances, machines, networks, quotas, tags, target_groups
from lictor.consul import services
from lictor.consul.client import Client, Patience
from lictor.model import (
    AWSAccess,
    ConsulConnection,
    ConsulService,
    PreparedQuery,
    Status,
    Target,
)
from tests.fakes import consul

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul

pytestmark = pytest.mark.xdist_group("policies")

DEPLOY = Path(__file__).parents[3] / "deploy"
IAM: dict[str, Any] = json.loads((DEPLOY / "iam-policy.json").read_text())
ACL = (DEPLOY / "consul-policy.hcl").read_text()
ROOT = "6d1b7b9e-root-token"
TARGETS = [Target("172.31.0.4", 80)]


def actions(statement: dict[str, Any]) -> list[str]:
    """Return the actions of a statement."""
    listed = statement["Action"]
    return [listed] if isinstance(listed, str) else listed


ACTIONS = [action for statement in IAM["Statement"] for action in actions(statement)]


def without(action: str) -> dict[str, Any]:
    """Return the policy without one permission."""
    policy = copy.deepcopy(IAM)
    for statement in policy["Statement"]:
        statement["Action"] = [each for each in actions(statement) if each != action]
    return policy


@pytest.fixture(scope="module")
def access(standin: StandIn) -> AWSAccess:
    """Return the way to the stand-in."""
    endpoints = tuple((name, standin.url) for name in ("ec2", "elbv2"))
    return AWSAccess(standin.region, "", "AKIA-policy", "x", endpoints=endpoints)


@pytest.fixture
def arn(standin: StandIn, make_group: Callable[..., str]) -> Iterator[str]:
    """Return a group of the test's own, and lift the policy after it."""
    yield make_group()
    standin.policy(None)


def everything(access: AWSAccess, arn: str) -> None:
    """Make every call that lictor makes for target groups; raise if one is denied."""
    group = target_groups.describe(access, arn)
    done = target_groups.register(access, arn, TARGETS)
    if done.failure is not None:
        raise done.failure
    target_groups.listing(access, arn)
    target_groups.deregister(access, arn, TARGETS)
    quotas.head_room(access, arn)
    instances.Instances(access).by_address(["172.31.0.4"], instances.Group(lambda: group.vpc_id))
    networks.cidrs(access, group.vpc_id)


def test_the_policy_is_enough(standin: StandIn, access: AWSAccess, arn: str) -> None:
    """With it, and nothing else, nothing is denied."""
    standin.clear_calls()
    standin.policy(IAM)
    everything(access, arn)
    called = {f"{call['service']}:{call['operation']}" for call in standin.calls()}
    assert called == set(ACTIONS)


@pytest.mark.parametrize("action", [each for each in ACTIONS if not each.endswith("AccountLimits")])
def test_each_permission_is_needed(
    standin: StandIn, access: AWSAccess, arn: str, action: str
) -> None:
    """One taken away is denied, and the text names it."""
    standin.policy(without(action))
    with pytest.raises(errors.AccessDenied, match=f"allow {action} to this identity"):
        everything(access, arn)


def test_limits_can_do_without(standin: StandIn, access: AWSAccess, arn: str) -> None:
    """The one permission that is for a better forecast only."""
    standin.policy(without("elasticloadbalancing:DescribeAccountLimits"))
    everything(access, arn)
    assert standin.calls("DescribeAccountLimits")[-1]["error"] == "AccessDenied"


LEADER: dict[str, Any] = json.loads((DEPLOY / "iam-policy-leader-tag.json").read_text())
OF_LEADER = [action for statement in LEADER["Statement"] for action in actions(statement)]


def tagging(access: AWSAccess, ident: str) -> None:
    """Make every call that lictor makes for leader tags; raise if one is denied."""
    tag = tags.Tag("consul-leader", ident)  # a case that is denied leaves its own behind
    assert machines.among(access, [ident], {})
    tags.give(access, tag, ident)
    assert tags.carriers(access, tag) == {ident}
    failed = tags.take(access, tag, [ident])
    if failed:
        raise errors.AccessDenied(failed[ident])


@pytest.mark.parametrize("missing", ["", *OF_LEADER])
def test_the_policy_of_leader_tags(standin: StandIn, access: AWSAccess, missing: str) -> None:
    """It is enough, and each permission is needed: one taken away is named."""
    ((ident, _),) = standin.create_instances(1)
    policy = copy.deepcopy(LEADER)
    for statement in policy["Statement"]:
        statement["Action"] = [each for each in actions(statement) if each != missing]
    standin.clear_calls()
    standin.policy(policy)
    try:
        if missing:
            with pytest.raises(errors.AccessDenied, match=f"allow {missing} to this identity"):
                tagging(access, ident)
        else:
            tagging(access, ident)
            called = {f"{call['service']}:{call['operation']}" for call in standin.calls()}
            assert called == set(OF_LEADER)
    finally:
        standin.policy(None)


@pytest.fixture(scope="module")
def agent() -> Iterator[Consul]:
    """Run an agent that denies by default, with what a policy may show."""
    with consul.start(token=ROOT) as running:
        for node, status in (("n1", "warning"), ("n2", "passing")):
            running.register("web", node, "10.0.0.1", status=status)
        ignored = ["check:web-n1"]
        body = {"Name": "q", "Service": {"Service": "web", "IgnoreCheckIDs": ignored}}
        running.call("POST", "/v1/query", body)
        yield running


def client_with(agent: Consul, rules: str) -> Client:
    """Return a client whose token has these rules and no others."""
    name = f"p-{uuid.uuid4()}"
    agent.call("PUT", "/v1/acl/policy", {"Name": name, "Rules": rules})
    made = agent.call("PUT", "/v1/acl/token", {"Policies": [{"Name": name}]})
    connection = ConsulConnection(agent.url, made["SecretID"], timeout=1.0)
    return Client(connection, Patience(pauses=()))


def rules_without(start: str) -> str:
    """Return the shipped rules without the one that begins so."""
    rules = [rule for rule in ACL.split("\n\n") if not rule.lstrip("# ").startswith("What")]
    kept = [rule for rule in rules if not any(x.startswith(start) for x in rule.splitlines())]
    assert len(kept) == len(rules) - 1, start
    return "\n".join(kept)


def statuses(client: Client) -> set[Status]:
    """Execute the query, in which one check is ignored."""
    return {found.status for found in services.read(client, PreparedQuery("q")).instances}


def test_the_acl_policy_is_enough(agent: Consul) -> None:
    """A service, a query with its definition, and the word on a peer that is not there."""
    client = client_with(agent, ACL)
    assert len(services.read(client, ConsulService("web"), consistent=True).instances) == 2
    assert statuses(client) == {Status.PASSING}
    with pytest.raises(errors.ConsulError, match="has no cluster peer mars"):
        services.read(client, ConsulService("web", peer="mars"))


@pytest.mark.parametrize("rule", ["service_prefix", "node_prefix"])
def test_each_read_right_is_needed(agent: Consul, rule: str) -> None:
    """Without it Consul leaves instances out, and says so."""
    client = client_with(agent, rules_without(rule))
    for source in (ConsulService("web"), PreparedQuery("q")):
        with pytest.raises(errors.ConsulDenied, match="left out results"):
            services.read(client, source)


def test_queries_can_do_without_their_definition(agent: Consul) -> None:
    """Then an ignored check that warns counts."""
    client = client_with(agent, rules_without("query_prefix"))
    assert statuses(client) == {Status.PASSING, Status.WARNING}


def test_peers_need_the_right_to_read_peerings(agent: Consul) -> None:
    """Without it nobody can tell whether what was imported is whole."""
    client = client_with(agent, rules_without("peering"))
    with pytest.raises(errors.ConsulUnreachable, match="peering:read"):
        services.read(client, ConsulService("web", peer="mars"))
