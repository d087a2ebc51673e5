"""The stand-in where plain moto differs from AWS: reference/target-groups.md, section 6."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeAlias

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_elbv2 import ElasticLoadBalancingv2Client as Elbv2
    from types_boto3_elbv2.type_defs import TargetDescriptionTypeDef

    from tests.fakes.aws.client import StandIn

    MakeGroup: TypeAlias = Callable[..., str]


def refused(elbv2: Elbv2, arn: str, *targets: TargetDescriptionTypeDef) -> tuple[str, str]:
    """Register what AWS will not have and return its code and message."""
    with pytest.raises(ClientError) as caught:
        elbv2.register_targets(TargetGroupArn=arn, Targets=targets)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def zones(elbv2: Elbv2, arn: str) -> dict[str, str | None]:
    """Return the zone of each listed target."""
    listed = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {d["Target"]["Id"]: d["Target"].get("AvailabilityZone") for d in listed}


def test_one_address_with_two_ports_is_two_targets(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """Targets are told apart by id and port."""
    arn = make_group()
    ip = "172.31.0.9"
    elbv2.register_targets(
        TargetGroupArn=arn, Targets=[{"Id": ip, "Port": 8080}, {"Id": ip, "Port": 8081}]
    )
    assert set(aws.targets(arn)) == {f"{ip}:8080", f"{ip}:8081"}


def test_missing_port_is_the_groups(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """A target without a port gets the target group's."""
    arn = make_group(port=8500)
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "172.31.0.9"}])
    assert set(aws.targets(arn)) == {"172.31.0.9:8500"}


def test_ip_outside_the_vpc_needs_a_zone(elbv2: Elbv2, make_group: MakeGroup) -> None:
    """A private address that no subnet holds must come with a zone or `all` (LBC#3084)."""
    arn = make_group()
    code, message = refused(elbv2, arn, {"Id": "10.9.9.9"})
    assert code == "ValidationError"
    assert "must specify a valid Availability Zone or select 'all'" in message
    elbv2.register_targets(
        TargetGroupArn=arn, Targets=[{"Id": "10.9.9.9", "AvailabilityZone": "all"}]
    )
    assert zones(elbv2, arn) == {"10.9.9.9": "all"}


def test_ip_in_the_vpcs_range_but_no_subnet_is_outside(elbv2: Elbv2, make_group: MakeGroup) -> None:
    """AWS looks at subnets, not at the VPC's CIDR blocks (LBC#3714)."""
    assert refused(elbv2, make_group(), {"Id": "172.31.250.1"})[0] == "ValidationError"


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "169.254.169.254", "127.0.0.1"])
def test_public_ip_is_refused(elbv2: Elbv2, make_group: MakeGroup, address: str) -> None:
    """Publicly routable, link-local and loopback addresses get in with no zone at all."""
    code, message = refused(elbv2, make_group(), {"Id": address, "AvailabilityZone": "all"})
    assert code == "ValidationError"
    assert f"The IP address '{address}' is not within a" in message


@pytest.mark.parametrize("junk", ["web-1", "10.0.0", "300.1.1.1", "i-0123456789abcdef0", "fd00::1"])
def test_junk_ip_is_refused(elbv2: Elbv2, make_group: MakeGroup, junk: str) -> None:
    """What does not parse as the group's kind of address is refused."""
    assert refused(elbv2, make_group(), {"Id": junk})[0] == "ValidationError"


@pytest.mark.parametrize("address", ["10.1.2.3", "172.16.0.1", "192.168.4.4", "100.64.0.7"])
def test_private_ranges_are_let_in(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup, address: str
) -> None:
    """RFC 1918 and the shared address space may be outside the VPC."""
    arn = make_group()
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": address, "AvailabilityZone": "all"}])
    assert set(aws.targets(arn)) == {f"{address}:80"}


def test_ipv6_group_takes_ipv6_only(aws: StandIn, elbv2: Elbv2) -> None:
    """A group of address type ipv6 takes IPv6 addresses and refuses IPv4 ones."""
    arn = aws.create_group("six", "ip", ipv6=True)
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "2600:1f14::1", "Port": 80}])
    assert set(aws.targets(arn)) == {"2600:1f14::1:80"}
    assert refused(elbv2, arn, {"Id": "172.31.0.9"})[0] == "ValidationError"


def test_zone_is_stored(elbv2: Elbv2, make_group: MakeGroup) -> None:
    """A given zone is returned; inside the VPC AWS finds it by itself."""
    arn = make_group()
    elbv2.register_targets(
        TargetGroupArn=arn,
        Targets=[{"Id": "172.31.0.9"}, {"Id": "10.0.0.1", "AvailabilityZone": "us-west-2b"}],
    )
    assert zones(elbv2, arn) == {"172.31.0.9": "us-west-2a", "10.0.0.1": "us-west-2b"}


def test_zone_inside_the_vpc_cannot_be_overridden(elbv2: Elbv2, make_group: MakeGroup) -> None:
    """`all` for an address of a subnet is refused (LBC#561)."""
    code, message = refused(elbv2, make_group(), {"Id": "172.31.0.9", "AvailabilityZone": "all"})
    assert code == "ValidationError"
    assert "within the VPC, and cannot have its Availability Zone overridden to 'all'" in message


def test_unknown_zone_and_port_are_refused(elbv2: Elbv2, make_group: MakeGroup) -> None:
    """A zone of another region and a port beyond 65535 are refused."""
    arn = make_group()
    bad_zone: TargetDescriptionTypeDef = {"Id": "10.0.0.1", "AvailabilityZone": "eu-west-1a"}
    assert refused(elbv2, arn, bad_zone)[0] == "ValidationError"
    assert refused(elbv2, arn, {"Id": "172.31.0.9", "Port": 70000})[0] == "ValidationError"


def test_deregistering_the_unknown_succeeds(elbv2: Elbv2, make_group: MakeGroup) -> None:
    """AWS: if the target does not exist, the action returns successfully."""
    arn = make_group()
    answer = elbv2.deregister_targets(
        TargetGroupArn=arn, Targets=[{"Id": "172.31.0.9", "Port": 80}, {"Id": "i-0abc"}]
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("port", [9999, None])
def test_deregistering_a_wrong_or_missing_port_does_nothing(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup, port: int | None
) -> None:
    """Only the very id and port is deregistered; a missing port means the group's."""
    arn = make_group(port=80)
    aws.settings(initial_seconds=0)
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "172.31.0.9", "Port": 8080}])
    named: TargetDescriptionTypeDef = {"Id": "172.31.0.9"}
    if port is not None:
        named["Port"] = port
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=[named])
    assert aws.targets(arn) == {"172.31.0.9:8080": "healthy"}


def test_more_than_the_quota_is_refused_whole(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """1,500 targets in one call exceed the 1,000 of a target group."""
    arn = make_group()
    many: list[TargetDescriptionTypeDef] = [
        {"Id": "172.31.0.9", "Port": port} for port in range(1, 1501)
    ]
    code, message = refused(elbv2, arn, *many)
    assert code == "TooManyTargets"
    assert "'1000'" in message
    assert aws.targets(arn) == {}
    elbv2.register_targets(TargetGroupArn=arn, Targets=many[:1000])
    assert len(aws.targets(arn)) == 1000


def test_draining_targets_count_against_the_quota(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """At the quota a replacement must wait for the drain; what is there may be repeated."""
    arn = make_group()
    aws.settings(targets_per_group=2, draining_seconds=60)
    two: list[TargetDescriptionTypeDef] = [{"Id": "172.31.0.1"}, {"Id": "172.31.0.2"}]
    elbv2.register_targets(TargetGroupArn=arn, Targets=two)
    elbv2.register_targets(TargetGroupArn=arn, Targets=two)
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=two[:1])
    assert refused(elbv2, arn, {"Id": "172.31.0.3"})[0] == "TooManyTargets"
    aws.advance(61)
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "172.31.0.3"}])
    assert set(aws.targets(arn)) == {"172.31.0.2:80", "172.31.0.3:80"}


def test_quota_stands_in_the_account_limits(aws: StandIn, elbv2: Elbv2) -> None:
    """DescribeAccountLimits follows the quota that is set."""
    aws.settings(targets_per_group=7)
    limits = {limit["Name"]: limit["Max"] for limit in elbv2.describe_account_limits()["Limits"]}
    assert limits["targets-per-application-load-balancer"] == "7"


def test_largest_call_can_be_set(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """A limit per call, which AWS does not document, can be tried."""
    aws.settings(targets_per_call=1)
    code, _ = refused(elbv2, make_group(), {"Id": "172.31.0.1"}, {"Id": "172.31.0.2"})
    assert code == "ValidationError"


def test_one_stopped_instance_refuses_the_whole_call(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """InvalidTarget names every stopped instance and nothing gets in (LBC#1099)."""
    arn = make_group("instance")
    first, stopped, last, other = (identifier for identifier, _ in aws.create_instances(4))
    aws.stop_instance(stopped)
    aws.stop_instance(other)
    targets: list[TargetDescriptionTypeDef] = [
        {"Id": identifier} for identifier in (first, stopped, last, other)
    ]
    code, message = refused(elbv2, arn, *targets)
    assert code == "InvalidTarget"
    assert message == (
        "The following targets are not in a running state and cannot be registered: "
        f"'{stopped}', '{other}'"
    )
    assert aws.targets(arn) == {}


def test_without_atomic_batches_those_before_the_bad_one_get_in(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """The other reading of AWS's undocumented behaviour, for the product to survive too."""
    arn = make_group("instance")
    first, stopped, last = (identifier for identifier, _ in aws.create_instances(3))
    aws.stop_instance(stopped)
    aws.settings(atomic_batches=False, targets_per_group=1)
    assert refused(elbv2, arn, {"Id": first}, {"Id": stopped}, {"Id": last})[0] == "InvalidTarget"
    assert set(aws.targets(arn)) == {f"{first}:80"}
    assert refused(elbv2, arn, {"Id": first, "Port": 81})[0] == "TooManyTargets"


def test_instances_must_exist_and_be_of_the_vpc(aws: StandIn, elbv2: Elbv2) -> None:
    """Unknown ids, strangers of another VPC and things that are no instance are refused."""
    ec2 = aws.boto3("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    arn = aws.create_group("elsewhere", "instance", vpc=vpc, attached=False)
    [(stranger, address)] = aws.create_instances(1)
    code, message = refused(elbv2, arn, {"Id": stranger})
    assert (code, vpc in message) == ("InvalidTarget", True)
    assert refused(elbv2, arn, {"Id": "i-0123456789abcdef0"})[0] == "InvalidTarget"
    assert refused(elbv2, arn, {"Id": address})[0] == "ValidationError"


def test_unknown_group_and_malformed_arn(elbv2: Elbv2, make_group: MakeGroup) -> None:
    """All three operations tell an absent group from a name that is no ARN."""
    gone = make_group(attached=False)
    elbv2.delete_target_group(TargetGroupArn=gone)
    for arn, code in ((gone, "TargetGroupNotFound"), ("web", "ValidationError")):
        with pytest.raises(ClientError, match=code):
            elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "172.31.0.9"}])
        with pytest.raises(ClientError, match=code):
            elbv2.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": "172.31.0.9"}])
        with pytest.raises(ClientError, match=code):
            elbv2.describe_target_health(TargetGroupArn=arn)


def test_errors_have_the_shape_boto3_makes_exceptions_from(
    elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """The code selects botocore's modelled exception class."""
    gone = make_group(attached=False)
    elbv2.delete_target_group(TargetGroupArn=gone)
    with pytest.raises(elbv2.exceptions.TargetGroupNotFoundException):
        elbv2.describe_target_health(TargetGroupArn=gone)


def test_lambda_and_alb_groups_take_their_kind(aws: StandIn, elbv2: Elbv2) -> None:
    """Groups of the types lictor does not manage exist, so that it can refuse them."""
    functions = aws.create_group("functions", "lambda", attached=False)
    balancers = aws.create_group("balancers", "alb", 80, "TCP", attached=False)
    name = "arn:aws:lambda:us-west-2:123456789012:function:f"
    elbv2.register_targets(TargetGroupArn=functions, Targets=[{"Id": name}])
    assert list(aws.targets(functions)) == [name]
    assert refused(elbv2, balancers, {"Id": "172.31.0.9"})[0] == "InvalidTarget"
    groups = elbv2.describe_target_groups(TargetGroupArns=[functions, balancers])["TargetGroups"]
    assert {group["TargetType"] for group in groups} == {"lambda", "alb"}


def test_two_threads_register_without_loss(aws: StandIn, make_group: MakeGroup) -> None:
    """Calls at the same time all take effect and are all logged."""
    arn = make_group()
    client = aws.boto3("elbv2")

    def register(network: int) -> None:
        for host in range(1, 21):
            client.register_targets(
                TargetGroupArn=arn, Targets=[{"Id": f"172.31.{network}.{host}"}]
            )

    threads = [threading.Thread(target=register, args=(n,), name=f"register-{n}") for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(aws.targets(arn)) == 40
    logged = aws.calls("RegisterTargets", arn)
    assert len({call["seq"] for call in logged}) == 40
