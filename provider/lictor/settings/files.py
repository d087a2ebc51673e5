"""The monitor's files: HCL in version 1 of the language, or JSON; read, merged, checked.

Files are taken in the order of the command line, those of a folder in the order of their names; a
later one's scalar replaces an earlier one's, and `external_node_meta` and `telemetry` replace as a
whole, as consul-esm has them.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl
from hcl.lexer import Lexer

from lictor import errors
from lictor.settings import reading
from lictor.settings.monitor import Monitor
from lictor.settings.reading import Spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SUFFIXES = (".json", ".hcl")
_BLOCKS = {"external_node_meta": "node_meta", "telemetry": "telemetry"}
_DEEPEST = 64


def monitor(places: Sequence[str]) -> Monitor:
    """Read files and folders into one definition.

    Args:
        places: Paths, in the order of the command line.

    Raises:
        errors.SettingsError: With the file, the key and the reason.
    """
    merged: dict[str, Any] = {}
    for path in _files(places):
        found = _parsed(path)
        _checked(found, f'error in "{path}"')
        merged.update(found)
    try:
        return reading.read(merged, Monitor, at="", spelling=Spelling.SNAKE)
    except errors.SettingsError as error:
        raise errors.SettingsError(f"Error parsing config: {error}") from None


def _files(places: Iterable[str]) -> Iterable[Path]:
    for place in places:
        path = Path(place)
        try:
            inside = sorted(path.iterdir()) if path.is_dir() else [path]
        except OSError as error:
            raise _unreadable(path, error) from None
        for file in inside:
            if file.suffix in _SUFFIXES and not (path.is_dir() and file.is_dir()):
                yield file
            elif file == path:
                raise errors.SettingsError(
                    f'Error loading config: "{path}": expected a name that ends in .json or .hcl'
                )


def _unreadable(path: Path, error: OSError | ValueError) -> errors.SettingsError:
    why = getattr(error, "strerror", None) or "not UTF-8 text, or no path"
    return errors.SettingsError(
        f'Error loading config: error reading "{path}": open {path}: {str(why).lower()}'
    )


def _parsed(path: Path) -> dict[str, Any]:
    """Parse a file into plain values."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if not text.strip():
        return {}
    try:
        found = _json(text) if text.lstrip().startswith("{") else _hcl(text)
    except errors.SettingsError as error:
        raise errors.SettingsError(f'Error loading config: error in "{path}": {error}') from None
    for key in _BLOCKS:
        block = found.get(key)
        if isinstance(block, list) and len(block) == 1:  # the form that HCL's JSON has
            found[key] = block[0]
    return found


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=_pairs)
    except RecursionError:
        raise errors.SettingsError("error parsing: nested too deeply") from None
    except ValueError as error:
        raise errors.SettingsError(f"error parsing: {error}") from None
    if not isinstance(found, dict):
        raise errors.SettingsError("error parsing: expected an object")
    return found


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _once(Counter(name for name, _ in pairs))
    return dict(pairs)


def _once(names: Mapping[str, int]) -> None:
    """Refuse a block that stands twice; of a scalar the last one counts."""
    for name, called in _BLOCKS.items():
        if names.get(name, 0) > 1:
            raise errors.SettingsError(f"only one {called} block allowed")


def _hcl(text: str) -> dict[str, Any]:
    try:
        _once(_top(text))
        found = hcl.loads(text)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        # the library's own texts tell line and column; for some texts it just breaks
        why = " ".join(str(error).split()) if isinstance(error, ValueError) else "not HCL"
        raise errors.SettingsError(f"error parsing: {why[:300]}") from None
    if not isinstance(found, dict):
        raise errors.SettingsError("error parsing: expected keys and values")
    return found


def _top(text: str) -> Counter[str]:
    """Count the names at the top level, which the library unites without a word."""
    lexer = Lexer()
    lexer.input(text)
    names: Counter[str] = Counter()
    depth, fresh = 0, True
    while (token := lexer.token()) is not None:
        if token.type in ("LEFTBRACE", "LEFTBRACKET"):
            depth += 1
        elif token.type in ("RIGHTBRACE", "RIGHTBRACKET"):
            depth -= 1
        elif depth == 0 and token.type in ("IDENTIFIER", "STRING") and fresh:
            names[token.value] += 1
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        fresh = token.type != "EQUAL"
    return names


def _checked(found: dict[str, Any], where: str) -> None:
    """Check one file by itself, so that an error names it."""
    try:
        reading.read(found, Monitor, at="", spelling=Spelling.SNAKE)
    except errors.SettingsError as error:
        raise errors.SettingsError(f"Error loading config: {where}: {error}") from None
