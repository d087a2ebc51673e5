"""The faults that tests put between lictor and AWS."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from tests.fakes.aws.client import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from types_boto3_elbv2 import ElasticLoadBalancingv2Client as Elbv2
    from types_boto3_elbv2.type_defs import TargetDescriptionTypeDef

    from tests.fakes.aws.client import StandIn

    MakeGroup: TypeAlias = Callable[..., str]

ONE: list[TargetDescriptionTypeDef] = [{"Id": "172.31.0.1"}]
TWO: list[TargetDescriptionTypeDef] = [{"Id": "172.31.0.2"}]


def error_of(call: Callable[[], object]) -> tuple[str, str, int]:
    """Return code, message and HTTP status that the call fails with."""
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    error = answer["Error"]
    return error["Code"], error["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_throttle_strikes_as_often_as_asked(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """The first `times` calls after the first `skip` are throttled, without effect."""
    arn = make_group()
    aws.fault("RegisterTargets", "throttle", times=2, skip=1)

    def register(targets: list[TargetDescriptionTypeDef]) -> None:
        elbv2.register_targets(TargetGroupArn=arn, Targets=targets)

    register(ONE)
    for _ in range(2):
        assert error_of(lambda: register(TWO)) == ("Throttling", "Rate exceeded", 400)
    assert set(aws.targets(arn)) == {"172.31.0.1:80"}
    register(TWO)
    assert [(fault["seen"], fault["fired"]) for fault in aws.faults()] == [(3, 2)]


def test_botocore_retries_a_throttled_call(aws: StandIn, make_group: MakeGroup) -> None:
    """A client with retries does not see one throttled call; the log sees both tries."""
    arn = make_group()
    aws.fault("RegisterTargets", "throttle")
    client = aws.boto3("elbv2", Config(retries={"mode": "standard", "total_max_attempts": 3}))
    client.register_targets(TargetGroupArn=arn, Targets=ONE)
    assert [call["status"] for call in aws.calls("RegisterTargets", arn)] == [400, 200]


def test_error_with_defaults_and_with_words_of_its_own(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """An error is InternalFailure unless the test says otherwise."""
    arn = make_group()
    aws.fault("RegisterTargets", "error")
    aws.fault("RegisterTargets", "error", status=503, code="ServiceUnavailable", message="later")

    def register() -> object:
        return elbv2.register_targets(TargetGroupArn=arn, Targets=ONE)

    assert error_of(register) == ("InternalFailure", "An internal error occurred", 500)
    assert error_of(register) == ("ServiceUnavailable", "later", 503)
    assert aws.targets(arn) == {}


def test_error_can_come_after_the_effect(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """A 500 may hide a call that took effect."""
    arn = make_group()
    aws.fault("RegisterTargets", "error", effect=True)
    error_of(lambda: elbv2.register_targets(TargetGroupArn=arn, Targets=ONE))
    assert set(aws.targets(arn)) == {"172.31.0.1:80"}


def test_deny_speaks_as_iam_does(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """AccessDenied names the user, the action and the target group."""
    arn = make_group()
    aws.fault("RegisterTargets", "deny")
    code, message, status = error_of(
        lambda: elbv2.register_targets(TargetGroupArn=arn, Targets=ONE)
    )
    assert (code, status) == ("AccessDenied", 403)
    assert "is not authorized to perform: elasticloadbalancing:RegisterTargets" in message
    assert f"on resource: {arn}" in message


def test_lost_takes_effect_and_drop_does_not(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """The caller sees the same closed connection in both cases and must list again."""
    arn = make_group()
    aws.fault("RegisterTargets", "drop", target="172.31.0.1")
    aws.fault("RegisterTargets", "lost", target="172.31.0.2")
    for targets in (ONE, TWO):
        with pytest.raises(ConnectionClosedError):
            elbv2.register_targets(TargetGroupArn=arn, Targets=targets)
    assert set(aws.targets(arn)) == {"172.31.0.2:80"}
    logged = aws.calls("RegisterTargets", arn)
    assert [(call["status"], call["fault"]) for call in logged] == [(None, "drop"), (None, "lost")]


def test_slow_answers_late_but_takes_effect(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """A client that waits gets its answer; one that does not cannot know."""
    arn = make_group()
    aws.fault("RegisterTargets", "slow", seconds=0.05)
    elbv2.register_targets(TargetGroupArn=arn, Targets=ONE)
    aws.fault("RegisterTargets", "slow", seconds=30)
    hasty = aws.boto3("elbv2", Config(read_timeout=0.1, retries={"total_max_attempts": 1}))
    with pytest.raises(ReadTimeoutError):
        hasty.register_targets(TargetGroupArn=arn, Targets=TWO)
    aws.wait_for_calls("RegisterTargets", 2, arn)
    assert set(aws.targets(arn)) == {"172.31.0.1:80", "172.31.0.2:80"}


def test_reset_frees_the_slow(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """No test waits for a fault of the one before."""
    arn = make_group()
    aws.fault("RegisterTargets", "slow", seconds=50)
    slow = threading.Thread(
        target=lambda: elbv2.register_targets(TargetGroupArn=arn, Targets=ONE), name="slow"
    )
    slow.start()
    aws.wait_for_calls("RegisterTargets", 1, arn)
    aws.reset()
    slow.join(10)
    assert not slow.is_alive()


def test_broken_answers_with_what_is_no_xml(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """A 200 that cannot be parsed is an error of the client."""
    arn = make_group()
    aws.fault("DescribeTargetHealth", "broken")
    with pytest.raises(ResponseParserError):
        elbv2.describe_target_health(TargetGroupArn=arn)
    assert elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"] == []


def test_fault_strikes_only_the_group_and_target_it_names(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """Other groups and calls without the target go through."""
    struck, spared = make_group(), make_group()
    aws.fault("RegisterTargets", "throttle", target_group=struck, target="172.31.0.2", times=None)
    elbv2.register_targets(TargetGroupArn=spared, Targets=[*ONE, *TWO])
    elbv2.register_targets(TargetGroupArn=struck, Targets=ONE)
    for _ in range(3):
        error_of(lambda: elbv2.register_targets(TargetGroupArn=struck, Targets=[*ONE, *TWO]))
    aws.clear_faults()
    elbv2.register_targets(TargetGroupArn=struck, Targets=TWO)


def test_faults_follow_one_another(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """The next fault starts when the one before it is spent."""
    arn = make_group()
    aws.fault("RegisterTargets", "throttle")
    aws.fault("*", "error")

    def register() -> object:
        return elbv2.register_targets(TargetGroupArn=arn, Targets=ONE)

    assert [error_of(register)[0] for _ in range(2)] == ["Throttling", "InternalFailure"]
    register()


def test_ec2_faults_speak_ec2s_dialect(aws: StandIn) -> None:
    """Faults stand before every service, with its codes and its XML."""
    [(instance, _)] = aws.create_instances(1)
    ec2 = aws.boto3("ec2", Config(retries={"total_max_attempts": 1}))
    aws.fault("DescribeInstances", "throttle")
    aws.fault("CreateTags", "deny", target=instance)
    assert error_of(ec2.describe_instances)[::2] == ("RequestLimitExceeded", 503)
    tags = [{"Key": "role", "Value": "leader"}]
    code, message, status = error_of(
        lambda: ec2.create_tags(Resources=[instance], Tags=tags)  # type: ignore[arg-type]
    )
    assert (code, status) == ("UnauthorizedOperation", 403)
    assert f"instance/{instance}" in message
    ec2.create_tags(Resources=[instance], Tags=tags)  # type: ignore[arg-type]


def test_unknown_kind_is_refused(aws: StandIn) -> None:
    """A fault that would never strike is a mistake of the test."""
    with pytest.raises(ControlError, match="unknown fault kind"):
        aws.fault("RegisterTargets", "sleepy")  # type: ignore[arg-type]
