"""Consul's view beside the load balancer's, target by target: where do they agree?

Pure: who asks Consul and AWS is somebody else.

=================  ================================  ======================================
Consul             the load balancer                 they agree
=================  ================================  ======================================
names it           ``healthy``                       yes
names it           ``initial``                       yes: it has not made up its mind
names it           anything else, or not listed      no
names it not       ``healthy``, and it is ours       no: it stands though it should not
names it not       ``healthy``, Consul knows it      no: somebody else has put it there
names it not       ``healthy``, unknown to Consul    yes: a stranger, and none of our business
names it not       anything else, or not listed      yes: neither would send a request there
=================  ================================  ======================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from lictor.model import ConsulService, Health, Status, TargetState
from lictor.plan.choosing import chosen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lictor.model import Answer, Instance, TargetHealth
    from lictor.plan.addressing import Addressing
    from lictor.plan.record import Recorded

NOT_LISTED = "not listed"
"""The load balancer's state of a target that stands in no listing."""
UNKNOWN = "unknown"
"""Consul's status of a target that it does not know."""

_HEADER = ("", "GROUP", "KEY", "NODE", "CONSUL", "BALANCER", "REASON")


@dataclass(frozen=True, slots=True)
class Seen:
    """What Consul says of a target.

    Attributes:
        node: Where it runs, for people; ``node-3 (dc1) +1`` where several instances share it.
        status: The best status among them: a request finds one that can serve.
        named: Whether a source asks for it: its status, tags and the rest are as wanted.
    """

    node: str
    status: Status
    named: bool


@dataclass(frozen=True, slots=True)
class View:
    """All that is known of a group at one moment.

    Attributes:
        group: Name of the resource.
        seen: Key -> what Consul says (:func:`seen`).
        listing: Key -> what the load balancer says.
        recorded: What the last run left.
    """

    group: str
    seen: Mapping[str, Seen]
    listing: Mapping[str, TargetHealth]
    recorded: Recorded


class Row(msgspec.Struct, frozen=True):
    """A target as both see it; a line of ``lictor status``, and of the page.

    Attributes:
        group: Name of the resource.
        key: Which target.
        node: Where it runs.
        consul: Its status in Consul, or ``unknown``.
        balancer: Its state in the load balancer, or ``not listed``.
        reason: Why it stands as it does: the hold, the failure, the load balancer's code.
        agrees: Whether the two views go together.
    """

    group: str
    key: str
    node: str
    consul: str
    balancer: str
    reason: str
    agrees: bool


def seen(answers: Iterable[Answer], addressing: Addressing) -> dict[str, Seen]:
    """Find out what Consul says of each target: key -> what it says, sorted.

    Left out are instances that a source would not have in any state, for their tags say.

    Args:
        answers: What the sources said.
        addressing: How instances become targets, as the plan has it.
    """
    behind: dict[str, list[Instance]] = {}
    named: set[str] = set()
    for answer in answers:
        wanted = {id(instance) for instance in chosen(answer)}
        for instance in chosen(_in_any_state(answer)):
            for target in addressing.targets_of(instance):
                behind.setdefault(target.key, []).append(instance)
                if id(instance) in wanted:
                    named.add(target.key)
    return {key: _seen(behind[key], named=key in named) for key in sorted(behind)}


def _in_any_state(answer: Answer) -> Answer:
    """Let the checks of a source's instances not matter."""
    if not isinstance(answer.source, ConsulService):
        return answer
    return replace(answer, source=replace(answer.source, health=Health.ANY))


def _seen(instances: Sequence[Instance], *, named: bool) -> Seen:
    places = sorted({(item.place, item.service, item.service_id) for item in instances})
    more = f" +{len(places) - 1}" if len(places) > 1 else ""
    best = min((item.status for item in instances), key=list(Status).index)
    return Seen(f"{places[0][0]}{more}", best, named)


def rows(views: Iterable[View]) -> tuple[Row, ...]:
    """Join the views of all groups: what does not agree first, then by key."""
    found = [_row(view, key) for view in views for key in _keys(view)]
    return tuple(sorted(found, key=lambda row: (row.agrees, row.key, row.group)))


def _keys(view: View) -> set[str]:
    was = view.recorded
    return {*view.seen, *view.listing, *was.attached, *was.held, *was.failed}


def _row(view: View, key: str) -> Row:
    said, health, was = view.seen.get(key), view.listing.get(key), view.recorded
    reasons = (
        f"failed: {was.failed[key]}" if key in was.failed else "",
        f"held: {was.held[key]}" if key in was.held else "",
        "not ours" if key in was.foreign else "",
        health.reason if health else "",
    )
    return Row(
        group=view.group,
        key=key,
        node=said.node if said else was.attached.get(key, ""),
        consul=said.status.value if said else UNKNOWN,
        balancer=health.state.value if health else NOT_LISTED,
        reason="; ".join(text for text in reasons if text),
        agrees=_agrees(said, health, ours=key in was.attached or key in was.held),
    )


def _agrees(said: Seen | None, health: TargetHealth | None, *, ours: bool) -> bool:
    """Judge by the table at the top of this file."""
    state = health.state if health else None
    if said is not None and said.named:
        return state in (TargetState.HEALTHY, TargetState.INITIAL)
    return state is not TargetState.HEALTHY or (said is None and not ours)


def table(rows: Sequence[Row]) -> str:
    """Write rows for a terminal: a line each, ``!`` where the views do not agree."""
    lines = [_HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    texts = (row.group, row.key, row.node, row.consul, row.balancer, row.reason)
    return ("" if row.agrees else "!", *(_printable(text) for text in texts))


def _printable(text: str) -> str:
    """Take out what would command a terminal: names in Consul are other people's text."""
    return "".join(char if char.isprintable() else "?" for char in text) or "-"


def json(rows: Sequence[Row]) -> str:
    """Write rows for programs: an array of objects, on one line."""
    return f"{msgspec.json.encode(rows).decode()}\n"
