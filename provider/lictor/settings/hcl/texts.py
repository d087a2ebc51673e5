"""Quoted texts and here-documents of HCL 1, unquoted as HashiCorp's own reader does it."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

_PIECE = re.compile(
    r'(?P<end>")|(?P<open>\$\{)|(?P<plain>[^"\\\n$]++|\$)'
    r'|\\(?:(?P<short>[abfnrtv\\"])|(?P<octal>[0-7]{3})|x(?P<byte>[0-9a-fA-F]{2})'
    r"|u(?P<four>[0-9a-fA-F]{4})|U(?P<eight>[0-9a-fA-F]{8}))"
)
_BRACE = re.compile(r"[{}]")
_SHORT = dict(zip('abfnrtv\\"', '\a\b\f\n\r\t\v\\"', strict=True))
_JSON = re.compile(r'"(?>[^"\\\n]++|\\[^\n])*+"')
_ANCHOR = re.compile(r"<<(?P<indented>-?)(?P<name>\w++)\r?\n")
_HIGHEST_BYTE, _LAST = 0xFF, 0x10FFFF


class Text(NamedTuple):
    """A text that was found.

    Attributes:
        value: What it says.
        end: Offset of what follows it.
    """

    value: str
    end: int


class Broken(ValueError):
    """A text that is none.

    Attributes:
        at: Offset of what is wrong.
    """

    def __init__(self, at: int, text: str) -> None:
        super().__init__(text)
        self.at = at


def quoted(source: str, start: int) -> Text:
    """Read a text in quotes; what stands in `${...}` is left as it is, quotes included.

    Args:
        source: All of the file.
        start: Offset of the opening quote.

    Raises:
        Broken: It does not end on its line, or has an escape that means nothing.
    """
    found, at = bytearray(), start + 1
    while piece := _PIECE.match(source, at):
        kind = str(piece.lastgroup)
        if kind == "end":
            return Text(_decoded(found, start), piece.end())
        if kind == "open":
            end = _closed(source, at)
            found += source[at:end].encode()
        else:
            end = piece.end()
            found += _meant(kind, piece[kind], at)
        at = end
    if at >= len(source) or source[at] == "\n":
        raise Broken(start, "the text does not end on its line; a quote is missing")
    raise Broken(at, 'this escape means nothing; known are \\n, \\t, \\", \\\\ and \\uXXXX')


def _meant(kind: str, text: str, at: int) -> bytes:
    """Return what a piece stands for, in UTF-8."""
    if kind == "plain":
        return text.encode()
    if kind == "short":
        return _SHORT[text].encode()
    number = int(text, 8 if kind == "octal" else 16)
    if kind in ("octal", "byte") and number <= _HIGHEST_BYTE:
        return bytes([number])
    try:
        return chr(number).encode()
    except (ValueError, OverflowError):
        raise Broken(at, "this escape stands for no character") from None


def _decoded(found: bytearray, start: int) -> str:
    try:
        return found.decode()
    except UnicodeDecodeError:
        raise Broken(start, "the escapes of the text make no characters (UTF-8)") from None


def _closed(source: str, start: int) -> int:
    """Find the end of `${...}`."""
    depth, at = 0, start
    while brace := _BRACE.search(source, at):
        depth, at = depth + (1 if brace[0] == "{" else -1), brace.end()
        if not depth:
            return at
    raise Broken(start, "`${` is not closed")


def of_json(source: str, start: int) -> Text:
    """Read a text of JSON.

    Raises:
        Broken: It is none.
    """
    found = _JSON.match(source, start)
    if found is None:
        raise Broken(start, "the text does not end on its line; a quote is missing")
    try:
        value = str(json.loads(found[0]))
        value.encode()
    except ValueError as error:  # half of a pair of surrogates, too
        reason = getattr(error, "msg", "") or "half a character"
        raise Broken(start, f"this is no text of JSON ({reason})") from None
    return Text(value, found.end())


def heredoc(source: str, start: int) -> Text:
    """Read a text between `<<NAME` and a line with that name.

    Raises:
        Broken: The name is missing, or the line.
    """
    anchor = _ANCHOR.match(source, start)
    if anchor is None:
        raise Broken(start, "expected a name after <<, and the end of the line after it")
    begin = at = anchor.end()
    while at < len(source):
        end = source.find("\n", at)
        end = len(source) if end < 0 else end
        if source[at:end].strip(" \t\r\f\v") == anchor["name"]:
            body = source[begin:at].replace("\r\n", "\n")
            return Text(_unindented(body, source[at:end]) if anchor["indented"] else body, end)
        at = end + 1
    raise Broken(start, f"the text does not end; a line with {anchor['name'][:60]} is missing")


def _unindented(body: str, last: str) -> str:
    """Take away what stands before the closing name, where every line has it."""
    indent = last[: len(last) - len(last.lstrip(" \t"))]
    lines = body.split("\n")
    if not all(line.startswith(indent) for line in lines[:-1]):
        return body
    return "\n".join(line.removeprefix(indent) for line in lines)
