"""Consul decides, Pulumi records, AWS follows.

What is public is loaded when it is first asked for: a verb of the CLI that needs no Pulumi, such as
`lictor join-address` in an init script, does not wait for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lictor.resources.attachments import TargetGroupAttachments
    from lictor.resources.external import ExternalCheck, ExternalService
    from lictor.resources.external_node import ExternalNode
    from lictor.resources.leader_tag import LeaderTag
    from lictor.resources.program import (
        check_failed,
        consul_servers,
        counts,
        external_nodes,
        leader_tags,
        target_groups,
    )
    from lictor.resources.servers.cluster import ConsulServerCluster
    from lictor.resources.servers.image import ConsulServerImage
    from lictor.resources.sources import ConsulService, PreparedQuery

__all__ = [
    "ConsulServerCluster",
    "ConsulServerImage",
    "ConsulService",
    "ExternalCheck",
    "ExternalNode",
    "ExternalService",
    "LeaderTag",
    "PreparedQuery",
    "TargetGroupAttachments",
    "check_failed",
    "consul_servers",
    "counts",
    "external_nodes",
    "leader_tags",
    "target_groups",
]

_WHERE = {
    "ConsulServerCluster": "servers.cluster",
    "ConsulServerImage": "servers.image",
    "ConsulService": "sources",
    "ExternalCheck": "external",
    "ExternalNode": "external_node",
    "ExternalService": "external",
    "LeaderTag": "leader_tag",
    "PreparedQuery": "sources",
    "TargetGroupAttachments": "attachments",
    "check_failed": "program",
    "consul_servers": "program",
    "counts": "program",
    "external_nodes": "program",
    "leader_tags": "program",
    "target_groups": "program",
}


def __getattr__(name: str) -> object:
    """Load what is public."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"lictor.resources.{_WHERE[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
