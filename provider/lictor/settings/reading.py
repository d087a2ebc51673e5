"""From untyped values to typed settings, with errors that name the key, the find and the allowed.

The same definitions are read from stack config (camelCase keys) and from a resource's inputs
(snake_case keys). msgspec does the typing; this file translates keys and makes its errors speak
the user's spelling.
"""

from __future__ import annotations

import difflib
import functools
import re
import types
import typing
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from lictor import errors
from lictor.settings import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T", bound=msgspec.Struct)

_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_AT = re.compile(r" - at (?:`key` in )?`\$(?P<path>[^`]*)`\Z")
_SHOWN = 60


class Spelling(StrEnum):
    """How the user writes keys."""

    CAMEL = "camel"
    """Stack config: ``targetGroupArn``."""
    SNAKE = "snake"
    """Python and HCL: ``target_group_arn``."""

    def of(self, name: str) -> str:
        """Spell a field's name as the user would."""
        if self is Spelling.SNAKE:
            return name
        head, *rest = name.split("_")
        return head + "".join(word.capitalize() for word in rest)

    def within(self, text: str) -> str:
        """Spell the names that stand in backquotes, and take these off."""
        return re.sub(r"`(\w+)`", lambda match: self.of(match[1]), text)


class Clash(ValueError):
    """What a definition itself refuses: values that are well typed and cannot be together.

    Raised in ``__post_init__``; names of fields stand in backquotes in the text.
    """

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key
        self.text = text


@dataclass(frozen=True, slots=True)
class _Way:
    """How a value is read.

    Attributes:
        spelling: How keys are written there.
        beside: Keys that the user may write there too, though they are read elsewhere.
        shown: Whether an error may show what was found.
    """

    spelling: Spelling
    beside: tuple[str, ...]
    shown: bool


def read(  # noqa: PLR0913 - what is read, into what, and how
    value: object,
    into: type[T],
    *,
    at: str,
    spelling: Spelling,
    beside: Iterable[str] = (),
    secret: bool = False,
) -> T:
    """Make a typed value.

    Args:
        value: What the user wrote: mappings, lists, texts, numbers.
        into: The definition to read into.
        at: Where the value stands, the start of every path in an error; may be empty.
        spelling: How keys are written there.
        beside: Fields that may be written there too and are read elsewhere; errors list them.
        secret: Whether no error may show what was found.

    Raises:
        errors.SettingsError: With the path of the key, what was found and what is allowed.
    """
    way = _Way(spelling, tuple(beside), not secret)
    plain = _plain(value, into, at, way)
    try:
        return msgspec.convert(plain, into, dec_hook=_hook)
    except msgspec.ValidationError as error:
        raise errors.SettingsError(_explain(error, plain, into, at, way)) from None


def _hook(kind: type, value: object) -> object:
    """Read the types that msgspec does not know."""
    if kind is duration.Seconds:
        return duration.read(value)
    raise NotImplementedError(kind)


def _plain(value: object, into: object, at: str, way: _Way) -> object:
    """Translate keys and whole floats (the engine's numbers are floats); refuse unknown keys."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (list, tuple)):
        inner, way = _item_type(into), _Way(way.spelling, (), way.shown)
        return [_plain(item, inner, f"{at}[{i}]", way) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return _plain_mapping(value, into, at, way)
    return value


def _plain_mapping(
    value: Mapping[object, object], into: object, at: str, way: _Way
) -> dict[object, object]:
    """Translate the keys of one mapping into the field names of its definition."""
    struct = _struct(into)
    if struct is None:
        return dict(value)
    fields = {way.spelling.of(name): name for name in struct.__struct_fields__}
    hints = _hints(struct)
    inner = _Way(way.spelling, (), way.shown)
    result: dict[object, object] = {}
    for key, item in value.items():
        if key not in fields:
            allowed = [*fields, *map(way.spelling.of, way.beside)]
            raise errors.SettingsError(_unknown(_cut(str(key)), allowed, at))
        name = fields[str(key)]
        if item is not None:
            result[name] = _plain(item, hints[name], join(at, str(key)), inner)
    return result


def _unknown(key: str, allowed: list[str], at: str) -> str:
    """Say that a key is unknown, and which one was probably meant."""
    near = difflib.get_close_matches(key, allowed, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{join(at, key)}: unknown key; {hint}allowed are {', '.join(sorted(allowed))}"


def _explain(
    error: msgspec.ValidationError, plain: object, into: object, at: str, way: _Way
) -> str:
    """Turn msgspec's sentence into path, what was found and what is allowed."""
    text = str(error)
    match = _AT.search(text)
    reason = text[: match.start()] if match else text
    path, found, expected = at, plain, into
    for name, index in _STEP.findall(match["path"] if match else ""):
        if index == "...":  # msgspec's word for some key of a mapping
            index = _wrong_key(found)  # noqa: PLW2901 - which one it is
            path = join(path, index)
        else:
            path = join(path, way.spelling.of(name)) if name else f"{path}[{index}]"
        found = _step(found, name, index)
        expected = _field_type(expected, name) if name else _item_type(expected)
    clash = error.__cause__
    if isinstance(clash, Clash):
        path = join(path, way.spelling.of(clash.key)) if clash.key else path
        return _said(path, way.spelling.within(clash.text))
    missing = re.search(r"missing required field `(\w+)`", reason)
    if missing:
        return f"{join(path, way.spelling.of(missing[1]))}: is required"
    choices = _choices(expected)
    if choices:
        reason = f"Expected one of {', '.join(choices)}"
    reason = reason.replace("`array`", "a list").replace("`object`", "a mapping").replace("`", "")
    shown = _cut(repr(found)) if way.shown else "something else"
    return _said(path, f"{reason[0].lower()}{reason[1:]}, found {shown}")


def _said(path: str, text: str) -> str:
    return f"{path}: {text}" if path else text


def _step(value: Any, name: str, index: str) -> Any:  # noqa: ANN401 - the user's data has any shape
    """Go one step down the user's data."""
    if isinstance(value, dict):
        return value.get(name or index)
    return value[int(index)] if isinstance(value, list) and index.isdigit() else value


def _wrong_key(value: object) -> str:
    """Find the key of a mapping whose value is no text, as those of all our mappings are."""
    items = value.items() if isinstance(value, dict) else ()
    return next((str(key) for key, item in items if not isinstance(item, str)), "...")


def _cut(text: str) -> str:
    """Cut what is shown short, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."


def join(at: str, key: str) -> str:
    """Name what stands under a path; an empty one is left out."""
    return f"{at}.{key}" if at else key


def _alternatives(kind: object) -> tuple[Any, ...]:
    """List the members of a union, or the type itself."""
    origin = typing.get_origin(kind)
    return typing.get_args(kind) if origin in (typing.Union, types.UnionType) else (kind,)


def _struct(kind: object) -> type[msgspec.Struct] | None:
    """Find the struct that a mapping would be read into."""
    for item in _alternatives(kind):
        if isinstance(item, type) and issubclass(item, msgspec.Struct):
            return item
    return None


@functools.cache
def fields(struct: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """List a definition's fields; to look them up is dear, and done for each resource."""
    return msgspec.structs.fields(struct)


@functools.cache
def _hints(struct: type[msgspec.Struct]) -> Mapping[str, object]:
    """Find the types of a struct's fields; a stack of 100 groups needs them 300 times a run."""
    return typing.get_type_hints(struct)


def _field_type(kind: object, name: str) -> object:
    """Find the type of a field."""
    struct = _struct(kind)
    return _hints(struct).get(name, object) if struct else object


def _item_type(kind: object) -> object:
    """Find the type of a list's items."""
    for item in _alternatives(kind):
        args = typing.get_args(item)
        if args:
            return args[0]
    return object


def _choices(kind: object) -> list[str]:
    """List the values of an enumeration."""
    for item in _alternatives(kind):
        if isinstance(item, type) and issubclass(item, Enum):
            return [str(member.value) for member in item]
    return []
