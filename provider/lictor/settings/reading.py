"""From untyped values to typed settings, with errors that name the key, the find and the allowed.

The same definitions are read from stack config (camelCase keys) and from a resource's inputs
(snake_case keys). msgspec does the typing; this file translates keys and makes its errors speak
the user's spelling.
"""

from __future__ import annotations

import difflib
import re
import types
import typing
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from lictor import errors
from lictor.settings import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T", bound=msgspec.Struct)

_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")
_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
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


def read(value: object, into: type[T], *, at: str, spelling: Spelling) -> T:
    """Make a typed value.

    Args:
        value: What the user wrote: mappings, lists, texts, numbers.
        into: The definition to read into.
        at: Where the value stands, the start of every path in an error; may be empty.
        spelling: How keys are written there.

    Raises:
        errors.SettingsError: With the path of the key, what was found and what is allowed.
    """
    plain = _plain(value, into, at, spelling)
    try:
        return msgspec.convert(plain, into, dec_hook=_hook)
    except msgspec.ValidationError as error:
        raise errors.SettingsError(_explain(str(error), plain, into, at, spelling)) from None


def _hook(kind: type, value: object) -> object:
    """Read the types that msgspec does not know."""
    if kind is duration.Seconds:
        return duration.read(value)
    raise NotImplementedError(kind)


def _plain(value: object, into: object, at: str, spelling: Spelling) -> object:
    """Translate keys and whole floats (the engine's numbers are floats); refuse unknown keys."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (list, tuple)):
        inner = _item_type(into)
        return [_plain(item, inner, f"{at}[{i}]", spelling) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return _plain_mapping(value, into, at, spelling)
    return value


def _plain_mapping(
    value: Mapping[object, object], into: object, at: str, spelling: Spelling
) -> dict[object, object]:
    """Translate the keys of one mapping into the field names of its definition."""
    struct = _struct(into)
    if struct is None:
        return dict(value)
    fields = {spelling.of(name): name for name in struct.__struct_fields__}
    hints = typing.get_type_hints(struct, include_extras=False)
    result: dict[object, object] = {}
    for key, item in value.items():
        if key not in fields:
            raise errors.SettingsError(_unknown(str(key), list(fields), at))
        name = fields[str(key)]
        if item is not None:
            result[name] = _plain(item, hints[name], _join(at, str(key)), spelling)
    return result


def _unknown(key: str, allowed: list[str], at: str) -> str:
    """Say that a key is unknown, and which one was probably meant."""
    near = difflib.get_close_matches(key, allowed, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{_join(at, key)}: unknown key; {hint}allowed are {', '.join(sorted(allowed))}"


def _explain(text: str, plain: object, into: object, at: str, spelling: Spelling) -> str:
    """Turn msgspec's sentence into path, what was found and what is allowed."""
    match = _AT.search(text)
    reason = text[: match.start()] if match else text
    path, found, expected = at, plain, into
    for name, index in _STEP.findall(match["path"] if match else ""):
        path = _join(path, spelling.of(name)) if name else f"{path}[{index}]"
        found = _step(found, name, index)
        expected = _field_type(expected, name) if name else _item_type(expected)
    missing = re.search(r"missing required field `(\w+)`", reason)
    if missing:
        return f"{_join(path, spelling.of(missing[1]))}: is required"
    choices = _choices(expected)
    if choices:
        reason = f"Expected one of {', '.join(choices)}"
    reason = reason.replace("`array`", "a list").replace("`object`", "a mapping").replace("`", "")
    return f"{path}: {reason[0].lower()}{reason[1:]}, found {_show(found)}"


def _step(value: Any, name: str, index: str) -> Any:  # noqa: ANN401 - the user's data has any shape
    """Go one step down the user's data."""
    if name:
        return value.get(name) if isinstance(value, dict) else None
    return value[int(index)] if index.isdigit() else value


def _show(value: object) -> str:
    """Show what was found, cut short."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _join(at: str, key: str) -> str:
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


def _field_type(kind: object, name: str) -> object:
    """Find the type of a field."""
    struct = _struct(kind)
    return typing.get_type_hints(struct).get(name, object) if struct else object


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
