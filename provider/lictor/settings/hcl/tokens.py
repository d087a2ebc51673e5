"""The words of a file: HCL 1's, and JSON's, which HashiCorp's reader takes as well."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from lictor.settings.hcl import texts

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD = re.compile(
    r"(?P<blank>[ \t\r\n]++|(?:\#|//)[^\n]*+|/\*(?>[^*]++|\*(?!/))*+\*/)"
    r"|(?P<name>[^\W\d][\w.-]*+)"
    r"|(?P<number>-?(?:0[xX][0-9a-fA-F]++|[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?))(?![\w.])"
    r"|(?P<mark>[][{},=])"
)
_LONGEST = 18
"""Digits of a number: more are beyond what the original counts with."""
_MOST = 200_000
"""Words of a file: 2,000 target groups with all their keys."""


class Kind(Enum):
    """What a word is."""

    NAME = "name"
    TEXT = "text"
    LITERAL = "literal"
    MARK = "mark"
    END = "end"


_SHOWN = {
    Kind.NAME: "a word without quotes",
    Kind.TEXT: "a text",
    Kind.LITERAL: "a value",
    Kind.END: "the end of the file",
}


class Word(NamedTuple):
    """One word.

    Attributes:
        kind: What it is.
        value: A name, a text's value, a number, a flag, null, or the mark itself.
        at: Its offset.
    """

    kind: Kind
    value: str | float | bool | None
    at: int

    def shown(self) -> str:
        """Name it for an error; a text may be a secret, and a word one without its quotes."""
        return f"`{self.value}`" if self.kind is Kind.MARK else _SHOWN[self.kind]


class Lines:
    """Where the lines of a text begin."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._begins = [0, *(found.end() for found in re.finditer("\n", source))]

    def place(self, at: int) -> tuple[int, int]:
        """Return line and column of an offset, both counted from 1."""
        line = bisect_right(self._begins, at)
        return line, at - self._begins[line - 1] + 1

    def begins(self, at: int) -> bool:
        """Tell whether nothing but blanks stands before an offset on its line."""
        return not self._source[self._begins[bisect_right(self._begins, at) - 1] : at].strip()


def words(source: str, *, json: bool = False) -> Iterator[Word]:
    """Read the words of a file; the last one is of kind END.

    Args:
        source: All of the file.
        json: Whether it is JSON: then `:` stands for `=`, and texts are JSON's.

    Raises:
        texts.Broken: Something that is no word.
    """
    at = count = 0
    while at < len(source):
        count += 1
        if count > 2 * _MOST:  # blanks count, too
            raise texts.Broken(at, f"more than {_MOST:,} words; spread them over several files")
        found = _WORD.match(source, at)
        if found is None:
            word, at = _other(source, at, json=json)
            yield word
            continue
        if found.lastgroup != "blank":
            yield _word(str(found.lastgroup), found[0], at)
        at = found.end()
    yield Word(Kind.END, None, len(source))


def _word(kind: str, text: str, at: int) -> Word:
    if kind == "mark":
        return Word(Kind.MARK, text, at)
    if kind == "number":
        return Word(Kind.LITERAL, _number(text, at), at)
    if text in ("true", "false"):
        return Word(Kind.LITERAL, text == "true", at)
    return Word(Kind.NAME, text, at)


def _other(source: str, at: int, *, json: bool) -> tuple[Word, int]:
    """Read a text, or say what is wrong."""
    character = source[at]
    if character == '"':
        found = texts.of_json(source, at) if json else texts.quoted(source, at)
        return Word(Kind.TEXT, found.value, at), found.end
    if character == ":" and json:
        return Word(Kind.MARK, "=", at), at + 1
    if source.startswith("<<", at) and not json:
        found = texts.heredoc(source, at)
        return Word(Kind.TEXT, found.value, at), found.end
    if source.startswith("/*", at):
        raise texts.Broken(at, "the comment does not end; */ is missing")
    if character in "'`":
        raise texts.Broken(at, 'a text stands in double quotes, "..."')
    if character.isdigit() or character in "-+.":
        raise texts.Broken(at, "this is no number")
    raise texts.Broken(at, f"a character that means nothing here: {character!r}")


def _number(text: str, at: int) -> float:
    """Read a number as Go does: 0x is hexadecimal, a leading 0 octal."""
    digits = text.lstrip("-")
    if len(digits) > _LONGEST:
        raise texts.Broken(at, f"a number of more than {_LONGEST} digits")
    try:
        if digits[:2] in ("0x", "0X"):
            return int(text, 16)
        if digits.isdigit():
            return int(text, 8 if digits[0] == "0" else 10)
        value = float(text)
    except ValueError:
        raise texts.Broken(at, "this is no number") from None
    if not math.isfinite(value):
        raise texts.Broken(at, "this number is too large")
    return value
