"""The life of a target on the stand-in: initial, healthy, draining, gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.fakes.aws.client import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_elbv2 import ElasticLoadBalancingv2Client as Elbv2
    from types_boto3_elbv2.type_defs import TargetDescriptionTypeDef

    from tests.fakes.aws.client import StandIn

    MakeGroup: TypeAlias = Callable[..., str]

IP = "172.31.0.9"
KEY = f"{IP}:80"
TARGETS: list[TargetDescriptionTypeDef] = [{"Id": IP}]


@pytest.fixture
def arn(elbv2: Elbv2, make_group: MakeGroup) -> str:
    """Return a group with one target."""
    arn = make_group()
    elbv2.register_targets(TargetGroupArn=arn, Targets=TARGETS)
    return arn


@pytest.fixture
def instance(aws: StandIn) -> str:
    """Start an instance."""
    [(instance, _)] = aws.create_instances(1)
    return instance


@pytest.fixture
def home(elbv2: Elbv2, make_group: MakeGroup, instance: str) -> str:
    """Return a group whose one target is the instance."""
    home = make_group("instance")
    elbv2.register_targets(TargetGroupArn=home, Targets=[{"Id": instance}])
    return home


def said(elbv2: Elbv2, arn: str, target: str | None = None) -> list[tuple[str, str | None]]:
    """Return state and reason of the listed targets, or of the one asked for."""
    answer = (
        elbv2.describe_target_health(TargetGroupArn=arn, Targets=[{"Id": target, "Port": 80}])
        if target
        else elbv2.describe_target_health(TargetGroupArn=arn)
    )
    healths = [listed["TargetHealth"] for listed in answer["TargetHealthDescriptions"]]
    return [(health["State"], health.get("Reason")) for health in healths]


def test_new_target_is_initial_then_healthy(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """A registration takes effect at once, health takes its time; repeating keeps the age."""
    arn = make_group()
    aws.settings(initial_seconds=30)
    elbv2.register_targets(TargetGroupArn=arn, Targets=TARGETS)
    assert said(elbv2, arn) == [("initial", "Elb.RegistrationInProgress")]
    aws.advance(31)
    elbv2.register_targets(TargetGroupArn=arn, Targets=TARGETS)
    assert said(elbv2, arn) == [("healthy", None)]


def test_deregistered_target_drains_for_the_groups_delay(
    aws: StandIn, elbv2: Elbv2, arn: str
) -> None:
    """The attribute says how long; then the list forgets the target and the filter says unused."""
    elbv2.modify_target_group_attributes(
        TargetGroupArn=arn,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "120"}],
    )
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=TARGETS)
    draining = [("draining", "Target.DeregistrationInProgress")]
    assert said(elbv2, arn) == draining
    aws.advance(110)
    assert said(elbv2, arn) == said(elbv2, arn, IP) == draining
    aws.advance(11)
    assert said(elbv2, arn) == []
    assert said(elbv2, arn, IP) == [("unused", "Target.NotRegistered")]


def test_draining_setting_overrides_the_delay(aws: StandIn, elbv2: Elbv2, arn: str) -> None:
    """With no drain at all a target is gone at once."""
    aws.settings(draining_seconds=0)
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=TARGETS)
    assert aws.targets(arn) == {}


def test_registering_again_cancels_the_drain(aws: StandIn, elbv2: Elbv2, arn: str) -> None:
    """A target that comes back in time stays, and is checked anew."""
    aws.advance(10)
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=TARGETS)
    elbv2.register_targets(TargetGroupArn=arn, Targets=TARGETS)
    assert aws.targets(arn) == {KEY: "initial"}
    aws.advance(1000)
    assert aws.targets(arn) == {KEY: "healthy"}


def test_deregistering_again_does_not_prolong_the_drain(
    aws: StandIn, elbv2: Elbv2, arn: str
) -> None:
    """The delay runs from the first deregistration."""
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=TARGETS)
    aws.advance(200)
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=TARGETS)
    aws.advance(101)
    assert aws.targets(arn) == {}


def test_group_behind_no_load_balancer_is_unused(elbv2: Elbv2, make_group: MakeGroup) -> None:
    """Registered all the same: unused is not absent."""
    arn = make_group(attached=False)
    elbv2.register_targets(TargetGroupArn=arn, Targets=TARGETS)
    assert said(elbv2, arn) == [("unused", "Target.NotInUse")]


def test_stopped_instance_stays_and_is_unused(
    aws: StandIn, elbv2: Elbv2, home: str, instance: str
) -> None:
    """As observed on AWS: the target stays in the list."""
    aws.stop_instance(instance)
    assert said(elbv2, home) == [("unused", "Target.InvalidState")]
    aws.start_instance(instance)
    assert said(elbv2, home) == [("initial", "Elb.RegistrationInProgress")]


def test_terminated_instance_leaves_the_list_but_drains_when_asked_for(
    aws: StandIn, elbv2: Elbv2, home: str, instance: str
) -> None:
    """As observed on AWS: a drain wait that asks by id would never end."""
    aws.terminate_instance(instance)
    assert said(elbv2, home) == []
    aws.advance(600)
    assert said(elbv2, home, instance) == [("draining", "Target.DeregistrationInProgress")]


@pytest.mark.parametrize("state", ["healthy", "unhealthy", "unused", "unavailable"])
def test_health_can_be_forced(aws: StandIn, elbv2: Elbv2, arn: str, state: str) -> None:
    """A test says how healthy a target is and why, until it lets go."""
    aws.health(arn, KEY, state, "Target.Timeout")
    assert said(elbv2, arn) == [(state, "Target.Timeout")]
    aws.health(arn, KEY, None)
    assert aws.targets(arn) == {KEY: "initial"}


def test_forced_health_ends_with_the_registration(aws: StandIn, elbv2: Elbv2, arn: str) -> None:
    """A target that drains says so, whatever was forced; a state nobody knows is refused."""
    aws.health(arn, KEY, "unhealthy")
    assert said(elbv2, arn) == [("unhealthy", "Target.FailedHealthChecks")]
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=TARGETS)
    assert aws.targets(arn) == {KEY: "draining"}
    with pytest.raises(ControlError, match="unknown state"):
        aws.health(arn, KEY, "sleepy")


def test_unregistered_target_is_unused_when_asked_for(elbv2: Elbv2, make_group: MakeGroup) -> None:
    """A filtered question about a stranger is no error."""
    assert said(elbv2, make_group(), IP) == [("unused", "Target.NotRegistered")]


def test_reset_turns_the_clock_back_without_harm(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """Ages survive: a target that was healthy does not become initial again."""
    arn = make_group()
    aws.advance(1000)
    elbv2.register_targets(TargetGroupArn=arn, Targets=TARGETS)
    aws.advance(10)
    aws.reset()
    assert aws.targets(arn) == {KEY: "healthy"}


def test_waiters_of_boto3_end(aws: StandIn, elbv2: Elbv2, arn: str) -> None:
    """Botocore's own target waiters are content with the answers."""
    aws.settings(initial_seconds=0, draining_seconds=0)
    elbv2.get_waiter("target_in_service").wait(
        TargetGroupArn=arn, Targets=TARGETS, WaiterConfig={"Delay": 0, "MaxAttempts": 1}
    )
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=TARGETS)
    elbv2.get_waiter("target_deregistered").wait(
        TargetGroupArn=arn, Targets=TARGETS, WaiterConfig={"Delay": 0, "MaxAttempts": 1}
    )
