"""The IAM allow-list of the stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.aws.client import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from types_boto3_elbv2 import ElasticLoadBalancingv2Client as Elbv2

    from tests.fakes.aws.client import StandIn

    MakeGroup: TypeAlias = Callable[..., str]


def allow(action: str | list[str], resource: str = "*", **more: dict[str, Any]) -> dict[str, Any]:
    """Return a policy with one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def code_of(call: Callable[[], object]) -> str | None:
    """Return the error code of the call, None when it succeeds."""
    try:
        call()
    except ClientError as refusal:
        return refusal.response["Error"]["Code"]
    return None


def test_what_is_not_allowed_is_denied(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """Register and deregister are judged by the target group's ARN, describe only by `*`."""
    mine, other = make_group(), make_group()
    document = allow("elasticloadbalancing:RegisterTargets", mine)
    document["Statement"] += allow("elasticloadbalancing:describetarget*")["Statement"]
    aws.policy(document)

    def register(arn: str) -> object:
        return elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "172.31.0.1"}])

    assert code_of(lambda: register(mine)) is None
    assert code_of(lambda: register(other)) == "AccessDenied"
    assert code_of(lambda: elbv2.describe_target_health(TargetGroupArn=other)) is None
    assert code_of(elbv2.describe_load_balancers) == "AccessDenied"
    assert set(aws.targets(other)) == set()
    assert aws.calls("RegisterTargets", other)[0]["error"] == "AccessDenied"
    aws.policy(None)
    assert code_of(lambda: register(other)) is None


def test_resource_wildcards(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """The ARN pattern that policies commonly use covers the group."""
    arn = make_group()
    aws.policy(
        allow(
            ["elasticloadbalancing:DeregisterTargets"],
            "arn:aws:elasticloadbalancing:*:*:targetgroup/group-*/*",
        )
    )
    targets = [{"Id": "172.31.0.1"}]
    assert (
        code_of(lambda: elbv2.deregister_targets(TargetGroupArn=arn, Targets=targets))  # type: ignore[arg-type]
        is None
    )


def test_s3_is_judged_by_bucket_and_key(aws: StandIn) -> None:
    """A policy for the state's bucket covers its objects and no others."""
    s3 = aws.boto3("s3")
    for bucket in ("policed-state", "other-state"):
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
        )
    aws.policy(allow("s3:*Object", "arn:aws:s3:::policed-state/*"))
    assert code_of(lambda: s3.put_object(Bucket="policed-state", Key="a/b", Body=b"")) is None
    assert code_of(lambda: s3.get_object(Bucket="policed-state", Key="a/b")) is None
    assert code_of(lambda: s3.put_object(Bucket="other-state", Key="a", Body=b"")) == "AccessDenied"


def test_describe_cannot_be_narrowed(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """A policy that names an ARN for a Describe action allows nothing, as on AWS."""
    arn = make_group()
    aws.policy(allow("elasticloadbalancing:DescribeTargetHealth", arn))
    denied = code_of(lambda: elbv2.describe_target_health(TargetGroupArn=arn))
    assert denied == "AccessDenied"


def test_caller_identity_needs_no_permission(aws: StandIn) -> None:
    """STS tells everyone who they are."""
    aws.policy(allow("s3:GetObject"))
    assert aws.boto3("sts").get_caller_identity()["Account"] == "123456789012"


def test_conditions_on_tags(aws: StandIn) -> None:
    """CreateTags may be narrowed to a tag key and to instances that carry a tag."""
    (mine, _), (other, _) = aws.create_instances(2)
    ec2 = aws.boto3("ec2")
    ec2.create_tags(Resources=[mine], Tags=[{"Key": "cluster", "Value": "main"}])
    aws.policy(
        allow(
            ["ec2:CreateTags", "ec2:DeleteTags"],
            "arn:aws:ec2:*:*:instance/*",
            Condition={
                "ForAllValues:StringEquals": {"aws:TagKeys": ["leader"]},
                "StringLike": {"aws:ResourceTag/cluster": "ma*"},
            },
        )
    )

    def tag(instance: str, key: str) -> str | None:
        return code_of(
            lambda: ec2.create_tags(Resources=[instance], Tags=[{"Key": key, "Value": "yes"}])
        )

    assert tag(mine, "leader") is None
    assert tag(mine, "name") == "UnauthorizedOperation"
    assert tag(other, "leader") == "UnauthorizedOperation"


@pytest.mark.parametrize(
    "more",
    [
        {"Effect": "Deny"},
        {"NotAction": "ec2:*"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    ],
)
def test_what_cannot_be_judged_is_refused(aws: StandIn, more: dict[str, Any]) -> None:
    """A policy is judged whole or not at all."""
    document = allow("ec2:*")
    document["Statement"][0] |= more
    with pytest.raises(ControlError, match="can"):
        aws.policy(document)
