"""Consul decides, Pulumi records, AWS follows."""

from lictor.resources.attachments import TargetGroupAttachments
from lictor.resources.program import check_failed, counts, target_groups
from lictor.resources.sources import ConsulService

__all__ = [
    "ConsulService",
    "TargetGroupAttachments",
    "check_failed",
    "counts",
    "target_groups",
]
