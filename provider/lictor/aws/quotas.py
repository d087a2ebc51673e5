"""How many targets more a group and its load balancer can hold.

It is a forecast, to order additions and to word a message: what counts is AWS's own answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor import errors
from lictor.aws import session
from lictor.aws.listing import listing

if TYPE_CHECKING:
    from lictor.model import AWSAccess

USUAL = 1000
"""AWS's default, for a group and for an Application Load Balancer, where it does not tell."""

_LIMITS = {
    "app": "targets-per-application-load-balancer",
    "net": "targets-per-network-load-balancer",
    "gwy": "targets-per-gateway-load-balancer",
}


@dataclass(frozen=True, slots=True)
class HeadRoom:
    """How many targets more can be registered.

    Attributes:
        left: That many; never below 0, though a lowered quota may be exceeded already.
        said: The tightest of the limits, such as ``990 of 1000 targets of load balancer web``.
    """

    left: int
    said: str


def head_room(access: AWSAccess, arn: str) -> HeadRoom:
    """Count what stands, draining targets included, against the quotas.

    Raises:
        errors.AWSError: A call failed, other than the one for the account's limits.
    """
    with session.translated("DescribeTargetGroups", access):
        answer = session.elbv2(access).describe_target_groups(TargetGroupArns=[arn])
    balancers = [
        balancer for group in answer["TargetGroups"] for balancer in group["LoadBalancerArns"]
    ]
    rooms = [_room(USUAL, len(listing(access, arn)), f"target group {arn.split('/')[1]}")]
    limits = _limits(access) if balancers else {}
    for balancer in balancers:
        kind, name = balancer.split("/")[1:3]
        limit = limits.get(_LIMITS.get(kind, ""), USUAL)
        rooms.append(_room(limit, _standing_behind(access, balancer), f"load balancer {name}"))
    return min(rooms, key=lambda room: room.left)


def _room(limit: int, standing: int, what: str) -> HeadRoom:
    return HeadRoom(max(0, limit - standing), f"{standing} of {limit} targets of {what}")


def _limits(access: AWSAccess) -> dict[str, int]:
    """Read the account's limits; none where the identity may not."""
    try:
        with session.translated("DescribeAccountLimits", access):
            pages = session.elbv2(access).get_paginator("describe_account_limits")
            limits = [limit for page in pages.paginate() for limit in page["Limits"]]
    except errors.AccessDenied:
        return {}
    return {
        limit["Name"]: int(limit["Max"])
        for limit in limits
        if limit.get("Max", "").isdigit() and "Name" in limit
    }


def _standing_behind(access: AWSAccess, balancer: str) -> int:
    """Count the targets of all groups of a load balancer."""
    with session.translated("DescribeTargetGroups", access):
        pages = session.elbv2(access).get_paginator("describe_target_groups")
        groups = [
            g for page in pages.paginate(LoadBalancerArn=balancer) for g in page["TargetGroups"]
        ]
    return sum(len(listing(access, group["TargetGroupArn"])) for group in groups)
