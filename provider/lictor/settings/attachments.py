"""The settings of one ``TargetGroupAttachments``: what users may write, defaults and bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from lictor import errors
from lictor.model import (
    Guards,
    OnEmpty,
    OnGuard,
    Ownership,
    Policy,
    TargetId,
    TargetType,
    WaitFor,
)
from lictor.settings import reading, shapes
from lictor.settings.duration import Seconds
from lictor.settings.reading import Clash
from lictor.settings.shapes import Count, Name, Percent, Port  # noqa: TC001 - read by msgspec
from lictor.settings.sources import Source  # noqa: TC001 - read by msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_AUTO = "auto"
_ZONES = (_AUTO, "all")
REMOVAL_WINDOW = Seconds(600)
"""Default of ``removal_window``."""


class Attachments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of ``TargetGroupAttachments``.

    Attributes:
        target_group_arn: ARN of the group; its region is where the calls go.
        sources: Where instances come from; several unite into one group. At least one.
        ownership: ``owned`` (default): only what this resource registered is removed.
            ``exclusive``: strangers are removed too, under the same guards, from the second run on.
        take_over: Whether the first run of an ``exclusive`` resource removes strangers, too. Goes
            with ``exclusive``. Default false; true in files of consul-ec2-alb, as it did.
        on_empty: No instance left: ``keep`` the last targets (default), ``drain`` them or ``fail``.
        min_targets: Never remove below this many, neither registered nor healthy ones. Default 1,
            from 0 to 1,000,000.
        max_removal_percent: Share of (attached now + removed in the window) that removals made and
            planned within the window may not exceed, where that sum is 10 or more. Default 30,
            from 0 to 100.
        removal_window: That window, in seconds or as ``10m``. Default 600.
        removal_delay: How long a target must be missing before it is removed, in seconds or as
            ``30s``. Default 0.
        on_guard: A guard trips: ``hold`` all removals (default), or ``fail`` the run.
        policy: ``sync`` (default), or ``add-only``.
        target_type: ``instance`` or ``ip``. Default: looked up; a group's type never changes.
        target_id: Where an instance group's ids come from: ``auto`` (default), ``service-meta``,
            ``node-meta``, ``node-name`` or ``ec2-lookup``.
        address: What an ip group's targets are: ``auto`` (default: the service's address, else its
            node's), or the name of a tagged address such as ``lan_ipv4`` or ``wan``. An instance
            without it is ``failed``.
        resolve_hosts: Whether a host name that stands in place of an address is resolved, each of
            its addresses a target of its own. Default false: it is ``failed``, for AWS takes
            addresses.
        port: Fixed port, 1 to 65535. Default: the service's, or the group's for a service without.
        availability_zone: ip groups: ``auto`` (default: AWS finds it out for an address in the VPC,
            ``all`` for one outside, where AWS asks for it), ``all``, or a zone of the group's
            region, ``us-west-2a``. AWS refuses a zone in an instance group. A change deregisters
            and registers, within the guards.
        wait_for: ``registered`` (default), or ``healthy``: removals start only when what was added
            passes the load balancer's health checks.
        health_timeout: How long that is waited for, in seconds or as ``5m``; then the removals are
            held. Default 300.
        wait_for_drain: Whether the run waits until removed targets have drained, which takes the
            group's ``deregistration_delay.timeout_seconds``. Default false.
        region: Region of the group. Default: the ARN's; another one is refused.
        role_arn: IAM role to assume for the group, such as one of another account. Default: none
            beyond ``aws:assumeRoles``.
    """

    target_group_arn: str = ""
    sources: Annotated[tuple[Source, ...], msgspec.Meta(min_length=1)]
    ownership: Ownership = Ownership.OWNED
    take_over: bool = False
    on_empty: OnEmpty = OnEmpty.KEEP
    min_targets: Count = 1
    max_removal_percent: Percent = 30
    removal_window: Seconds = REMOVAL_WINDOW
    removal_delay: Seconds = Seconds(0)
    on_guard: OnGuard = OnGuard.HOLD
    policy: Policy = Policy.SYNC
    target_type: TargetType | None = None
    target_id: TargetId = TargetId.AUTO
    address: Name = _AUTO
    resolve_hosts: bool = False
    port: Port | None = None
    availability_zone: Name = _AUTO
    wait_for: WaitFor = WaitFor.REGISTERED
    health_timeout: Seconds = Seconds(300)
    wait_for_drain: bool = False
    region: str = ""
    role_arn: str = ""

    def __post_init__(self) -> None:
        """Refuse texts of another shape, and what cannot stand together."""
        zone = self.availability_zone
        if zone not in _ZONES and not shapes.ZONE.fullmatch(zone):
            raise Clash(
                "availability_zone",
                f"expected auto, all or a zone such as us-west-2a, found {zone!r}",
            )
        if self.take_over and self.ownership is not Ownership.EXCLUSIVE:
            raise Clash("take_over", "goes with `ownership` exclusive; leave it out")
        if self.region and not shapes.REGION.fullmatch(self.region):
            raise Clash("region", f"expected a region such as us-west-2, found {self.region!r}")
        if self.role_arn and not shapes.ROLE.fullmatch(self.role_arn):
            raise Clash("role_arn", f"expected {shapes.ROLE_SHAPE}, found {self.role_arn!r}")
        if self.target_type is TargetType.INSTANCE and zone != _AUTO:
            raise Clash("availability_zone", "AWS takes a zone in ip groups only; leave it out")

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

    def check_group(self, arn: str, target_type: TargetType | None) -> None:
        """Refuse what cannot go with the group itself.

        Args:
            arn: The group's ARN; empty while it is not known.
            target_type: What the group takes; None while it is not known.

        Raises:
            errors.SettingsError: The ARN is of something else, the region is not the group's, or a
                zone is given that the group cannot have.
        """
        region = region_of(arn) if arn else self.region
        zone = self.availability_zone
        if self.region and region != self.region:
            raise errors.SettingsError(
                f"region: {self.region} is not the region of target_group_arn, {region};"
                " leave it out or set it right"
            )
        if zone not in _ZONES and region and not zone.startswith(region):
            raise errors.SettingsError(
                f"availability_zone: {zone} is no zone of {region}, the group's region"
            )
        if target_type is TargetType.INSTANCE and zone != _AUTO:
            raise errors.SettingsError(
                f"availability_zone: found {zone}, but the group is of type instance, and AWS takes"
                " a zone in ip groups only; leave it out"
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


def region_of(arn: object) -> str:
    """Return the region of a target group's ARN.

    Raises:
        errors.SettingsError: What was given is not the ARN of a target group.
    """
    match = shapes.TARGET_GROUP.fullmatch(arn) if isinstance(arn, str) else None
    if match is None:
        found = repr(arn) if arn else "none"
        raise errors.SettingsError(
            f"target_group_arn: expected {shapes.TARGET_GROUP_SHAPE}, found {found};"
            " copy the ARN of the target group, not of its load balancer or listener"
        )
    return match["region"]
