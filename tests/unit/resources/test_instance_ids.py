"""Instance ids that EC2 tells: what a run asks for them, remembers, and says when there is none."""

from __future__ import annotations

import itertools
import json
import os
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.retries.standard import ExponentialBackoff

from lictor.resources import applying, attaching, stock
from lictor.resources.remotes import Remotes
from lictor.resources.run import Run
from tests.fakes import odd_consul
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul

pytestmark = pytest.mark.xdist_group("guarded")

_NUMBERS = itertools.count(1)
_ROLES = [f"arn:aws:iam::123456789012:role/{name}" for name in ("one", "two")]


@dataclass(frozen=True)
class Stage:
    """AWS, and a Consul whose catalog has what the test put there.

    Attributes:
        aws: The stand-in.
        consul: Its HTTP address.
        token: What is sent to it.
    """

    aws: StandIn
    consul: str
    token: str = ""

    def run(self) -> Remotes:
        """Begin a run, with keys of its own: what the process remembers of others is none of it."""
        config = {
            "aws:accessKey": f"AKIA{next(_NUMBERS):016}",
            "aws:secretKey": "secret",
            "aws:endpoints": json.dumps([dict.fromkeys(("elbv2", "ec2", "sts"), self.aws.url)]),
            "consul:address": self.consul,
            "consul:token": self.token,
        }
        self.aws.clear_calls()
        return Remotes(config.get, {}, Run())

    def group(self, service: str, **arguments: object) -> dict[str, Any]:
        """Make a target group for a service; return the resource's arguments."""
        arn = self.aws.create_group(f"ids-{next(_NUMBERS)}")
        return {
            "name": service,
            "target_group_arn": arn,
            "sources": [{"service": service}],
            "target_id": "ec2-lookup",
            **arguments,
        }

    def asked(self) -> list[str]:
        """List what the run has asked of AWS."""
        return [call["operation"] for call in self.aws.calls()]


@pytest.fixture(scope="module", autouse=True)
def _at_once() -> Iterator[None]:
    """No AWS settings of whoever runs the tests; botocore's new tries at once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.0)
        yield


@pytest.fixture
def agent(guarded_consul: Consul) -> Consul:
    """Hand out the agent that denies by default."""
    return guarded_consul


@pytest.fixture
def stage(standin: StandIn, agent: Consul) -> Iterator[Stage]:
    """Hand out both as new; take out of the catalog what the test has put there."""
    standin.reset()
    before = {node["Node"] for node in agent.call("GET", "/v1/catalog/nodes")}
    yield Stage(standin, agent.address, agent.token)
    for node in agent.call("GET", "/v1/catalog/nodes"):
        if node["Node"] not in before:
            agent.deregister(node["Node"])


def fleet(stage: Stage, agent: Consul, size: int, prefix: str = "fleet") -> tuple[str, list[str]]:
    """Start instances, register them under a service of their own; return it and their ids."""
    service = f"{prefix}-{next(_NUMBERS)}"
    made = stage.aws.create_instances(size)
    for number, (_, address) in enumerate(made):
        agent.register(service, f"{service}-{number}", address)
    return service, [ident for ident, _ in made]


def start(stage: Stage, vpc: str) -> tuple[str, str]:
    """Start an instance at 10.70.0.9; return it and its subnet."""
    ec2 = stage.aws.boto3("ec2")
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.70.0.0/24")["Subnet"]["SubnetId"]
    made = ec2.run_instances(
        ImageId="ami-04681a1dbd79675a5",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        PrivateIpAddress="10.70.0.9",
    )
    return made["Instances"][0]["InstanceId"], subnet


def check(
    remotes: Remotes, arguments: dict[str, Any], olds: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Check a resource; return its inputs as state would have them."""
    inputs, problem = stock.check(attaching, olds or {}, arguments, remotes)
    assert problem is None
    return dict(json.loads(json.dumps(inputs)))


def keys(idents: list[str]) -> set[str]:
    """Return the keys of the targets of instances."""
    return {f"{ident}:8080" for ident in idents}


def test_an_unchanged_run_asks_once_for_all_groups(stage: Stage, agent: Consul) -> None:
    """Ten groups of ten: one look-up takes all nodes along, and no group is described."""
    fleets = dict(fleet(stage, agent, 10) for _ in range(10))
    groups = [stage.group(service) for service in fleets]
    first = stage.run()
    olds = [check(first, group) for group in groups]
    assert [set(inputs["targets"]) for inputs in olds] == [keys(ids) for ids in fleets.values()]
    assert stage.asked().count("DescribeInstances") == 1
    assert stage.asked().count("DescribeTargetGroups") == len(groups)  # their type, and their VPC
    second = stage.run()
    for inputs, group in zip(olds, groups, strict=True):
        assert check(second, group, inputs) == inputs
    assert stage.asked() == ["DescribeInstances"]


def test_a_new_instance_is_looked_at_in_its_groups_vpc(stage: Stage, agent: Consul) -> None:
    """What stands is known to be in it; the one group with a new id is described."""
    (one, _), (two, _) = fleet(stage, agent, 2), fleet(stage, agent, 2)
    groups = [stage.group(service) for service in (one, two)]
    first = stage.run()
    olds = [check(first, group) for group in groups]
    ((new, address),) = stage.aws.create_instances(1)
    agent.register(two, f"{two}-new", address)
    second = stage.run()
    made = [check(second, *both) for both in zip(groups, olds, strict=True)]
    assert made[0] == olds[0]
    assert set(made[1]["targets"]) == {*olds[1]["targets"], f"{new}:8080"}
    assert stage.asked() == ["DescribeInstances", "DescribeTargetGroups"]


def test_another_group_is_looked_at_anew(stage: Stage, agent: Consul) -> None:
    """What stands in the old group says nothing of the new one's VPC."""
    service, _ = fleet(stage, agent, 2)
    old = stage.group(service)
    before = check(stage.run(), old)
    vpc = stage.aws.boto3("ec2").create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
    arn = stage.aws.create_group(f"ids-{next(_NUMBERS)}", vpc=vpc, attached=False)
    _, problem = stock.check(attaching, before, {**old, "target_group_arn": arn}, stage.run())
    assert problem is not None
    assert "2 targets stand and not all of them would stand afterwards" in problem


def test_roles_do_not_share_answers(stage: Stage, agent: Consul) -> None:
    """Two accounts may use the same addresses: each is asked for itself."""
    service, _ = fleet(stage, agent, 1)
    remotes = stage.run()
    for number, role in enumerate(_ROLES):
        check(remotes, {**stage.group(service, role_arn=role), "name": f"role-{number}"})
    calls = stage.aws.calls("DescribeInstances")
    assert len({call["access_key"] for call in calls}) == len(calls) == 2


def test_an_address_that_moved_is_seen_in_the_next_run(stage: Stage, agent: Consul) -> None:
    """Within a run an address is one instance's; the next run asks EC2 anew."""
    ec2 = stage.aws.boto3("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.70.0.0/16")["Vpc"]["VpcId"]
    arn = stage.aws.create_group(f"ids-{next(_NUMBERS)}", vpc=vpc, attached=False)
    service = f"moved-{next(_NUMBERS)}"
    agent.register(service, service, "10.70.0.9")
    group = {**stage.group(service), "target_group_arn": arn}
    old, subnet = start(stage, vpc)
    run = stage.run()
    before = check(run, group)
    stage.aws.terminate_instance(old)
    ec2.delete_subnet(SubnetId=subnet)
    new, _ = start(stage, vpc)
    assert check(run, group, before) == before
    after = check(replace(run, run=Run()), group, before)
    assert set(before["targets"]) == keys([old])
    assert set(after["targets"]) == keys([new])


@pytest.mark.parametrize(
    "catalog",
    [
        Odd(status=403, body=b"Permission denied"),
        Odd(status=500, body=b"rpc error"),
        Odd(body=b"<"),
    ],
    ids=["refused", "in trouble", "no answer"],
)
def test_without_the_catalog_each_group_asks(stage: Stage, catalog: Odd) -> None:
    """It is asked once a run, and nothing fails for it."""
    made = stage.aws.create_instances(2)
    with odd_consul.start() as odd:
        run = Stage(stage.aws, odd.url)
        groups = [run.group(f"odd-{number}") for number in range(2)]
        entries = [
            Odd(
                body=json.dumps(
                    [
                        {
                            "Node": {"Node": "n", "Address": address, "Datacenter": "dc1"},
                            "Service": {"ID": "w", "Service": group["name"], "Port": 8080},
                        }
                    ]
                ).encode()
            )
            for group, (_, address) in zip(groups, made, strict=True)
        ]
        odd.answers(entries[0], catalog, entries[1])
        remotes = run.run()
        found = [set(check(remotes, group)["targets"]) for group in groups]
        paths = [asked.path.partition("?")[0] for asked in odd.asked]
    assert found == [{f"{ident}:8080"} for ident, _ in made]
    assert run.asked().count("DescribeInstances") == 2
    assert paths.count("/v1/catalog/nodes") == 1


def test_a_token_that_sees_its_own_nodes_only(stage: Stage, agent: Consul) -> None:
    """The nodes that it may not read are not taken along, and are nobody's fault."""
    (one, ids), (two, _) = fleet(stage, agent, 2, "mine"), fleet(stage, agent, 2, "theirs")
    name = f"p-{uuid.uuid4()}"
    rules = 'service_prefix "" {policy="read"} node_prefix "mine" {policy="read"}'
    agent.call("PUT", "/v1/acl/policy", {"Name": name, "Rules": rules})
    token = agent.call("PUT", "/v1/acl/token", {"Policies": [{"Name": name}]})["SecretID"]
    narrow = Stage(stage.aws, stage.consul, token)
    assert set(check(narrow.run(), narrow.group(one))["targets"]) == keys(ids)
    (call,) = stage.aws.calls("DescribeInstances")
    seen = agent.call("GET", f"/v1/catalog/service/{two}")
    assert not {node["Address"] for node in seen} & set(call["params"].values())


def test_the_catalog_is_not_read_for_a_full_call(stage: Stage, agent: Consul) -> None:
    """Two hundred addresses leave no room for others."""
    service, other = f"full-{next(_NUMBERS)}", f"full-{next(_NUMBERS)}"
    for number in range(200):
        agent.register(service, f"{service}-{number}", f"10.3.0.{number}")
    agent.register(other, f"{other}-0", "10.3.1.0")
    remotes = stage.run()
    check(remotes, stage.group(service))
    (call,) = stage.aws.calls("DescribeInstances")
    assert "10.3.1.0" not in call["params"].values()
    check(remotes, stage.group(other))
    assert len(stage.aws.calls("DescribeInstances")) == 2


def test_an_instance_that_ec2_does_not_know_is_asked_for_twice(stage: Stage, agent: Consul) -> None:
    """Before its target counts as gone, as Consul is; not where there was no target."""
    service, (kept, gone) = fleet(stage, agent, 2)
    group = stage.group(service)
    before = check(stage.run(), group)
    stage.aws.terminate_instance(gone)
    after = check(stage.run(), group, before)
    assert f"{kept}:8080" in after["targets"]
    assert stage.asked().count("DescribeInstances") == 2
    failed = {key: text for key, text in after["targets"].items() if not key.startswith("i-")}
    settled = {**after, "targets": {f"{kept}:8080": "", **failed}, "held": {}}
    check(stage.run(), group, settled)
    assert stage.asked() == ["DescribeInstances"]


def test_failed_says_what_ec2_said(stage: Stage, agent: Consul) -> None:
    """Nobody has the address, or an instance of another VPC."""
    service, (near,) = fleet(stage, agent, 1)
    vpc = stage.aws.boto3("ec2").create_vpc(CidrBlock="10.60.0.0/16")["Vpc"]["VpcId"]
    agent.register(service, f"{service}-a", "10.99.0.1")
    agent.register(service, f"{service}-b", "fd00::1")
    remotes = stage.run()
    outputs = applying.create(check(remotes, stage.group(service)), remotes)
    assert set(outputs["attached"]) == {f"{near}:8080"}
    assert outputs["failed"] == {
        "10.99.0.1:8080": "no EC2 instance id found: no instance has the address 10.99.0.1"
        " in us-west-2",
        "fd00::1:8080": "no EC2 instance id found: fd00::1 is an IPv6 address, and EC2 is asked"
        " by private IPv4 address",
    }
    arn = stage.aws.create_group(f"ids-{next(_NUMBERS)}", vpc=vpc, attached=False)
    strange = {**stage.group(service), "target_group_arn": arn}
    inputs, _ = stock.check(attaching, {}, strange, remotes)
    (reason,) = (
        text
        for key, text in applying.create(inputs, remotes)["failed"].items()
        if key not in outputs["failed"]
    )
    assert reason.startswith("no EC2 instance id found: only in vpc-")
    assert f"not in the target group's {vpc}, has an instance the address" in reason


def test_runs_share_nothing(stage: Stage, agent: Consul) -> None:
    """What one run of a process claims, knows or noted is none of the next one's."""
    service, _ = fleet(stage, agent, 1)
    group = stage.group(service)
    remotes = stage.run()
    for number, name in enumerate(("one", "two"), 1):
        check(replace(remotes, run=Run()), {**group, "name": name})
        assert stage.asked().count("DescribeInstances") == number
    check(remotes, {**group, "name": "one"})
    _, problem = stock.check(attaching, {}, {**group, "name": "two"}, remotes)
    assert problem is not None
    assert "both want" in problem
