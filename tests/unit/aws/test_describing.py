"""What a group is, and what stands in it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.aws import listing, target_groups
from lictor.model import Target, TargetState, TargetType

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.model import AWSAccess
    from tests.fakes.aws.client import StandIn

UNKNOWN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/nobody/0123456789abcdef"


@pytest.mark.parametrize("kind", list(TargetType))
def test_what_a_group_is(
    access: AWSAccess, make_group: Callable[..., str], kind: TargetType
) -> None:
    """Type, port and VPC, as they are for its whole life."""
    arn = make_group(kind, 8080)
    group = target_groups.describe(access, arn)
    assert (group.arn, group.target_type, group.port) == (arn, kind, 8080)
    assert group.vpc_id.startswith("vpc-")


@pytest.mark.parametrize("kind", ["lambda", "alb"])
def test_kinds_that_take_no_instances(aws: StandIn, access: AWSAccess, kind: str) -> None:
    """They are refused by name, with what is taken instead."""
    protocol = "TCP" if kind == "alb" else "HTTP"
    arn = aws.create_group(f"kind-{kind}", kind, protocol=protocol, attached=False)
    with pytest.raises(errors.WrongTargetGroup) as caught:
        target_groups.describe(access, arn)
    expected = f"target group kind-{kind} is of type {kind}; lictor attaches to instance and ip"
    assert expected in str(caught.value)


@pytest.mark.parametrize("protocol", ["QUIC", "TCP_QUIC"])
def test_quic_needs_server_ids(protocol: str) -> None:
    """Such a group's targets need what Consul does not know; the stand-in has none of them."""
    group = {"TargetType": "ip", "Protocol": protocol, "TargetGroupName": "q", "Port": 443}
    with pytest.raises(errors.WrongTargetGroup, match=f"q speaks {protocol}"):
        target_groups._target_group(UNKNOWN, group)  # type: ignore[arg-type] # noqa: SLF001


def test_an_unknown_group(access: AWSAccess) -> None:
    """The remote, what it says and what to do, in one line."""
    for ask in (target_groups.describe, target_groups.listing):
        with pytest.raises(errors.TargetGroupNotFound) as caught:
            ask(access, UNKNOWN)
        text = str(caught.value)
        assert text.startswith("Elastic Load Balancing in us-west-2 at http://")
        assert text.endswith("check the ARN and the account")
        assert "\n" not in text


def test_the_listing(aws: StandIn, access: AWSAccess, make_group: Callable[..., str]) -> None:
    """Keys, states, reasons and the zones that AWS found; draining ones are there as well."""
    arn = make_group()
    one, two = Target("172.31.0.10", 80), Target("172.31.0.10", 81)
    target_groups.register(access, arn, [one, two])
    target_groups.deregister(access, arn, [two])
    aws.advance(10)
    listed = target_groups.listing(access, arn)
    assert {key: health.state for key, health in listed.items()} == {
        one.key: TargetState.HEALTHY,
        two.key: TargetState.DRAINING,
    }
    assert listed[one.key].target.zone == "us-west-2a"
    assert (listed[one.key].reason, listed[two.key].draining) == ("", True)


def test_a_state_that_is_new_to_us() -> None:
    """AWS adds states; an unknown one counts as neither healthy nor draining."""
    health = listing._health(  # noqa: SLF001 - the stand-in has AWS's states of today only
        {
            "Target": {"Id": "10.0.0.1", "Port": 80},
            "TargetHealth": {"State": "resting", "Reason": "Target.Resting"},  # type: ignore[typeddict-item]
        }
    )
    assert (health.state, health.reason) == (TargetState.UNAVAILABLE, "Target.Resting")


def test_a_terminated_instance_is_not_listed(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """The list is the unfiltered one: asked by name, AWS goes on about it."""
    arn = make_group("instance")
    ((instance, _),) = aws.create_instances(1)
    target_groups.register(access, arn, [Target(instance, 80)])
    aws.terminate_instance(instance)
    assert target_groups.listing(access, arn) == {}


def test_threads_share_a_client(access: AWSAccess, make_group: Callable[..., str]) -> None:
    """Several resources of a run look at once, the first of them making the client."""
    arns = [make_group() for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda n: target_groups.describe(access, arns[n % 4]).arn, range(64)))
    assert found == [arns[n % 4] for n in range(64)]
