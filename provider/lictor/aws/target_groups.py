"""A target group: what it is, what stands in it, registering and deregistering.

AWS gives no result for each target of a call. What a call did is found out by listing the group;
what AWS refuses is found out by halving the call.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lictor import errors
from lictor.aws import failures, session
from lictor.model import Target, TargetGroup, TargetHealth, TargetState, TargetType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from types_boto3_elbv2.type_defs import TargetDescriptionTypeDef, TargetGroupTypeDef

    from lictor.model import AWSAccess

BATCH = 100
"""Targets in a call. AWS documents no limit; Kubernetes' controllers use 100 to 200."""

_QUIC = ("QUIC", "TCP_QUIC")


@dataclass(frozen=True, slots=True)
class Registration:
    """What came of registering targets.

    Attributes:
        registered: Targets that stand in the group now.
        rejected: Target -> AWS's reason for not taking it.
        failure: The error of a call that failed as a whole; the targets that are in neither of
            the above were not registered because of it.
    """

    registered: frozenset[Target]
    rejected: Mapping[Target, str]
    failure: errors.AWSError | None


def describe(access: AWSAccess, arn: str) -> TargetGroup:
    """Look up what a group is.

    Raises:
        errors.WrongTargetGroup: A lambda, alb or QUIC group.
        errors.AWSError: The group is unknown, or the call failed.
    """
    with _translated("DescribeTargetGroups", access):
        answer = session.elbv2(access).describe_target_groups(TargetGroupArns=[arn])
    return _target_group(arn, answer["TargetGroups"][0])


def _target_group(arn: str, group: TargetGroupTypeDef) -> TargetGroup:
    """Make a value of AWS's shape, or say why nothing can be attached to such a group."""
    kind, protocol = group.get("TargetType", ""), group.get("Protocol", "")
    name = group.get("TargetGroupName", arn)
    if protocol in _QUIC:
        raise errors.WrongTargetGroup(
            f"target group {name} speaks {protocol}, whose targets need a server id each;"
            " lictor attaches to HTTP, HTTPS, TCP, TLS, UDP, TCP_UDP and GENEVE groups"
        )
    if kind not in tuple(TargetType):
        raise errors.WrongTargetGroup(
            f"target group {name} is of type {kind}; lictor attaches to instance and ip groups"
        )
    return TargetGroup(arn=arn, target_type=TargetType(kind), port=group.get("Port", 0))


def listing(access: AWSAccess, arn: str) -> dict[str, TargetHealth]:
    """List what stands in a group, draining targets included: key -> health.

    Raises:
        errors.AWSError: The call failed.
    """
    with _translated("DescribeTargetHealth", access):
        answer = session.elbv2(access).describe_target_health(TargetGroupArn=arn)
    found = {}
    for item in answer["TargetHealthDescriptions"]:
        target = Target(item["Target"]["Id"], item["Target"].get("Port", 0))
        health = item.get("TargetHealth", {})
        found[target.key] = TargetHealth(
            target=target,
            state=TargetState(health.get("State", TargetState.UNAVAILABLE)),
            reason=health.get("Reason", ""),
        )
    return found


def register(access: AWSAccess, arn: str, targets: Sequence[Target]) -> Registration:
    """Register targets in batches, going round those that AWS refuses.

    Targets that stand already are taken again without harm. The first call that fails as a whole
    (throttled after retries, denied, quota, 5xx) ends it; what such a call did all the same is
    found out by a listing.
    """
    rejected: dict[Target, str] = {}
    pending = list(batches(targets))[::-1]
    registered: set[Target] = set()
    while pending:
        batch = pending.pop()
        try:
            _register(access, arn, batch)
        except errors.TargetsRejected as error:
            standing = _standing(access, arn)
            registered.update(target for target in batch if target.key in standing)
            rest = [target for target in batch if target.key not in standing]
            if len(batch) == 1 and rest:
                rejected[rest[0]] = str(error)
            else:
                pending.extend(reversed(_halves(rest)))
        except errors.AWSError as error:
            standing = _standing(access, arn)
            registered.update(target for target in targets if target.key in standing)
            return Registration(frozenset(registered), rejected, error)
        else:
            registered.update(batch)
    return Registration(frozenset(registered), rejected, None)


def deregister(access: AWSAccess, arn: str, targets: Sequence[Target]) -> None:
    """Deregister targets in batches, always with their port: without one AWS may do nothing.

    A target that is registered no more is no error to AWS.

    Raises:
        errors.AWSError: A call failed; the listing tells which targets are gone.
    """
    for batch in batches(targets):
        with _translated("DeregisterTargets", access):
            session.elbv2(access).deregister_targets(
                TargetGroupArn=arn, Targets=[_described(target) for target in batch]
            )


def batches(targets: Sequence[Target]) -> Iterator[list[Target]]:
    """Cut targets into calls."""
    for start in range(0, len(targets), BATCH):
        yield list(targets[start : start + BATCH])


def _halves(targets: list[Target]) -> list[list[Target]]:
    """Cut a refused batch in two, to find out which of its targets are refused."""
    middle = (len(targets) + 1) // 2
    return [half for half in (targets[:middle], targets[middle:]) if half]


def _register(access: AWSAccess, arn: str, batch: list[Target]) -> None:
    with _translated("RegisterTargets", access):
        session.elbv2(access).register_targets(
            TargetGroupArn=arn, Targets=[_described(target) for target in batch]
        )


def _standing(access: AWSAccess, arn: str) -> set[str]:
    """List the keys that are registered after a call that failed; none where that is unknown."""
    try:
        return {key for key, health in listing(access, arn).items() if not health.draining}
    except errors.AWSError:
        return set()


def _described(target: Target) -> TargetDescriptionTypeDef:
    return {"Id": target.id, "Port": target.port}


@contextmanager
def _translated(operation: str, access: AWSAccess) -> Iterator[None]:
    """Turn boto3's errors into ours."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise failures.of(error, operation, access) from error
