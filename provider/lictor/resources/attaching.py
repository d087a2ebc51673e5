"""``TargetGroupAttachments`` as the two adapters know it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lictor.plan import record, schedule
from lictor.resources.applying import create, delete, read, update
from lictor.resources.checking import ARN, as_before, inputs, undisturbed
from lictor.resources.comparing import compare
from lictor.resources.kinds import View
from lictor.settings import duration
from lictor.settings.attachments import REMOVAL_WINDOW

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lictor.plan.record import Recorded

__all__ = [
    "BY_KEY",
    "as_before",
    "begun",
    "compare",
    "create",
    "delete",
    "done",
    "id_of",
    "inputs",
    "planned",
    "read",
    "undisturbed",
    "update",
    "with_begun",
]

BY_KEY: tuple[str, ...] = ("targets", "held", "strangers")


def id_of(inputs: Mapping[str, Any]) -> str:
    """Return the ARN of the group."""
    return str(inputs[ARN])


def begun(inputs: Mapping[str, Any]) -> Mapping[str, str]:
    """List the targets that were to stand: some may have been registered."""
    return record.standing(inputs).targets


def with_begun(props: Mapping[str, Any], begun: Mapping[str, str]) -> dict[str, Any]:
    """Take them for ours; the group's listing tells which of them there are.

    They were to stand, too: one that Consul names no more by now has gone missing, with all that
    this asks for before it is removed.
    """
    merged = {key: {**begun, **(props.get(key) or {})} for key in ("targets", "attached")}
    return {**props, **merged}


def planned(olds: Mapping[str, Any], news: Mapping[str, Any], *, shown: bool) -> View:
    """Show a plan target by target; a group that is exchanged is filled whole, and left whole."""
    before, after = record.recorded(olds), record.standing(news)
    known = shown and isinstance(news.get("targets"), dict)
    moved = known and olds.get(ARN) != news.get(ARN)
    stood = {} if moved else before.attached
    goal = record.wanted(before, after) if known else before.attached
    removed = before.attached if moved else _without(stood, goal)
    return replace(
        _view(replace(before, held=after.held), news),
        added=_without(goal, stood),
        removed={**_strangers(news, after.held), **removed} if known else removed,
    )


def done(
    olds: Mapping[str, Any],
    inputs: Mapping[str, Any],  # noqa: ARG001 - see lictor.resources.kinds
    outputs: Mapping[str, Any],
) -> View:
    """Show what was done target by target."""
    before, after = record.recorded(olds), record.recorded(outputs)
    gone = _strangers(outputs, (*after.held, *after.foreign, *after.attached, *after.failed))
    return replace(
        _view(after, outputs),
        added=_without(after.attached, before.attached),
        removed={**gone, **_without(before.attached, after.attached)},
    )


def _view(stands: Recorded, properties: Mapping[str, Any]) -> View:
    """Show what stands."""
    arn = properties.get(ARN)
    window = duration.read(properties.get("removal_window", REMOVAL_WINDOW))
    return View(
        arn=arn if isinstance(arn, str) else "",
        attached=stands.attached,
        held=stands.held,
        failed=stands.failed,
        foreign=stands.foreign,
        again=schedule.moments(stands.held, stands.recent, window),
    )


def _without(these: Mapping[str, str], those: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in these.items() if key not in those}


def _strangers(properties: Mapping[str, Any], staying: Collection[str]) -> dict[str, str]:
    """List what is removed though it was not ours: key -> how it is named."""
    found = properties.get("strangers")
    keys = found if isinstance(found, dict) else {}
    return {key: "registered by others" for key in keys if key not in staying}
