"""From the words of a file to its tree.

A file whose first character is a brace is JSON, as HashiCorp's reader has it. pyhcl reads files of
this kind too, but tells no lines, unites what is written twice, and takes a backslash at the end
of a text for an escaped quote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from lictor import errors
from lictor.settings.hcl.texts import Broken
from lictor.settings.hcl.tokens import Kind, Lines, Word, words
from lictor.settings.hcl.tree import Body, Item, Key, Listed, Literal, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lictor.settings.hcl.tree import Value

LARGEST = 1024 * 1024
"""Bytes of a file; 1,000 target groups with all their keys are half of that."""
DEEPEST = 32
"""Braces and brackets in each other."""
_LABELS = 4


def parse(content: bytes, file: str) -> Body:
    """Read a file.

    Args:
        content: Its bytes.
        file: Its name, for errors.

    Raises:
        errors.SettingsError: With file, line and column of what is wrong.
    """
    source = _decoded(content[: LARGEST + 1], file)
    json = source.lstrip().startswith("{")
    parser = _Parser(source, file, words(source, json=json))
    try:
        return parser.document(json=json, cut=len(content) > LARGEST)
    except Broken as broken:
        raise errors.SettingsError(f"{parser.place(broken.at)}: {broken}") from None


def _decoded(content: bytes, file: str) -> str:
    """Decode a file; a mark of the byte order, as some editors write it, is left out."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(content) > LARGEST and error.start > LARGEST - 4:  # cut within a character
            return content[: error.start].decode("utf-8-sig")
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise errors.SettingsError(
            f"{Place(file, line, column)}: not UTF-8 text; save the file in that encoding"
        ) from None


class _Parser:
    """Reads one file; knows the next word."""

    def __init__(self, source: str, file: str, found: Iterator[Word]) -> None:
        self._file, self._lines, self._words = file, Lines(source), found
        self._next = Word(Kind.END, None, 0)
        self._depth, self._size = 0, len(source)

    def place(self, at: int) -> Place:
        """Tell where an offset is."""
        return Place(self._file, *self._lines.place(at))

    def document(self, *, json: bool, cut: bool) -> Body:
        """Read all of it, if that is all."""
        if cut:
            raise Broken(self._size, f"the file is larger than {LARGEST // 1024} KiB")
        self._take()
        body = self._body() if json else self._items(Kind.END)
        if self._next.kind is not Kind.END:
            self._wrong("the end of the file")
        return body

    def _take(self) -> Word:
        """Return the next word, and read the one after it."""
        word, self._next = self._next, next(self._words, self._next)
        return word

    @property
    def _ended(self) -> bool:
        return self._next.kind is Kind.END

    def _is(self, mark: str) -> bool:
        return self._next.kind is Kind.MARK and self._next.value == mark

    def _wrong(self, expected: str) -> NoReturn:
        raise Broken(self._next.at, f"expected {expected}, found {self._next.shown()}")

    def _body(self) -> Body:
        """Read what stands in braces; the first one is next."""
        opened = self._enter()
        body = self._items("}")
        if not self._is("}"):
            raise Broken(opened.at, "this { is not closed")
        self._leave()
        return Body(body.items, self.place(opened.at))

    def _items(self, end: str | Kind) -> Body:
        at = self.place(self._next.at)
        items: list[Item] = []
        while self._next.kind is not Kind.END and not (isinstance(end, str) and self._is(end)):
            items.append(self._item())
            if self._is(","):
                self._take()
        return Body(tuple(items), at)

    def _item(self) -> Item:
        keys: list[Key] = []
        begun = self._next.at
        while self._next.kind in (Kind.NAME, Kind.TEXT):
            word = self._take()
            if len(keys) > _LABELS:
                raise Broken(word.at, f"more than {_LABELS} labels; is a {{ or = missing?")
            keys.append(Key(str(word.value), self.place(word.at)))
        if not keys:
            self._wrong("a name")
        first, *labels = keys
        if self._is("{"):
            return Item(first, tuple(labels), self._body(), block=True)
        if not self._is("="):
            self._wrong(f"= or {{ after {self._shown(first, begun)}")
        if labels:
            self._wrong(f"{{ after {self._shown(first, begun)} and its label")
        self._take()
        return Item(first, (), self._value(), block=False)

    def _shown(self, key: Key, at: int) -> str:
        """Name a key for an error; behind a value it may be a piece of it, and so of a secret."""
        return key.name[:60] if self._lines.begins(at) else "the name"

    def _value(self) -> Value:
        if self._is("{"):
            return self._body()
        if self._is("["):
            return self._list()
        if self._next.kind in (Kind.TEXT, Kind.LITERAL):
            word = self._take()
            return Literal(word.value, self.place(word.at))
        if self._next.kind is not Kind.NAME:
            self._wrong("a value")
        if self._next.value != "null":
            self._wrong("a value; a text stands in double quotes")
        return Literal(None, self.place(self._take().at))

    def _list(self) -> Listed:
        opened = self._enter()
        items: list[Value] = []
        while not self._is("]"):
            if self._ended:
                raise Broken(opened.at, "this [ is not closed")
            items.append(self._value())
            if self._is(","):
                self._take()
            elif not self._is("]") and not self._ended:
                self._wrong(", or ]")
        self._leave()
        return Listed(tuple(items), self.place(opened.at))

    def _enter(self) -> Word:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Broken(self._next.at, f"more than {DEEPEST} braces and brackets in each other")
        return self._take()

    def _leave(self) -> None:
        self._depth -= 1
        self._take()
