"""A target group: what it is, and what stands in it. What changes it is in ``registering``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor import errors
from lictor.aws import session
from lictor.aws.listing import listing
from lictor.aws.registering import BATCH, Registration, batches, deregister, register
from lictor.model import TargetGroup, TargetType

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import TargetGroupTypeDef

    from lictor.model import AWSAccess

__all__ = ["BATCH", "Registration", "batches", "deregister", "describe", "listing", "register"]

_QUIC = ("QUIC", "TCP_QUIC")


def describe(access: AWSAccess, arn: str) -> TargetGroup:
    """Look up what a group is.

    Raises:
        errors.WrongTargetGroup: A lambda, alb or QUIC group.
        errors.AWSError: The group is unknown, or the call failed.
    """
    with session.translated("DescribeTargetGroups", access):
        answer = session.elbv2(access).describe_target_groups(TargetGroupArns=[arn])
    if not answer["TargetGroups"]:
        raise errors.TargetGroupNotFound(
            f"Elastic Load Balancing in {access.region} knows no target group {arn};"
            " check the ARN and the account"
        )
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
    return TargetGroup(arn, TargetType(kind), group.get("Port", 0), group.get("VpcId", ""))
