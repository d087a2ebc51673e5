"""Consul decides, Pulumi records, AWS follows."""

from lictor.resources.attachments import TargetGroupAttachments
from lictor.resources.program import check_failed, counts, target_groups
from lictor.resources.sources import ConsulService, PreparedQuery

__all__ = [
    "ConsulService",
    "PreparedQuery",
    "TargetGroupAttachments",
    "check_failed",
    "counts",
    "target_groups",
]
