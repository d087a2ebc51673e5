"""EC2's word on addresses."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lictor import errors
from lictor.aws import instances, target_groups
from lictor.aws.instances import Group, Instances

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from lictor.aws.instances import Found
    from lictor.model import AWSAccess
    from tests.fakes.aws.client import StandIn

NOWHERE = Group(lambda: "")
"""A group whose VPC nobody knows."""


@pytest.fixture
def vpc(access: AWSAccess, make_group: Callable[..., str]) -> str:
    """Return the default VPC."""
    return target_groups.describe(access, make_group("instance", attached=False)).vpc_id


@pytest.fixture
def elsewhere(aws: StandIn) -> str:
    """Return another VPC with the same addresses."""
    return str(aws.boto3("ec2").create_vpc(CidrBlock="172.31.0.0/16")["Vpc"]["VpcId"])


def find(access: AWSAccess, addresses: Iterable[str], vpc: str = "") -> Found:
    """Look up addresses for a group of this VPC, in a run that has not asked for anything."""
    return Instances(access).by_address(addresses, Group(lambda: vpc))


def start(aws: StandIn, address: str, vpc: str) -> str:
    """Start an instance with this address in a VPC without subnets; return its id."""
    ec2 = aws.boto3("ec2")
    block = f"{address.rpartition('.')[0]}.0/24"
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]
    made = ec2.run_instances(
        ImageId="ami-04681a1dbd79675a5",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet["SubnetId"],
        PrivateIpAddress=address,
    )
    return made["Instances"][0]["InstanceId"]


def test_addresses_become_instances(aws: StandIn, access: AWSAccess, vpc: str) -> None:
    """200 a call; running, stopped ones too; an address that nobody has is told."""
    made = {address: instance for instance, address in aws.create_instances(205)}
    stopped = next(iter(made))
    aws.stop_instance(made[stopped])
    found = find(access, [*made, stopped, "10.99.99.99"], vpc)
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
    assert list(find(access, [address], vpc).reasons) == [address]


def test_one_address_in_two_vpcs(aws: StandIn, access: AWSAccess, vpc: str, elsewhere: str) -> None:
    """The group's VPC decides; without it, or in another one only, no instance is told."""
    ((near, address),) = aws.create_instances(1)
    far = start(aws, address, elsewhere)
    assert find(access, [address], vpc).ids == {address: near}
    assert find(access, [address], elsewhere).ids == {address: far}
    first, second = sorted((near, far))
    assert find(access, [address]).reasons == {
        address: f"several instances ({first}, {second}) have the address {address} in us-west-2"
    }
    others = ", ".join(sorted((vpc, elsewhere)))
    assert find(access, [address], "vpc-none").reasons == {
        address: f"only in {others}, not in the target group's vpc-none, has an instance the"
        f" address {address} in us-west-2"
    }


@pytest.mark.parametrize(
    ("address", "reason"),
    [("db.internal", "db.internal is no address"), ("fd00::1", "fd00::1 is an IPv6 address")],
)
def test_what_ec2_is_not_asked_for(
    aws: StandIn, access: AWSAccess, address: str, reason: str
) -> None:
    """Host names and IPv6 addresses get their reason without a call."""
    found = find(access, [address])
    assert found.reasons[address].startswith(reason)
    assert aws.calls() == []


def test_ec2_denies(aws: StandIn, access: AWSAccess) -> None:
    """EC2's own code for it, and what to allow."""
    aws.fault("DescribeInstances", "deny", times=None)
    with pytest.raises(errors.AccessDenied) as caught:
        find(access, ["10.0.0.1"])
    text = str(caught.value)
    assert f"EC2 in us-west-2 at {aws.url} denies DescribeInstances (UnauthorizedOperation" in text
    assert text.endswith("allow ec2:DescribeInstances to this identity")


@pytest.mark.parametrize(
    ("standing", "twice", "asked"),
    [(True, False, False), (False, False, True), (True, True, True)],
    ids=["an id that stands", "a new id", "an address of several"],
)
def test_the_vpc_is_asked_for_only_where_it_decides(  # noqa: PLR0913 - fixtures and a table
    aws: StandIn,
    access: AWSAccess,
    vpc: str,
    elsewhere: str,
    *,
    standing: bool,
    twice: bool,
    asked: bool,
) -> None:
    """AWS has seen the VPC of what stands; an address without an instance needs none either."""
    ((near, address),) = aws.create_instances(1)
    if twice:
        start(aws, address, elsewhere)
    calls: list[str] = []

    def ask() -> str:
        calls.append(vpc)
        return vpc

    found = Instances(access).by_address(
        [address, "10.99.99.99"], Group(ask, {near} if standing else set())
    )
    assert found.ids == {address: near}
    assert bool(calls) is asked


def test_ec2_is_asked_once_in_a_run(aws: StandIn, access: AWSAccess, elsewhere: str) -> None:
    """What it said is remembered, also that nobody has an address; the next run asks anew."""
    ((old, address),) = aws.create_instances(1)
    run = Instances(access)
    both = [address, "10.99.99.99"]
    first = run.by_address(both, NOWHERE)
    assert run.by_address(both, NOWHERE) == first
    assert len(aws.calls("DescribeInstances")) == 1
    aws.terminate_instance(old)
    new = start(aws, address, elsewhere)
    assert run.by_address([address], NOWHERE).ids == {address: old}
    assert Instances(access).by_address([address], NOWHERE).ids == {address: new}
    assert run.by_address([address], NOWHERE, afresh=True).ids == {address: new}
    assert run.by_address([address], NOWHERE).ids == {address: new}


def test_what_fails_is_asked_again(aws: StandIn, own_access: AWSAccess) -> None:
    """An error is not remembered for an answer."""
    ((ident, address),) = aws.create_instances(1)
    run = Instances(own_access)
    aws.fault("DescribeInstances", "deny")
    with pytest.raises(errors.AccessDenied):
        run.by_address([address], NOWHERE)
    assert run.by_address([address], NOWHERE).ids == {address: ident}


def test_others_are_taken_along_where_there_is_room(aws: StandIn, access: AWSAccess) -> None:
    """What cannot be asked is left out; in a full call there is no room, and nobody is asked."""
    made = {address: instance for instance, address in aws.create_instances(4)}
    first, *others = made
    run = Instances(access)
    along = ["fd00::1", "db.internal", first, *others, "10.99.99.99"]
    assert run.by_address([first], NOWHERE, lambda: along).ids == {first: made[first]}
    assert run.by_address([*others, "10.99.99.99"], NOWHERE).ids == {
        address: made[address] for address in others
    }
    assert len(aws.calls("DescribeInstances")) == 1
    full = [f"10.1.0.{number}" for number in range(200)]
    run.by_address(full, NOWHERE, lambda: pytest.fail("there is no room"))
    run.by_address(full, NOWHERE, lambda: pytest.fail("all is known"))
    run.by_address(full[:1], NOWHERE, lambda: pytest.fail("it is not asked for"), afresh=True)
    assert len(aws.calls("DescribeInstances")) == 3


def test_the_zones_of_instances(aws: StandIn, access: AWSAccess) -> None:
    """200 a call; an instance that is gone, or never was, has none."""
    ec2 = aws.boto3("ec2")
    ids = []
    for zone in ("us-west-2a", "us-west-2b"):
        made = ec2.run_instances(
            ImageId="ami-1", MinCount=1, MaxCount=1, Placement={"AvailabilityZone": zone}
        )
        ids.append(made["Instances"][0]["InstanceId"])
    nobody = [f"i-{number:017x}" for number in range(instances.BATCH)]
    aws.clear_calls()
    found = instances.zones(access, [*ids, *nobody])
    assert found == {ids[0]: "us-west-2a", ids[1]: "us-west-2b"}
    assert len(aws.calls("DescribeInstances")) == 2


def test_accounts_and_regions_do_not_share(aws: StandIn, access: AWSAccess) -> None:
    """The same address is another instance's there, or nobody's."""
    ((ident, address),) = aws.create_instances(1)
    assert find(access, [address]).ids == {address: ident}
    other = replace(access, region="eu-west-1")
    assert find(other, [address]).reasons == {
        address: f"no instance has the address {address} in eu-west-1"
    }


_CATALOG = [f"10.2.{number // 250}.{number % 250}" for number in range(450)]
_GROUP = st.sets(st.sampled_from(_CATALOG), min_size=1, max_size=250)


@given(groups=st.lists(_GROUP, min_size=1, max_size=8))
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_taken_along_never_costs_a_call(
    aws: StandIn, access: AWSAccess, groups: list[Collection[str]]
) -> None:
    """No more calls than the groups alone would make, nor than it takes to ask for all nodes."""
    aws.clear_calls()
    run = Instances(access)
    for group in groups:
        found = run.by_address(group, NOWHERE, lambda: _CATALOG)
        assert sorted(found.reasons) == sorted(group)
    calls = len(aws.calls("DescribeInstances"))
    assert calls <= sum(math.ceil(len(group) / instances.BATCH) for group in groups)
    assert calls <= math.ceil(len(_CATALOG) / instances.BATCH)
