"""What the engine tells of a run: the lines of `--event-log`, as far as lictor needs them.

Their form is Pulumi's (``apitype/events.go``); unknown events and fields are passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

TELLING = ("up", "preview", "refresh", "destroy")
"""Commands that keep an event log."""

_MARKUP = re.compile(r"<\{%.*?%\}>")


class Diagnostic(msgspec.Struct, frozen=True, rename="camel"):
    """A message of the engine, the program or a provider.

    Attributes:
        message: Its text, with Pulumi's colour marks.
        severity: ``debug``, ``info``, ``info#err``, ``warning`` or ``error``.
        urn: The resource it is about; empty for none.
        ephemeral: Whether it is progress only.
    """

    message: str = ""
    severity: str = ""
    urn: str = ""
    ephemeral: bool = False

    @property
    def text(self) -> str:
        """The message without colours."""
        return _MARKUP.sub("", self.message).strip()


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """A step of the engine on one resource.

    Attributes:
        op: ``same``, ``create``, ``update``, ``delete``, ``delete-replaced``, ...
        urn: The resource.
        type: Its type token.
    """

    op: str = ""
    urn: str = ""
    type: str = ""


class Step(msgspec.Struct, frozen=True):
    """A step that has ended well."""

    metadata: Metadata = Metadata()


class Event(msgspec.Struct, frozen=True, rename="camel"):
    """One line of the log.

    Attributes:
        diagnostic_event: A message, where it is one.
        res_outputs_event: What was done to a resource, where it is that.
    """

    diagnostic_event: Diagnostic | None = None
    res_outputs_event: Step | None = None


_DECODER = msgspec.json.Decoder(Event)


def read(log: Path) -> tuple[Event, ...]:
    """Read a log; a line that was cut off by a kill is left out."""
    if not log.exists():
        return ()
    found = []
    for line in log.read_bytes().splitlines():
        try:
            found.append(_DECODER.decode(line))
        except msgspec.DecodeError:
            continue
    return tuple(found)


def problems(events: tuple[Event, ...]) -> tuple[Diagnostic, ...]:
    """List the errors, each once."""
    found = {
        (event.diagnostic_event.urn, event.diagnostic_event.text): event.diagnostic_event
        for event in events
        if event.diagnostic_event is not None and event.diagnostic_event.severity == "error"
    }
    return tuple(found.values())


def deleted(events: tuple[Event, ...], types: str) -> tuple[str, ...]:
    """Name the resources of types that begin so and that are deleted, replaced ones aside."""
    steps = (event.res_outputs_event.metadata for event in events if event.res_outputs_event)
    return tuple(
        step.urn.rsplit("::", 1)[-1]
        for step in steps
        if step.op == "delete" and step.type.startswith(types)
    )
