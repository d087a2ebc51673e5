"""A file as a tree: what stands in what, and where."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where something stands.

    Attributes:
        file: Name of the file, as the user gave it.
        line: Counted from 1.
        column: Counted from 1, in characters.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Write it as compilers do, so that editors jump there."""
        return f"{self.file}:{self.line}:{self.column}"


class Literal(NamedTuple):
    """A text, a number, a flag, or JSON's null."""

    value: str | float | bool | None
    at: Place


class Listed(NamedTuple):
    """What stands in brackets."""

    items: tuple[Value, ...]
    at: Place


class Key(NamedTuple):
    """A name, or a label behind it."""

    name: str
    at: Place


class Item(NamedTuple):
    """`NAME = VALUE`, or a block: `NAME LABEL... { ... }`.

    Attributes:
        key: The name.
        labels: What stands between it and the brace.
        value: A body where it is a block.
        block: Whether it is one, without `=`.
    """

    key: Key
    labels: tuple[Key, ...]
    value: Value
    block: bool


class Body(NamedTuple):
    """What stands in braces, or in the file as a whole."""

    items: tuple[Item, ...]
    at: Place


Value = Literal | Listed | Body
