"""Type tokens of lictor's dynamic resources: state format, pinned by a test."""

from __future__ import annotations

OURS = "pulumi-python:dynamic/lictor:"
"""What the tokens of all of them begin with."""

ATTACHMENTS = f"{OURS}TargetGroupAttachments"
LEADER_TAG = f"{OURS}LeaderTag"
EXTERNAL_NODE = f"{OURS}ExternalNode"


def of(urn: str) -> str:
    """Take a resource's own type out of its URN: parents' types stand before it."""
    return urn.split("::")[2].rsplit("$", 1)[-1]
