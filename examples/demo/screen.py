"""What the person at the terminal sees: plain text of at most 100 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 100
_INDENT = "   "
_QUOTE = "   | "


def say(line: str = "") -> None:
    """Write a line at once, also into a pipe."""
    print(line, flush=True)  # noqa: T201 - the one place that speaks


def head(title: str) -> None:
    """Begin a step."""
    say()
    say(title)


def tell(text: str) -> None:
    """Write a sentence, folded."""
    say(textwrap.fill(text, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT))


def show(lines: Iterable[str]) -> None:
    """Write lines as they are."""
    for line in lines:
        say(f"{_INDENT}{line}".rstrip())


def quote(lines: Iterable[str]) -> None:
    """Write lines of another program; what is too long is folded."""
    for line in lines:
        more = _QUOTE + " " * (len(line) - len(line.lstrip()) + 4)
        say(textwrap.fill(line, WIDTH, initial_indent=_QUOTE, subsequent_indent=more))
