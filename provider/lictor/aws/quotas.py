"""How many targets more a group and its load balancer can hold.

It is a forecast, to order additions and to word a message: what counts is AWS's own answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lictor import errors
from lictor.aws import session
from lictor.aws.listing import listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lictor.model import AWSAccess

USUAL = 1000
"""AWS's default, for a group and for an Application Load Balancer, where it does not tell."""

_LIMITS = {
    "app": "targets-per-application-load-balancer",
    "net": "targets-per-network-load-balancer",
}
"""Limits of whole load balancers. Gateway ones have none: theirs is for each zone."""


@dataclass(frozen=True, slots=True)
class HeadRoom:
    """How many targets more can be registered.

    Attributes:
        left: That many; never below 0, though a lowered quota may be exceeded already.
        said: The tightest of the limits, such as ``990 of 1000 targets of load balancer web``.
        told: That many by the limits that AWS told; None where it told none. Where it is more, the
            tightest one is assumed, for AWS tells no account its limit of targets in a group.
    """

    left: int
    said: str
    told: int | None = None


def head_room(access: AWSAccess, arn: str) -> HeadRoom:
    """Count what stands, draining targets included, against the quotas.

    Raises:
        errors.AWSError: A call failed, other than the one for the account's limits.
    """
    with session.translated("DescribeTargetGroups", access):
        answer = session.elbv2(access).describe_target_groups(TargetGroupArns=[arn])
    balancers = limited(
        arn for group in answer["TargetGroups"] for arn in group["LoadBalancerArns"]
    )
    rooms = [_room(USUAL, len(listing(access, arn)), f"target group {arn.split('/')[1]}")]
    limits = _limits(access) if balancers else {}
    for balancer in balancers:
        kind, name = balancer.split("/")[1:3]
        limit, standing = limits.get(_LIMITS[kind]), _standing_behind(access, balancer)
        room = _room(limit or USUAL, standing, f"load balancer {name}")
        rooms.append(replace(room, told=room.left) if limit else room)
    tightest = min(rooms, key=lambda room: (room.left, room.told is None))
    told = [room.told for room in rooms if room.told is not None]
    return replace(tightest, told=min(told, default=None))


def limited(balancers: Iterable[str]) -> list[str]:
    """List those of these load balancers, by their ARNs, that have a limit of targets."""
    return [arn for arn in balancers if arn.split("/")[1] in _LIMITS]


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
