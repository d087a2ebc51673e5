"""Builders of settings as users write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.settings import stack
from lictor.settings.attachments import Attachments, from_inputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.settings.stack import TargetGroupEntry

ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/0123456789abcdef"
OTHER_ARN = ARN.replace("/web/", "/api/")


def make_entry(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - values of any type
    """Make an entry of ``lictor:targetGroups``; None takes a key away."""
    entry = {"name": "web", "targetGroupArn": ARN, "service": "web", **changes}
    return {key: value for key, value in entry.items() if value is not None}


def read_entries(*entries: object) -> tuple[TargetGroupEntry, ...]:
    """Read entries from a stack's config."""
    return stack.target_groups(json.dumps(entries))


def make_inputs(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - values of any type
    """Make a resource's inputs."""
    return {"target_group_arn": ARN, "sources": [{"service": "web"}], **changes}


def read_inputs(**changes: Any) -> Attachments:  # noqa: ANN401 - values of any type
    """Read a resource's inputs."""
    return from_inputs(make_inputs(**changes))


def refusal(call: Callable[[], object]) -> str:
    """Return what a call is refused with; empty where it is not."""
    try:
        call()
    except errors.SettingsError as error:
        return str(error)
    return ""


def make_config(**values: str) -> Callable[[str], str | None]:
    """Make a stack's config: ``consul__address`` is ``consul:address``."""
    return {key.replace("__", ":"): value for key, value in values.items()}.get
