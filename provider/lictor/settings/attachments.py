"""The settings of one ``TargetGroupAttachments``: what users may write, defaults and bounds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from lictor import errors
from lictor.model import (
    ConsulService,
    Guards,
    Health,
    OnEmpty,
    OnGuard,
    Policy,
    TargetId,
    TargetType,
)
from lictor.settings import reading
from lictor.settings.duration import Seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

Name = Annotated[str, msgspec.Meta(min_length=1)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]

_ARN = re.compile(
    r"arn:aws[a-z-]*:elasticloadbalancing:(?P<region>[a-z]{2}[a-z0-9-]*-\d):\d{12}"
    r":targetgroup/[A-Za-z0-9-]{1,32}/[0-9a-f]{16}"
)
_ARN_SHAPE = "arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/0123456789abcdef"


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source of instances; the keys that may also stand beside the group's own."""

    service: Name
    tags: tuple[Name, ...] = ()
    datacenters: tuple[Name, ...] = ()
    health: Health = Health.PASSING

    def model(self) -> ConsulService:
        """Return the value that the other rooms know."""
        return ConsulService(self.service, self.tags, self.datacenters, self.health)


class Attachments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of ``TargetGroupAttachments``; its docstring describes each."""

    target_group_arn: str = ""
    sources: Annotated[tuple[Source, ...], msgspec.Meta(min_length=1)]
    on_empty: OnEmpty = OnEmpty.KEEP
    min_targets: Count = 1
    max_removal_percent: Percent = 30
    removal_window: Seconds = Seconds(600)
    removal_delay: Seconds = Seconds(0)
    on_guard: OnGuard = OnGuard.HOLD
    policy: Policy = Policy.SYNC
    target_type: TargetType | None = None
    target_id: TargetId = TargetId.AUTO
    port: Port | None = None

    def guards(self) -> Guards:
        """Return the guards as ``plan`` knows them."""
        return Guards(
            policy=self.policy,
            on_empty=self.on_empty,
            min_targets=self.min_targets,
            max_removal_percent=self.max_removal_percent,
            removal_window=self.removal_window,
            removal_delay=self.removal_delay,
            on_guard=self.on_guard,
        )


ARGUMENTS: tuple[str, ...] = Attachments.__struct_fields__
"""Names of the arguments, as they stand among a resource's inputs."""


def from_inputs(inputs: Mapping[str, Any]) -> Attachments:
    """Read a resource's inputs: snake_case keys, others than the arguments left aside.

    Raises:
        errors.SettingsError: With the path of the key, what was found and what is allowed.
    """
    arguments = {key: inputs[key] for key in ARGUMENTS if key in inputs}
    return reading.read(arguments, Attachments, at="", spelling=reading.Spelling.SNAKE)


def region_of(arn: str) -> str:
    """Return the region of a target group's ARN.

    Raises:
        errors.SettingsError: The text is not the ARN of a target group.
    """
    match = _ARN.fullmatch(arn)
    if match is None:
        found = repr(arn) if arn else "none"
        raise errors.SettingsError(
            f"target_group_arn: expected {_ARN_SHAPE}, found {found};"
            " copy the ARN of the target group, not of its load balancer or listener"
        )
    return match["region"]
