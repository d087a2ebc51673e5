"""``TargetGroupAttachments``: a target group's attachments, kept equal to Consul's answer.

State format: this module's path, the provider's class name, the type token and the keys of inputs
and outputs stand in users' state. They are fixed; a move leaves an importable name behind here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pulumi

from lictor.resources import applying, attaching, checking, stock
from lictor.resources.declared import Declared
from lictor.resources.sources import given

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lictor.resources.kinds import Kind
    from lictor.resources.sources import Source


class AttachmentsProvider(stock.Provider):
    """The provider of ``TargetGroupAttachments``; state holds its name."""

    kind: ClassVar[Kind] = attaching


class TargetGroupAttachments(Declared, module="lictor", name="TargetGroupAttachments"):
    """Keeps a target group's targets equal to the healthy instances that Consul names.

    Consul is read at preview and at up, targets are added before others are removed, and only
    what this resource has registered is ever removed unless ``ownership`` says otherwise.
    """

    targets: pulumi.Output[Mapping[str, str]]
    """What shall stand after this run, held ones included: ``id:port`` -> where it runs."""
    held: pulumi.Output[Mapping[str, str]]
    """What stands though Consul names it no longer: ``id:port`` -> the guard that holds it."""
    attached: pulumi.Output[Mapping[str, str]]
    """What this resource has registered: ``id:port`` -> where it runs."""
    failed: pulumi.Output[Mapping[str, str]]
    """What could not be registered or removed: ``id:port`` -> AWS's reason; tried again."""
    foreign: pulumi.Output[Sequence[str]]
    """What stands in the group and is not this resource's: ``id:port``."""

    def __init__(  # noqa: PLR0913 - one argument for each setting, all but two by keyword
        self,
        resource_name: str,
        *,
        target_group_arn: pulumi.Input[str],
        service: pulumi.Input[str] | None = None,
        sources: pulumi.Input[Sequence[pulumi.Input[Source]]] | None = None,
        ownership: pulumi.Input[str] | None = None,
        take_over: pulumi.Input[bool] | None = None,
        on_empty: pulumi.Input[str] | None = None,
        min_targets: pulumi.Input[int] | None = None,
        max_removal_percent: pulumi.Input[int] | None = None,
        removal_window: pulumi.Input[float | str] | None = None,
        removal_delay: pulumi.Input[float | str] | None = None,
        on_guard: pulumi.Input[str] | None = None,
        policy: pulumi.Input[str] | None = None,
        target_type: pulumi.Input[str] | None = None,
        target_id: pulumi.Input[str] | None = None,
        address: pulumi.Input[str] | None = None,
        resolve_hosts: pulumi.Input[bool] | None = None,
        port: pulumi.Input[int] | None = None,
        availability_zone: pulumi.Input[str] | None = None,
        wait_for: pulumi.Input[str] | None = None,
        health_timeout: pulumi.Input[float | str] | None = None,
        wait_for_drain: pulumi.Input[bool] | None = None,
        region: pulumi.Input[str] | None = None,
        role_arn: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Attach Consul's healthy instances to a target group.

        Every argument may be an ``Output``; None is its default. Durations are seconds as a
        number, or ``30s``, ``5m``, ``2h``, at most 366 days.

        Whatever cannot be (a wrong type, an unknown value, a number out of its range, an ARN of
        something else, a lambda, alb or QUIC group, Consul or AWS out of reach or refusing) is a
        failure of this resource at preview, in one or two lines, and nothing is changed.

        Args:
            resource_name: The resource's name in the stack.
            target_group_arn: ARN of the group; its region is where the calls go. May be known
                only after another resource is made. When it changes, the new group is filled
                before the old one is left, and never while Consul names no instance.
            service: Short for one source, ``ConsulService(service)``.
            sources: Where instances come from, at least one; several unite into one group.
            ownership: ``owned`` (default): only what this resource has registered is removed.
                ``exclusive``: the group is ours alone, strangers are removed too, under the same
                guards and from the second run on.
            take_over: With ``exclusive``: strangers are removed on the first run, too. Default
                false: the first run shows in ``foreign`` what would go.
            on_empty: When no instance is left: ``keep`` the last targets (default), ``drain``
                them (after two agreeing ``consistent`` reads, whatever the floors say), or
                ``fail`` the run.
            min_targets: Never remove below this many, neither registered nor healthy ones; 0 to
                1,000,000. Default 1: a load balancer without targets answers 503.
            max_removal_percent: Removals made and planned within ``removal_window`` may not
                exceed this share of (attached now + removed in the window), where that is 10 or
                more; 0 to 100. Default 30.
            removal_window: Length of that window. Default 600 s.
            removal_delay: A target must be missing this long before it is removed; a later run
                removes it. Default 0 s.
            on_guard: When a guard trips: ``hold`` all removals, apply the additions and warn
                (default), or ``fail`` the run.
            policy: ``sync`` (default), or ``add-only``: nothing is ever removed.
            target_type: ``instance`` or ``ip``; one that is not the group's is refused. Default:
                looked up, for a group's type never changes; needed only to preview the targets
                of a group that does not exist yet.
            target_id: Where an instance group's ids come from: ``auto`` (default: ``instance-id``
                or ``instance_id`` in service meta, then in node meta, then a node name ``i-...``,
                then EC2 by private address), or only one of ``service-meta``, ``node-meta``,
                ``node-name``, ``ec2-lookup``. An instance without one is ``failed``.
            address: What an ip group's targets are: ``auto`` (default: the service's address,
                else its node's), or the name of a tagged address (``lan_ipv4``, ``wan``). AWS
                takes private addresses only; a public one, or none, is ``failed``.
            resolve_hosts: Whether a host name in place of an address is resolved, each address a
                target of its own. Default false: AWS takes addresses, and the target is failed.
            port: Fixed port instead of the service's, 1 to 65535. Default: the service's; one
                with port 0 takes the group's.
            availability_zone: For ip groups: ``auto`` (default: AWS finds the zone of an address
                in its VPC; ``all`` for one outside, as AWS demands), ``all``, or a zone of the
                group's region. AWS takes none in an instance group: refused. A change swaps the
                targets, under the guards.
            wait_for: Removals start when additions are ``registered`` (default) or ``healthy``:
                AWS sends a new target no requests before its first passed health check.
            health_timeout: How long health is waited for; then the new target stays and the
                removals are held. Default 300 s.
            wait_for_drain: Wait until removed targets have drained, which takes the group's
                ``deregistration_delay.timeout_seconds`` (AWS's default 300). Default false.
            region: Region of the group, which its ARN tells; another one is refused.
            role_arn: IAM role to assume for the group's calls, such as one of the group's
                account, after those of ``aws:assumeRoles``. A deletion uses the one of the last
                run. Default: none.
            opts: Pulumi's options for resources.

        Raises:
            pulumi.RunError: ``service`` and ``sources`` are both given, or neither is, or
                ``sources`` is no list of sources. It ends the program without a traceback.
        """
        arguments = {
            "target_group_arn": target_group_arn,
            "sources": given(resource_name, service, sources),
            "ownership": ownership,
            "take_over": take_over,
            "on_empty": on_empty,
            "min_targets": min_targets,
            "max_removal_percent": max_removal_percent,
            "removal_window": removal_window,
            "removal_delay": removal_delay,
            "on_guard": on_guard,
            "policy": policy,
            "target_type": target_type,
            "target_id": target_id,
            "address": address,
            "resolve_hosts": resolve_hosts,
            "port": port,
            "availability_zone": availability_zone,
            "wait_for": wait_for,
            "health_timeout": health_timeout,
            "wait_for_drain": wait_for_drain,
            "region": region,
            "role_arn": role_arn,
        }
        results: dict[str, Any] = dict.fromkeys((*checking.PLANNED, *applying.OUTPUTS))
        super().__init__(
            AttachmentsProvider,
            resource_name,
            {
                "name": resource_name,
                "parent": stock.parent_of(opts),
                **results,
                "recent": _later(),
                **arguments,
            },
            opts,
        )


def _later() -> pulumi.Output[None] | None:
    """Tell a preview from an update, which nothing else tells a provider; None in an update."""
    if not pulumi.runtime.is_dry_run():
        return None
    return pulumi.Output(set(), _no_value(), _no())


async def _no_value() -> None:
    return None


async def _no() -> bool:
    return False
