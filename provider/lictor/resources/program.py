"""What ``__main__.py`` is made of: resources from config, counts to export, one error."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi
from pulumi.runtime import config as runtime_config

from lictor import errors
from lictor.resources import order
from lictor.resources.attachments import TargetGroupAttachments
from lictor.resources.external_node import ExternalNode
from lictor.resources.leader_tag import LeaderTag
from lictor.resources.servers.cluster import ConsulServerCluster
from lictor.settings import stack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lictor.settings.stack import TargetGroupEntry

T = TypeVar("T")
_TOLD: list[str] = []
_NAMED = 5  # so many targets are named in an error or warning; the rest is counted


def target_groups() -> dict[str, TargetGroupAttachments]:
    """Declare a resource for each entry of ``lictor:targetGroups``.

    Returns:
        Name -> resource, in the order of the list; none where the key is not set.

    Raises:
        pulumi.RunError: The list, or a key under ``lictor:``, is not as it should be.
    """
    _warn_of_secrets_in_clear()
    entries = _entries(stack.TARGET_GROUPS, stack.target_groups)
    return order.declared(
        entries, lambda entry: TargetGroupAttachments(entry.name, **entry.arguments())
    )


def leader_tags() -> dict[str, LeaderTag]:
    """Declare a resource for each entry of ``lictor:leaderTags``.

    Returns:
        Name -> resource, in the order of the list; none where the key is not set.

    Raises:
        pulumi.RunError: The list, or a key under ``lictor:``, is not as it should be.
    """
    entries = _entries(stack.LEADER_TAGS, stack.leader_tags)
    return order.declared(entries, lambda entry: LeaderTag(entry.name, **entry.arguments()))


def consul_servers() -> dict[str, ConsulServerCluster]:
    """Declare a server cluster for each entry of ``lictor:consulServers``.

    Returns:
        Name -> component, in the order of the list; none where the key is not set.

    Raises:
        pulumi.RunError: The list, or a key under ``lictor:``, is not as it should be, or
            pulumi-aws is not installed.
    """
    entries = _entries(stack.CONSUL_SERVERS, stack.consul_servers)
    return {entry.name: ConsulServerCluster(entry.name, **entry.arguments()) for entry in entries}


def external_nodes() -> dict[str, ExternalNode]:
    """Declare a resource for each entry of ``lictor:externalNodes``.

    Returns:
        Name -> resource, in the order of the list; none where the key is not set.

    Raises:
        pulumi.RunError: The list, or a key under ``lictor:``, is not as it should be.
    """
    entries = _entries(stack.EXTERNAL_NODES, stack.external_nodes)
    return order.declared(entries, lambda entry: ExternalNode(entry.name, **entry.arguments()))


def _entries(key: str, read: Callable[[str | None], tuple[T, ...]]) -> tuple[T, ...]:
    """Read a list of the stack's config."""
    try:
        stack.refuse_unknown_keys(
            {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
        )
        return read(pulumi.Config("lictor").get(key.removeprefix("lictor:")))
    except errors.SettingsError as error:
        raise pulumi.RunError(str(error)) from None


def declare(entries: Sequence[TargetGroupEntry]) -> None:
    """Be the whole program for entries that stand in no stack's config.

    One that is no more among them leaves its targets where they are, as consul-ec2-alb did: a file
    that was rendered from half its data shall empty no group.
    """
    options = pulumi.ResourceOptions(retain_on_delete=True)
    groups = order.declared(
        entries,
        lambda entry: TargetGroupAttachments(entry.name, **entry.arguments(), opts=options),
    )
    pulumi.export("targetGroups", counts(groups))
    check_failed(*groups.values())


def counts(groups: Mapping[str, TargetGroupAttachments]) -> dict[str, dict[str, Any]]:
    """Count what stands, for export; the targets themselves are in the resource's outputs.

    Args:
        groups: Name -> resource, as :func:`target_groups` returns them.

    Returns:
        Name -> ``{attached, held, failed, foreign}``, each an ``Output`` of a number.
    """
    return {
        name: {
            "attached": group.attached.apply(len),
            "held": group.held.apply(len),
            "failed": group.failed.apply(len),
            "foreign": group.foreign.apply(len),
        }
        for name, group in groups.items()
    }


def check_failed(*resources: TargetGroupAttachments | LeaderTag | ExternalNode) -> None:
    """End the run with one error when something failed; warn of each held target.

    The program's last line: every resource is done by then, and what failed is in state and is
    tried again by the next run. While the program ends with an error, Pulumi deletes no resource
    that was taken out of it.

    Args:
        resources: Every resource of the program whose failures shall fail the run.

    Raises:
        pulumi.RunError: Through the engine, naming resource, target and AWS's reason.
    """
    for resource in resources:
        if isinstance(resource, TargetGroupAttachments):
            resource.held.apply(partial(_warn, resource))
    names = [resource._name for resource in resources]  # noqa: SLF001 - Pulumi has no public name
    pulumi.Output.all(*[resource.failed for resource in resources]).apply(
        lambda failed: _raise(dict(zip(names, failed, strict=True)))
    )


def _warn_of_secrets_in_clear() -> None:
    """Tell of secrets that were set as plain config: they stand so in the file and in state."""
    for key in ("consul:token", "aws:secretKey", "aws:token"):
        space, _, name = key.partition(":")
        if pulumi.Config(space).get(name) and not runtime_config.is_config_secret(key):
            pulumi.log.warn(
                f"{key} stands in clear in config and state; pulumi config set --secret {key}"
            )


def _warn(group: TargetGroupAttachments, held: Mapping[str, str] | None) -> None:
    """Say which targets stand though Consul names them no longer."""
    if held:
        pulumi.log.warn(f"{len(held)} held: {_listed(held)}", resource=group)


def _raise(failed: Mapping[str, Mapping[str, str] | None]) -> None:
    """Say what failed, in one error."""
    lines = [
        f"{name}: {len(targets)} failed: {_listed(targets)}"
        for name, targets in failed.items()
        if targets
    ]
    if lines:
        text = "\n".join([*lines, "the next run tries again"])
        _TOLD.append(text)
        raise pulumi.RunError(text)


def told() -> tuple[str, ...]:
    """Return what failed in the run that has ended, and forget it.

    For an engine in this process: it knows the failures itself, and tells them from other errors
    of the program.
    """
    texts = tuple(_TOLD)
    _TOLD.clear()
    return texts


def _listed(targets: Mapping[str, str]) -> str:
    """Name targets, those with one reason together."""
    by_reason: dict[str, list[str]] = {}
    for key, reason in sorted(targets.items()):
        by_reason.setdefault(reason, []).append(key)
    return "; ".join(f"{_names(keys)} ({reason})" for reason, keys in by_reason.items())


def _names(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:_NAMED])
    return shown if len(keys) <= _NAMED else f"{shown} and {len(keys) - _NAMED} more"
