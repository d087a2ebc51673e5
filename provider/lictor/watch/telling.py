"""How lictor's verbs speak: plain lines, or a JSON object on every line."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.watch.lines import Line


class Teller:
    """Prints lines as they come.

    Attributes:
        json: Whether each line is a JSON object: ``time``, ``level``, ``text`` and the facts.
    """

    def __init__(
        self,
        *,
        json: bool = False,
        out: TextIO | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),  # noqa: TID251 - an edge
    ) -> None:
        self.json = json
        self._out, self._now = out or sys.stdout, now

    def tell(self, line: Line) -> None:
        """Print a line; who reads it may have gone."""
        text = line.text
        if self.json:
            time = self._now().isoformat(timespec="milliseconds")
            facts = {"time": time, "level": line.level, "text": line.text, **line.facts}
            text = msgspec.json.encode(facts).decode()
        try:
            self._out.write(f"{text}\n")
            self._out.flush()
        except BrokenPipeError:
            self._out = sys.stderr

    def raw(self, text: str) -> None:
        """Print what the CLI printed, where people read."""
        if not self.json and text.strip():
            self._out.write(text if text.endswith("\n") else f"{text}\n")
            self._out.flush()
