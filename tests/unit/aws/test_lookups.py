"""EC2's word on VPCs, and the quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lictor.aws import networks, quotas, target_groups
from lictor.model import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.model import AWSAccess
    from tests.fakes.aws.client import StandIn


def test_the_ranges_of_a_vpc(aws: StandIn, access: AWSAccess) -> None:
    """Those of its subnets, IPv6 ones too: where there is no subnet, AWS finds no zone."""
    ec2 = aws.boto3("ec2")
    made = ec2.create_vpc(CidrBlock="10.60.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    six = made["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    for block in ("10.60.2.0/24", "10.60.1.0/24"):
        ec2.create_subnet(VpcId=made["VpcId"], CidrBlock=block)
    ec2.create_subnet(VpcId=made["VpcId"], CidrBlock="10.60.3.0/24", Ipv6CidrBlock=six)
    expected = ["10.60.1.0/24", "10.60.2.0/24", "10.60.3.0/24", six]
    assert networks.cidrs(access, made["VpcId"]) == tuple(sorted(expected))


def test_an_unknown_vpc(access: AWSAccess) -> None:
    """It has no subnets."""
    assert networks.cidrs(access, "vpc-0123456789abcdef0") == ()


def test_the_zones_of_addresses(aws: StandIn, access: AWSAccess) -> None:
    """Those of the subnets that they lie in; an address outside has none."""
    ec2 = aws.boto3("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.61.0.0/16")["Vpc"]["VpcId"]
    for number, zone in enumerate("ab"):
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.61.{number}.0/24", AvailabilityZone=f"us-west-2{zone}"
        )
    asked = ["10.61.0.9", "10.61.1.9", "10.61.2.9", "fd00::1"]
    found = {"10.61.0.9": "us-west-2a", "10.61.1.9": "us-west-2b"}
    assert networks.zones(access, vpc, asked) == found


@pytest.fixture
def full(access: AWSAccess, make_group: Callable[..., str]) -> str:
    """Return a group with 10 targets of which one drains."""
    arn = make_group()
    targets = [Target(f"172.31.0.{n + 4}", 80) for n in range(10)]
    target_groups.register(access, arn, targets)
    target_groups.deregister(access, arn, targets[:1])
    return arn


def test_head_room(aws: StandIn, access: AWSAccess, full: str) -> None:
    """What stands counts, draining targets too; the tightest limit speaks."""
    room = quotas.head_room(access, full)
    group, balancer = f"target group {full.split('/')[1]}", f"load balancer {full.split('/')[1]}"
    assert room == quotas.HeadRoom(990, f"10 of 1000 targets of {balancer}", told=990)
    aws.settings(targets_per_group=12)
    room = quotas.head_room(access, full)
    assert room == quotas.HeadRoom(2, f"10 of 12 targets of {balancer}", told=2)
    aws.settings(targets_per_group=3000)
    room = quotas.head_room(access, full)
    assert room == quotas.HeadRoom(990, f"10 of 1000 targets of {group}", told=2990)


def test_head_room_is_never_negative(aws: StandIn, access: AWSAccess, full: str) -> None:
    """A quota that was lowered below what stands leaves no room, not less."""
    aws.settings(targets_per_group=3)
    assert quotas.head_room(access, full).left == 0


def test_head_room_without_the_right_to_know(aws: StandIn, access: AWSAccess, full: str) -> None:
    """AWS's usual 1000 stands in."""
    aws.settings(targets_per_group=3)
    aws.fault("DescribeAccountLimits", "deny", times=None)
    room = quotas.head_room(access, full)
    assert (room.left, room.told) == (990, None)


def test_a_gateway_load_balancer_has_no_limit_of_its_own() -> None:
    """AWS counts its targets by zone."""
    arns = [
        f"arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/{kind}/web/50dc6c495c0c9188"
        for kind in ("app", "gwy", "net")
    ]
    assert quotas.limited(arns) == [arns[0], arns[2]]


def test_head_room_of_a_group_without_a_load_balancer(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """Only its own limit counts, and nobody asks for others."""
    assert quotas.head_room(access, make_group(attached=False)).left == 1000
    assert aws.calls("DescribeAccountLimits") == []
