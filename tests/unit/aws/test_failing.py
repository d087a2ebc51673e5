"""Calls that fail as a whole: what they did all the same, and what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lictor import errors
from lictor.aws import session, target_groups
from lictor.model import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.model import AWSAccess
    from tests.fakes.aws.client import Kind, StandIn

TARGETS = [Target(f"172.31.{n // 250}.{n % 250 + 4}", 80) for n in range(250)]
ATTEMPTS = 8


@pytest.fixture
def access(own_access: AWSAccess) -> AWSAccess:
    """Return a way whose client has not failed yet."""
    return own_access


def test_throttling_is_tried_again(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """Seven refusals are sat out."""
    arn = make_group()
    aws.fault("RegisterTargets", "throttle", times=ATTEMPTS - 1)
    assert target_groups.register(access, arn, TARGETS[:3]).failure is None
    assert len(aws.calls("RegisterTargets")) == ATTEMPTS


@pytest.mark.parametrize("kind", ["throttle", "error", "drop"])
def test_the_first_failure_ends_it(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], kind: Kind
) -> None:
    """Batches before it stand, it and those after it do not, and nothing is uncertain."""
    arn = make_group()
    aws.fault("RegisterTargets", kind, skip=1, times=None)
    done = target_groups.register(access, arn, TARGETS)
    assert done.registered == frozenset(TARGETS[:100])
    assert (done.rejected, done.uncertain) == ({}, frozenset())
    assert type(done.failure) is errors.AWSError
    assert "Elastic Load Balancing in us-west-2 at " in str(done.failure)
    assert "RegisterTargets" in str(done.failure)
    assert len(aws.calls("RegisterTargets")) == 1 + ATTEMPTS


def test_a_lost_answer(aws: StandIn, access: AWSAccess, make_group: Callable[..., str]) -> None:
    """The call took effect and nobody said so: a listing finds the targets."""
    arn = make_group()
    aws.fault("RegisterTargets", "lost", times=None)
    done = target_groups.register(access, arn, TARGETS[:5])
    assert done.registered == frozenset(TARGETS[:5])
    assert done.uncertain == frozenset()
    assert done.failure is not None


def test_what_drains_is_not_registered(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """A listing after a failure shows draining targets too: these did not come back."""
    arn = make_group()
    target_groups.register(access, arn, TARGETS[:2])
    target_groups.deregister(access, arn, TARGETS[:2])
    aws.fault("RegisterTargets", "drop", times=None)
    assert target_groups.register(access, arn, TARGETS[:2]).registered == frozenset()


@pytest.mark.parametrize("kind", ["lost", "error", "broken", "drop"])
def test_nobody_can_look(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], kind: Kind
) -> None:
    """Where the listing fails as well, the batch of the failed call is uncertain, no other."""
    arn = make_group()
    aws.fault("RegisterTargets", kind, skip=1, times=None)
    aws.fault("DescribeTargetHealth", "error", times=None)
    done = target_groups.register(access, arn, TARGETS)
    assert done.registered == frozenset(TARGETS[:100])
    assert done.uncertain == frozenset(TARGETS[100:200])
    assert done.failure is not None


@pytest.mark.parametrize("kind", ["throttle", "deny"])
def test_a_refusal_is_certain(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], kind: Kind
) -> None:
    """AWS said that it did nothing: nobody needs to look."""
    arn = make_group()
    aws.fault("RegisterTargets", kind, times=None)
    aws.fault("DescribeTargetHealth", "error", times=None)
    done = target_groups.register(access, arn, TARGETS[:5])
    assert (done.registered, done.uncertain) == (frozenset(), frozenset())
    assert aws.calls("DescribeTargetHealth") == []


def test_a_refusal_after_a_lost_answer(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """An earlier attempt of the same call may have taken effect: the last word is not enough."""
    arn = make_group()
    aws.fault("RegisterTargets", "lost")
    aws.fault("RegisterTargets", "throttle", times=None)
    aws.fault("DescribeTargetHealth", "deny", times=None)
    done = target_groups.register(access, arn, TARGETS[:5])
    assert done.uncertain == frozenset(TARGETS[:5])


def test_a_refused_batch_that_cannot_be_listed(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """A batch is not sure to be refused as a whole: without a look nothing more is done."""
    aws.settings(atomic_batches=False)
    arn = make_group()
    aws.fault("DescribeTargetHealth", "deny", times=None)
    bad = Target("198.51.100.1", 80)
    done = target_groups.register(access, arn, [*TARGETS[:3], bad])
    assert done.uncertain == {*TARGETS[:3], bad}
    assert isinstance(done.failure, errors.AccessDenied)


@pytest.mark.parametrize("atomic", [True, False])
def test_the_quota(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], *, atomic: bool
) -> None:
    """It has a class of its own; what came in before it, or within it, is known."""
    aws.settings(targets_per_group=150, atomic_batches=atomic)
    arn = make_group()
    done = target_groups.register(access, arn, TARGETS)
    assert isinstance(done.failure, errors.QuotaExceeded)
    assert "maximum number of targets per target group '150'" in str(done.failure)
    assert len(done.registered) == (100 if atomic else 150)
    assert {target.key for target in done.registered} == set(aws.targets(arn))


def test_denied(aws: StandIn, access: AWSAccess, make_group: Callable[..., str]) -> None:
    """The text names the call, AWS's words, and what to allow."""
    arn = make_group()
    aws.fault("RegisterTargets", "deny", times=None)
    done = target_groups.register(access, arn, TARGETS[:1])
    assert isinstance(done.failure, errors.AccessDenied)
    text = str(done.failure)
    assert "denies RegisterTargets (AccessDenied: " in text
    assert text.endswith("allow elasticloadbalancing:RegisterTargets to this identity")
    assert len(aws.calls("RegisterTargets")) == 1


@pytest.mark.parametrize(
    "code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch", "AuthFailure"]
)
def test_credentials_that_are_not_accepted(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], code: str
) -> None:
    """The remedy is other credentials, not another permission."""
    aws.fault("DescribeTargetHealth", "error", times=None, code=code, status=403)
    with pytest.raises(errors.AccessDenied, match=r"does not accept the credentials.*renew"):
        target_groups.listing(access, make_group())


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("error", "DescribeTargetHealth failed (InternalFailure: An internal error occurred)"),
        ("throttle", "DescribeTargetHealth failed (Throttling: Rate exceeded)"),
        ("broken", "DescribeTargetHealth: the answer cannot be read"),
        ("drop", "check the network and aws:endpoints"),
    ],
)
def test_a_listing_that_fails(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], kind: Kind, text: str
) -> None:
    """One line: the remote with its region and endpoint, the call, the reason."""
    aws.fault("DescribeTargetHealth", kind, times=None)
    with pytest.raises(errors.AWSError) as caught:
        target_groups.listing(access, make_group())
    assert type(caught.value) is errors.AWSError
    assert text in str(caught.value)
    assert f"Elastic Load Balancing in us-west-2 at {aws.url}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert access.secret_key not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "status", "remedy"),
    [
        ("HealthUnavailable", 500, "it will be tried again"),
        ("InvalidConfigurationRequest", 400, "AWS's reference of DescribeTargetHealth says of"),
    ],
)
def test_any_failure_says_what_to_do(  # noqa: PLR0913, PLR0917 - fixtures
    aws: StandIn,
    access: AWSAccess,
    make_group: Callable[..., str],
    code: str,
    status: int,
    remedy: str,
) -> None:
    """Also one that nobody foresaw."""
    aws.fault("DescribeTargetHealth", "error", times=None, code=code, status=status)
    with pytest.raises(errors.AWSError, match=rf"failed \({code}: .*\); .*{remedy}"):
        target_groups.listing(access, make_group())


def test_a_long_message_is_cut(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """However much AWS says, the error is short."""
    aws.fault("DescribeTargetHealth", "error", times=None, message="long\n " * 1000, status=400)
    with pytest.raises(errors.AWSError) as caught:
        target_groups.listing(access, make_group())
    assert len(str(caught.value)) < 500


def test_a_bad_request_of_a_look_up_is_no_rejected_target(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """`ValidationError` rejects targets only where a call names some."""
    aws.fault("DescribeTargetHealth", "error", times=None, code="ValidationError", status=400)
    with pytest.raises(errors.AWSError) as caught:
        target_groups.listing(access, make_group())
    assert type(caught.value) is errors.AWSError


def test_deregistering_that_fails(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """It raises; what the calls before it did is done."""
    arn = make_group()
    target_groups.register(access, arn, TARGETS)
    aws.fault("DeregisterTargets", "throttle", skip=1, times=None)
    with pytest.raises(errors.AWSError, match="DeregisterTargets failed"):
        target_groups.deregister(access, arn, TARGETS)
    assert sum(1 for state in aws.targets(arn).values() if state == "draining") == 100


def test_the_group_goes_away(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """Registering into a group that is gone is told as such; nothing is uncertain."""
    arn = make_group(attached=False)
    aws.boto3("elbv2").delete_target_group(TargetGroupArn=arn)
    done = target_groups.register(access, arn, TARGETS[:2])
    assert isinstance(done.failure, errors.TargetGroupNotFound)
    assert done.uncertain == frozenset()


def test_a_client_does_not_wait_for_ever(access: AWSAccess) -> None:
    """Every wait of a client has a limit."""
    for client in (session.elbv2(access), session.ec2(access)):
        config: Any = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (5, 20)
        assert config.retries == {"mode": "standard", "total_max_attempts": ATTEMPTS}
