"""What stands in a target group, as AWS tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.aws import session
from lictor.model import Target, TargetHealth, TargetState

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import TargetHealthDescriptionTypeDef

    from lictor.model import AWSAccess


def listing(access: AWSAccess, arn: str) -> dict[str, TargetHealth]:
    """List what stands in a group, draining targets included: key -> health.

    It is AWS's unfiltered list: asked for a target by name, AWS goes on about a terminated
    instance for minutes.

    Raises:
        errors.AWSError: The call failed.
    """
    with session.translated("DescribeTargetHealth", access):
        answer = session.elbv2(access).describe_target_health(TargetGroupArn=arn)
    found = (_health(item) for item in answer["TargetHealthDescriptions"])
    return {health.target.key: health for health in found}


def _health(item: TargetHealthDescriptionTypeDef) -> TargetHealth:
    """Make a value of AWS's shape; a state that we do not know says nothing about health."""
    described, health = item["Target"], item.get("TargetHealth", {})
    state = health.get("State", "")
    return TargetHealth(
        target=Target(
            described["Id"], described.get("Port", 0), described.get("AvailabilityZone", "")
        ),
        state=TargetState(state) if state in tuple(TargetState) else TargetState.UNAVAILABLE,
        reason=health.get("Reason", ""),
    )
