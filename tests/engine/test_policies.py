"""Least privilege: whole lives of a stack under exactly the policies that `deploy/` ships.

`tests/unit/deploy` asks the same of the rooms; here the question is whether a stack asks for
anything else, and whether its user learns what is missing.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from tests.engine.world import World
    from tests.fakes.consul import Consul

pytestmark = pytest.mark.timeout(240)

IAM: dict[str, Any] = json.loads((ROOT / "deploy/iam-policy.json").read_text())
ACL = (ROOT / "deploy/consul-policy.hcl").read_text()
ELB = "elasticloadbalancing"
NETWORKS = "ec2:DescribeSubnets"
"""How the ranges of a group's VPC are found."""
MANY = 100
"""So many additions at once are counted against the quotas first."""


def actions() -> set[str]:
    """List what the policy allows."""
    listed = [each["Action"] for each in IAM["Statement"]]
    return {name for one in listed for name in ([one] if isinstance(one, str) else one)}


def without(action: str) -> dict[str, Any]:
    """Return the policy without one permission."""
    policy = copy.deepcopy(IAM)
    for statement in policy["Statement"]:
        names = statement["Action"]
        names = [names] if isinstance(names, str) else names
        statement["Action"] = [name for name in names if name != action]
    return policy


def token(consul: Consul, name: str, rules: str) -> dict[str, str]:
    """Make a token with these rules and no others; return the environment that carries it."""
    consul.call("PUT", "/v1/acl/policy", {"Name": name, "Rules": rules})
    made = consul.call("PUT", "/v1/acl/token", {"Policies": [{"Name": name}]})
    return {"CONSUL_HTTP_TOKEN": made["SecretID"]}


def rules_without(kind: str) -> str:
    """Return the rules without those of one kind."""
    return "\n\n".join(rule for rule in ACL.split("\n\n") if f'{kind} "" {{' not in rule)


class Stack:
    """Every kind of group: instances by EC2 look-up, addresses, a query, and a big one."""

    def __init__(self, world: World, consul: Consul, *names: str) -> None:
        """Fill Consul and create the groups."""
        self.world, self.consul = world, consul
        self.services = {name: f"{world.service}-{name}" for name in names}
        self.arns = {
            name: world.aws.create_group(service, "ip" if name in ("ip", "big") else "instance")
            for name, service in self.services.items()
        }
        for number, (ident, address) in enumerate(world.aws.create_instances(2)):
            for name in {*names} - {"big"}:
                meta = {"instance-id": ident} if name == "query" else {}
                self.register(name, number, address, node_meta=meta)
        if "query" in names:
            query = self.services["query"]
            consul.call("POST", "/v1/query", {"Name": query, "Service": {"Service": query}})
        if "big" in names:
            for number in range(MANY):
                self.register("big", number, f"172.31.1.{number + 1}")

    def register(self, name: str, number: int, address: str, **how: Any) -> None:  # noqa: ANN401
        """Register an instance on a node of its own."""
        service = self.services[name]
        self.consul.register(service, f"{service}-{number}", address, **how)

    def declare(self, *names: str) -> None:
        """Write the config, with all groups or some."""
        how: dict[str, dict[str, Any]] = {
            "lookup": {"service": self.services.get("lookup"), "targetId": "ec2-lookup"},
            "ip": {"service": self.services.get("ip")},
            "query": {"preparedQuery": self.services.get("query")},
            "big": {"service": self.services.get("big"), "availabilityZone": "us-west-2a"},
        }
        entries = [
            {"name": name, "targetGroupArn": self.arns[name], **how[name]}
            for name in names or self.arns
        ]
        self.world.declare(*entries, consul_address=self.consul.address)

    def standing(self) -> dict[str, int]:
        """Count what stands in each group."""
        return {name: len(self.world.standing(arn)) for name, arn in self.arns.items()}


@pytest.mark.long
def test_the_policies_are_enough_and_needed(world: World, guarded_consul: Consul) -> None:
    """Each permission that is missing is named; with all of them a stack lives and goes."""
    stack = Stack(world, guarded_consul, "lookup", "ip", "query", "big")
    env = token(guarded_consul, world.service, ACL)

    def up_without(action: str, *names: str) -> None:
        stack.declare(*names)
        world.aws.policy(without(action))
        run = world.stack.up(env=env)
        assert run.code != 0, run.text
        assert f"allow {action} to this identity" in run.text, run.text
        assert "Traceback" not in run.text

    # with the groups that need it: what else is declared may have been done with by a run before
    up_without(f"{ELB}:DescribeTargetGroups", "lookup")
    up_without("ec2:DescribeInstances", "lookup")
    up_without(NETWORKS, "ip")
    up_without(f"{ELB}:DescribeTargetHealth", "query")
    up_without(f"{ELB}:RegisterTargets", "query")
    assert stack.standing() == dict.fromkeys(stack.arns, 0)

    # all of them: up, a removal that is denied, the removal, refresh, destroy
    stack.declare()
    world.aws.policy(IAM)
    world.stack.up(env=env).ok()
    assert stack.standing() == {"lookup": 2, "ip": 2, "query": 2, "big": MANY}
    guarded_consul.deregister(f"{stack.services['ip']}-1")
    up_without(f"{ELB}:DeregisterTargets")
    world.aws.policy(IAM)
    world.stack.up(env=env).ok()
    assert stack.standing()["ip"] == 1
    world.stack.refresh(env=env).ok()
    world.stack.destroy(env=env).ok()
    assert stack.standing() == dict.fromkeys(stack.arns, 0)
    called = {f"{call['service']}:{call['operation']}" for call in world.aws.calls()}
    assert called == actions()


def test_consul_rules_are_needed(world: World, guarded_consul: Consul) -> None:
    """A read right that is missing is named, and changes nothing; a token of nobody, too.

    The right to read peerings is left to `tests/unit/deploy`: Consul waits for seconds to refuse.
    """
    stack = Stack(world, guarded_consul, "ip")
    stack.declare()
    for kind in ("service_prefix", "node_prefix"):
        env = token(guarded_consul, f"{world.service}-{kind}", rules_without(kind))
        run = world.stack.preview(env=env)
        world.refused(run, "left out results that the token may not see", "service:read")
    world.refused(world.stack.preview(), f"Consul at {guarded_consul.url}", "consul:token")
