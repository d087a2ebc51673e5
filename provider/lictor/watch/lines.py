"""What a run did, in lines for people: pure.

One line a changed target, then one line a resource::

    web + i-0abc:8080 node-3 (dc1)
    web +1 -0 =97 held 0 failed 0 0.21s
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lictor.watch.engine.outcome import Group


@dataclass(frozen=True, slots=True)
class Line:
    """One thing worth telling.

    Attributes:
        text: For people.
        facts: The same for programs: `--log-json`, `--json`.
        level: ``info``, ``warning`` or ``error``.
    """

    text: str
    facts: dict[str, Any] = field(default_factory=dict)
    level: str = "info"


def of(groups: Iterable[Group]) -> Iterator[Line]:
    """Tell of each resource of a run."""
    for group in groups:
        yield from changes(group)
        if group.blocked:
            facts = {"group": group.name, "blocked": str(group.blocked)}
            yield Line(f"{group.name} blocked: {group.blocked}", facts, "warning")
        if group.paused:
            facts = {"group": group.name, "paused": group.paused}
            yield Line(f"{group.name} paused: {group.paused}", facts)
        yield _summary(group)


def changes(group: Group) -> Iterator[Line]:
    """Tell of each target that changes, is held or failed."""
    for sign, keys in (("+", group.added), ("-", group.removed)):
        for key, label in sorted(keys.items()):
            facts = {"group": group.name, "sign": sign, "target": key, "label": label}
            yield Line(f"{group.name} {sign} {key} {label}".rstrip(), facts)
    for what, reasons, level in (
        ("held", group.held, "warning"),
        ("failed", group.failed, "error"),
    ):
        for key, reason in sorted(reasons.items()):
            facts = {"group": group.name, what: key, "reason": reason}
            yield Line(f"{group.name} {what} {key} {reason}", facts, level)


def _summary(group: Group) -> Line:
    kept = len(set(group.attached) - set(group.added) - set(group.removed))
    facts = {
        "group": group.name,
        "added": len(group.added),
        "removed": len(group.removed),
        "kept": kept,
        "held": len(group.held),
        "failed": len(group.failed),
        "seconds": round(group.seconds, 3),
    }
    return Line(
        f"{group.name} +{facts['added']} -{facts['removed']} ={kept}"
        f" held {facts['held']} failed {facts['failed']} {group.seconds:.2f}s",
        facts,
    )
