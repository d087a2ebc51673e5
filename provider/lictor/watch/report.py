"""A run as one document, for programs and pull requests: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from lictor.watch import lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lictor.watch.engine.outcome import Group
    from lictor.watch.verdict import Verdict


def document(groups: Iterable[Group], verdict: Verdict) -> str:
    """Tell of a run as JSON: ``verdict`` and ``groups``, each with whole maps."""
    told = [
        {
            "name": group.name,
            "targetGroupArn": group.arn,
            "added": dict(group.added),
            "removed": dict(group.removed),
            "attached": dict(group.attached),
            "held": dict(group.held),
            "failed": dict(group.failed),
            "foreign": list(group.foreign),
            "blocked": str(group.blocked or ""),
        }
        for group in groups
    ]
    encoded = msgspec.json.encode({"verdict": verdict.value, "groups": told}, order="sorted")
    return msgspec.json.format(encoded, indent=2).decode()


def markdown(groups: Iterable[Group]) -> str:
    """Tell of a run as a table, for a comment on a pull request."""
    groups = list(groups)
    rows = [
        f"| {group.name} | {len(group.added)} | {len(group.removed)} |"
        f" {len(group.held)} | {len(group.failed)} | {_cell(str(group.blocked or ''))} |"
        for group in groups
    ]
    changes = [f"- `{line.text}`" for group in groups for line in lines.changes(group)]
    head = (
        "| target group | + | - | held | failed | blocked |\n| --- | --: | --: | --: | --: | --- |"
    )
    return "\n".join([head, *rows, *([""] if changes else []), *changes])


def _cell(text: str) -> str:
    """Make a text fit for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
