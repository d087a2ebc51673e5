"""Target groups and their targets, as a load balancer sees them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lictor.model.choices import TargetType

_INSTANCE_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})\Z")


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """What a target group is; none of this changes in its life.

    Attributes:
        arn: Its ARN.
        target_type: What its target ids are.
        port: Where its targets are reached unless they say otherwise.
        vpc_id: Its VPC.
    """

    arn: str
    target_type: TargetType
    port: int
    vpc_id: str = ""

    @property
    def name(self) -> str:
        """The name within the ARN."""
        return self.arn.rsplit(":", 1)[-1].split("/")[1]


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What a load balancer sends requests to. Its identity is ``id:port``.

    Attributes:
        id: Instance id or IP address, without brackets.
        port: 1 to 65535.
        zone: Availability zone as it is given to AWS or listed by it; no part of the identity.
            Empty where AWS finds it out.
    """

    id: str
    port: int
    zone: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """The identity as it stands in state: ``i-0abc:8080``, ``10.0.0.1:80``, ``fd00::1:80``."""
        return f"{self.id}:{self.port}"

    @classmethod
    def from_key(cls, key: str) -> Target:
        """Read a key back; the port is what follows the last colon."""
        ident, _, port = key.rpartition(":")
        return cls(ident, int(port))


class TargetState(StrEnum):
    """A load balancer's view of a target (ELBv2 ``TargetHealthStateEnum``)."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNHEALTHY_DRAINING = "unhealthy.draining"
    UNUSED = "unused"
    DRAINING = "draining"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """A target that a group lists, and how it does.

    Attributes:
        target: Which target.
        state: The load balancer's view.
        reason: Its code for that view, such as ``Target.NotInUse``; empty when healthy.
    """

    target: Target
    state: TargetState
    reason: str = ""

    @property
    def draining(self) -> bool:
        """On its way out: registered no more, though still listed.

        ``unhealthy.draining`` is not: such a target of a Network Load Balancer is still
        registered and comes back by itself.
        """
        return self.state is TargetState.DRAINING

    @property
    def healthy(self) -> bool:
        """Receives requests."""
        return self.state is TargetState.HEALTHY

    @property
    def awaited(self) -> bool:
        """Whether health checks may still make it healthy.

        ``unused`` and ``unavailable`` are not: no load balancer checks them.
        """
        return self.state in (
            TargetState.INITIAL,
            TargetState.UNHEALTHY,
            TargetState.UNHEALTHY_DRAINING,
        )


def is_instance_id(text: str) -> bool:
    """Whether a text is an EC2 instance id, old form (8 digits) or new (17)."""
    return _INSTANCE_ID.match(text) is not None
