"""Waiting for health and for the end of draining, while the test moves the clock of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.aws import target_groups
from lictor.aws.waiting import Wait, Waited, until_drained, until_healthy
from lictor.model import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.model import AWSAccess
    from tests.fakes.aws.client import StandIn

TARGETS = [Target(f"172.31.0.{n + 4}", 80) for n in range(3)]
KEYS = [target.key for target in TARGETS]


@pytest.fixture
def access(own_access: AWSAccess) -> AWSAccess:
    """Return a way whose client has not failed yet."""
    return own_access


@dataclass
class Time:
    """Who sleeps lets AWS's clock go on as well."""

    aws: StandIn
    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    told: list[Waited] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Let time pass, here and there."""
        self.slept.append(seconds)
        self.now += seconds
        self.aws.advance(seconds)

    def wait(self, timeout: float) -> Wait:
        """Return a wait on this clock."""
        return Wait(timeout, self.told.append, lambda: self.now, self.sleep)


@pytest.fixture
def time(aws: StandIn) -> Time:
    """Return the clock."""
    return Time(aws)


@pytest.fixture
def arn(aws: StandIn, access: AWSAccess, make_group: Callable[..., str]) -> str:
    """Return a group with the targets, health checks of 5 s and a drain of 60 s."""
    aws.settings(initial_seconds=5, draining_seconds=60)
    group = make_group()
    target_groups.register(access, group, TARGETS)
    return group


def test_until_all_are_healthy(access: AWSAccess, arn: str, time: Time) -> None:
    """It looks, waits and looks again, and tells what is new."""
    waited = until_healthy(access, arn, KEYS, time.wait(300))
    assert (waited.reached, waited.left) == (frozenset(KEYS), {})
    assert 5 <= waited.seconds < 15
    assert len(time.told) == 2
    assert time.told[0].left == dict.fromkeys(KEYS, "initial (Elb.RegistrationInProgress)")


def test_healthy_already(access: AWSAccess, arn: str, time: Time) -> None:
    """Nothing to wait for takes one look."""
    time.aws.advance(10)
    assert until_healthy(access, arn, KEYS, time.wait(300)).left == {}
    assert (time.slept, len(time.aws.calls("DescribeTargetHealth"))) == ([], 1)


def test_time_runs_out(access: AWSAccess, arn: str, time: Time) -> None:
    """It is no error: the rest is told, and no second more is spent than was given."""
    time.aws.health(arn, KEYS[0], "unhealthy", "Target.Timeout")
    waited = until_healthy(access, arn, KEYS, time.wait(30))
    assert waited.left == {KEYS[0]: "unhealthy (Target.Timeout)"}
    assert waited.reached == frozenset(KEYS[1:])
    assert time.now == pytest.approx(30)
    assert max(time.slept) <= 15


def test_a_wait_of_no_time(access: AWSAccess, arn: str, time: Time) -> None:
    """It looks once: the watch never blocks."""
    assert set(until_healthy(access, arn, KEYS, time.wait(0)).left) == set(KEYS)
    assert time.slept == []


def test_nobody_checks(access: AWSAccess, make_group: Callable[..., str], time: Time) -> None:
    """Targets of a group without a load balancer become healthy for nobody: no wait."""
    group = make_group(attached=False)
    target_groups.register(access, group, TARGETS)
    waited = until_healthy(access, group, KEYS, time.wait(300))
    assert waited.left == dict.fromkeys(KEYS, "unused (Target.NotInUse)")
    assert time.slept == []


def test_a_target_that_is_not_listed_yet(access: AWSAccess, arn: str, time: Time) -> None:
    """It may come: listings lag behind."""
    waited = until_healthy(access, arn, ["172.31.0.99:80"], time.wait(20))
    assert waited.left == {"172.31.0.99:80": "not listed"}
    assert time.now == pytest.approx(20)


def test_until_all_have_drained(access: AWSAccess, arn: str, time: Time) -> None:
    """A target that left the list has drained; those that stay registered are not looked at."""
    target_groups.deregister(access, arn, TARGETS[:2])
    waited = until_drained(access, arn, KEYS[:2], time.wait(300))
    assert (waited.reached, waited.left) == (frozenset(KEYS[:2]), {})
    assert 60 <= waited.seconds < 90


def test_a_terminated_instance_has_drained(
    access: AWSAccess, make_group: Callable[..., str], time: Time
) -> None:
    """AWS drops it from the list, though asked by name it calls it draining for minutes."""
    group = make_group("instance")
    ((instance, _),) = time.aws.create_instances(1)
    target = Target(instance, 80)
    target_groups.register(access, group, [target])
    target_groups.deregister(access, group, [target])
    time.aws.terminate_instance(instance)
    assert until_drained(access, group, [target.key], time.wait(300)).left == {}
    assert time.slept == []


def test_a_target_that_somebody_registers_again(access: AWSAccess, arn: str, time: Time) -> None:
    """It does not drain any more: there is nothing to wait for."""
    waited = until_drained(access, arn, KEYS[:1], time.wait(300))
    assert waited.left == {KEYS[0]: "initial (Elb.RegistrationInProgress)"}
    assert time.slept == []


def test_a_listing_that_fails_now_and_then(access: AWSAccess, arn: str, time: Time) -> None:
    """A wait survives it while there is time; past it, the failure is told."""
    time.aws.fault("DescribeTargetHealth", "error", times=9)
    assert until_healthy(access, arn, KEYS, time.wait(300)).left == {}
    time.aws.fault("DescribeTargetHealth", "error", times=None)
    with pytest.raises(errors.AWSError, match="DescribeTargetHealth failed"):
        until_healthy(access, arn, KEYS, time.wait(30))


def test_a_failure_that_stays(access: AWSAccess, arn: str, time: Time) -> None:
    """Denied is denied: nobody waits for a right."""
    time.aws.fault("DescribeTargetHealth", "deny", times=None)
    with pytest.raises(errors.AccessDenied):
        until_healthy(access, arn, KEYS, time.wait(300))
    assert time.slept == []


def test_a_group_that_is_gone(
    access: AWSAccess, make_group: Callable[..., str], time: Time
) -> None:
    """Nothing of it drains any more, and nothing becomes healthy."""
    group = make_group(attached=False)
    time.aws.boto3("elbv2").delete_target_group(TargetGroupArn=group)
    assert until_drained(access, group, KEYS, time.wait(300)).reached == frozenset(KEYS)
    with pytest.raises(errors.TargetGroupNotFound):
        until_healthy(access, group, KEYS, time.wait(300))
