"""EC2's word on addresses and VPCs, and the quotas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.aws import instances, networks, quotas, target_groups
from lictor.model import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.model import AWSAccess
    from tests.fakes.aws.client import StandIn


@pytest.fixture
def vpc(access: AWSAccess, make_group: Callable[..., str]) -> str:
    """Return the default VPC."""
    return target_groups.describe(access, make_group("instance", attached=False)).vpc_id


def test_addresses_become_instances(aws: StandIn, access: AWSAccess, vpc: str) -> None:
    """200 a call; running, stopped ones too; an address that nobody has is told."""
    made = {address: instance for instance, address in aws.create_instances(205)}
    stopped = next(iter(made))
    aws.stop_instance(made[stopped])
    found = instances.by_address(access, [*made, stopped, "10.99.99.99"], vpc)
    assert found.ids == made
    assert found.reasons == {"10.99.99.99": "no instance has the address 10.99.99.99 in us-west-2"}
    calls = aws.calls("DescribeInstances")
    assert len(calls) == 2
    assert "Filter.1.Value.200" in calls[0]["params"]
    assert "Filter.1.Value.201" not in calls[0]["params"]


def test_terminated_instances_have_no_address(aws: StandIn, access: AWSAccess, vpc: str) -> None:
    """Their address may be another's already."""
    ((instance, address),) = aws.create_instances(1)
    aws.terminate_instance(instance)
    assert list(instances.by_address(access, [address], vpc).reasons) == [address]


def test_one_address_in_two_vpcs(aws: StandIn, access: AWSAccess, vpc: str) -> None:
    """The group's VPC decides; without it, or in another one only, no instance is told."""
    ((near, address),) = aws.create_instances(1)
    ec2 = aws.boto3("ec2")
    other = ec2.create_vpc(CidrBlock="172.31.0.0/16")["Vpc"]["VpcId"]
    block = f"{address.rpartition('.')[0]}.0/24"
    subnet = ec2.create_subnet(VpcId=other, CidrBlock=block)["Subnet"]["SubnetId"]
    far = ec2.run_instances(
        ImageId="ami-04681a1dbd79675a5",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet,
        PrivateIpAddress=address,
    )["Instances"][0]["InstanceId"]
    assert instances.by_address(access, [address], vpc).ids == {address: near}
    assert instances.by_address(access, [address], other).ids == {address: far}
    ambiguous = instances.by_address(access, [address])
    first, second = sorted((near, far))
    assert ambiguous.reasons == {
        address: f"several instances ({first}, {second}) have the address {address} in us-west-2"
    }
    elsewhere = instances.by_address(access, [address], "vpc-none").reasons[address]
    assert elsewhere.startswith("only in vpc-")
    assert "not in the target group's vpc-none" in elsewhere


@pytest.mark.parametrize(
    ("address", "reason"),
    [("db.internal", "db.internal is no address"), ("fd00::1", "fd00::1 is an IPv6 address")],
)
def test_what_ec2_is_not_asked_for(
    aws: StandIn, access: AWSAccess, address: str, reason: str
) -> None:
    """Host names and IPv6 addresses get their reason without a call."""
    found = instances.by_address(access, [address])
    assert found.reasons[address].startswith(reason)
    assert aws.calls() == []


def test_ec2_denies(aws: StandIn, access: AWSAccess) -> None:
    """EC2's own code for it, and what to allow."""
    aws.fault("DescribeInstances", "deny", times=None)
    with pytest.raises(errors.AccessDenied) as caught:
        instances.by_address(access, ["10.0.0.1"])
    text = str(caught.value)
    assert f"EC2 in us-west-2 at {aws.url} denies DescribeInstances (UnauthorizedOperation" in text
    assert text.endswith("allow ec2:DescribeInstances to this identity")


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
    assert room == quotas.HeadRoom(990, f"10 of 1000 targets of target group {full.split('/')[1]}")
    aws.settings(targets_per_group=12)
    room = quotas.head_room(access, full)
    assert room == quotas.HeadRoom(2, f"10 of 12 targets of load balancer {full.split('/')[1]}")


def test_head_room_is_never_negative(aws: StandIn, access: AWSAccess, full: str) -> None:
    """A quota that was lowered below what stands leaves no room, not less."""
    aws.settings(targets_per_group=3)
    assert quotas.head_room(access, full).left == 0


def test_head_room_without_the_right_to_know(aws: StandIn, access: AWSAccess, full: str) -> None:
    """AWS's usual 1000 stands in."""
    aws.settings(targets_per_group=3)
    aws.fault("DescribeAccountLimits", "deny", times=None)
    assert quotas.head_room(access, full).left == 990


def test_head_room_of_a_group_without_a_load_balancer(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """Only its own limit counts, and nobody asks for others."""
    assert quotas.head_room(access, make_group(attached=False)).left == 1000
    assert aws.calls("DescribeAccountLimits") == []
