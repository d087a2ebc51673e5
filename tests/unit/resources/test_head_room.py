"""Many additions at once: what the quotas leave room for, spread over zones."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from lictor.aws import budget
from lictor.resources import applying
from lictor.resources.remotes import Remotes
from lictor.resources.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.fakes.aws.client import StandIn

ZONES = ("us-west-2a", "us-west-2b", "us-west-2c")
_RANGES = ("10.70.0", "10.70.16", "10.70.32")
_USUAL = 1000


@pytest.fixture(scope="module")
def aws(standin: StandIn) -> Iterator[StandIn]:
    """Hand out the stand-in, and make calls as fast as they come."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "OF_PROCESS", budget.Budgets(lambda: budget.Bucket(burst=1_000_000)))
        yield standin


@pytest.fixture
def vpc(aws: StandIn) -> tuple[str, dict[str, str]]:
    """Make a VPC with a subnet in each zone; return zone -> subnet, too."""
    aws.reset(everything=True)
    ec2 = aws.boto3("ec2")
    made = ec2.create_vpc(CidrBlock="10.70.0.0/16")["Vpc"]["VpcId"]
    subnets = {}
    for zone, start in zip(ZONES, _RANGES, strict=True):
        subnet = ec2.create_subnet(VpcId=made, CidrBlock=f"{start}.0/20", AvailabilityZone=zone)
        subnets[zone] = subnet["Subnet"]["SubnetId"]
    return made, subnets


def addresses(*counts: int) -> list[str]:
    """Make keys of so many addresses in each zone's subnet."""
    return [
        f"{start.rpartition('.')[0]}.{int(start.rpartition('.')[2]) + n // 250}.{n % 250 + 4}:80"
        for start, count in zip(_RANGES, counts, strict=False)
        for n in range(count)
    ]


def inputs(arn: str, target_type: str, keys: Iterable[str]) -> dict[str, Any]:
    """Make checked inputs."""
    return {
        "name": "web",
        "target_group_arn": arn,
        "sources": [{"service": "web"}],
        "target_type": target_type,
        "targets": dict.fromkeys(sorted(keys), "node (dc1)"),
        "held": {},
        "recent": {},
    }


def remotes(aws: StandIn) -> Remotes:
    """Reach the stand-in."""
    config = {
        "aws:accessKey": "AKIA0000000000000001",
        "aws:secretKey": "secret",
        "aws:endpoints": json.dumps([{"elbv2": aws.url, "ec2": aws.url}]),
    }
    return Remotes(config.get, {}, Run())


@pytest.mark.parametrize(
    ("quota", "more"), [(3000, 300), (_USUAL, 0), (_USUAL + 120, 100)], ids=["raised", "not", "bit"]
)
def test_a_raised_quota_of_the_group_is_used(
    aws: StandIn, vpc: tuple[str, dict[str, str]], quota: int, more: int
) -> None:
    """AWS tells nobody how many a group may have: what is above the usual is tried, and counts."""
    aws.settings(targets_per_group=quota)
    arn = aws.create_group("many", "ip", vpc=vpc[0], attached=False)
    old = addresses(_USUAL)
    outputs = applying.create(inputs(arn, "ip", old), remotes(aws))
    assert outputs["failed"] == {}
    new = [*old[1:], *addresses(0, 300)]
    outputs = applying.update(outputs, inputs(arn, "ip", new), remotes(aws))
    assert len(set(outputs["attached"]) & set(new)) == len(old) - 1 + more
    assert len(outputs["failed"]) == 300 - more
    assert all("no head-room: " in text for text in outputs["failed"].values())
    assert all("TooManyTargets" in text for text in outputs["failed"].values())
    refused = [call["error"] for call in aws.calls("RegisterTargets") if call["error"]]
    assert refused == ["TooManyTargets"] * (more < 300)
    assert old[0] not in outputs["attached"], "no failure of a forecast keeps a removal"


def test_a_limit_that_aws_tells_is_not_tried(aws: StandIn, vpc: tuple[str, dict[str, str]]) -> None:
    """No call is made above the load balancer's."""
    aws.settings(targets_per_group=110)
    arn = aws.create_group("told", "ip", vpc=vpc[0])
    outputs = applying.create(inputs(arn, "ip", addresses(120)), remotes(aws))
    assert len(outputs["attached"]) == 110
    assert [call["error"] for call in aws.calls("RegisterTargets") if call["error"]] == []


def test_addresses_are_spread_over_zones(aws: StandIn, vpc: tuple[str, dict[str, str]]) -> None:
    """Nobody asked for a zone, and still none is starved, with what stands counted in."""
    aws.settings(targets_per_group=30)
    arn = aws.create_group("zoned", "ip", vpc=vpc[0])
    old = addresses(8)
    outputs = applying.create(inputs(arn, "ip", old), remotes(aws))
    wanted = addresses(100, 20, 20)
    outputs = applying.update(outputs, inputs(arn, "ip", wanted), remotes(aws))
    counts = Counter(key.rpartition(".")[0] for key in outputs["attached"])
    assert counts == dict.fromkeys(_RANGES, 10)
    assert len(aws.calls("DescribeSubnets")) == 1


@pytest.mark.parametrize("denied", [False, True], ids=["known", "denied"])
def test_instances_are_spread_over_zones(
    aws: StandIn, vpc: tuple[str, dict[str, str]], *, denied: bool
) -> None:
    """By where EC2 says that they run; where it does not say, any are as good."""
    aws.settings(targets_per_group=30)
    arn = aws.create_group("instances", vpc=vpc[0])
    zone_of = {}
    for (zone, subnet), count in zip(vpc[1].items(), (80, 20, 20), strict=True):
        made = aws.boto3("ec2").run_instances(
            ImageId="ami-1", MinCount=count, MaxCount=count, SubnetId=subnet
        )
        zone_of.update({f"{one['InstanceId']}:80": zone for one in made["Instances"]})
    if denied:
        aws.fault("DescribeInstances", "deny", times=None)
    outputs = applying.create(inputs(arn, "instance", zone_of), remotes(aws))
    assert len(outputs["attached"]) == 30
    counts = Counter(zone_of[key] for key in outputs["attached"])
    assert denied or counts == dict.fromkeys(ZONES, 10)
    assert len(aws.calls("DescribeInstances")) == 1
