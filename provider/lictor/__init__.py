"""Consul decides, Pulumi records, AWS follows."""

from lictor.resources.attachments import TargetGroupAttachments
from lictor.resources.leader_tag import LeaderTag
from lictor.resources.program import check_failed, counts, leader_tags, target_groups
from lictor.resources.sources import ConsulService, PreparedQuery

__all__ = [
    "ConsulService",
    "LeaderTag",
    "PreparedQuery",
    "TargetGroupAttachments",
    "check_failed",
    "counts",
    "leader_tags",
    "target_groups",
]
