"""The monitor's files: HCL in version 1 of the language, or JSON; read, merged, checked.

Files are taken in the order of the command line, those of a folder in the order of their names; a
later one's scalar replaces an earlier one's, and `external_node_meta` and `telemetry` replace as a
whole, as consul-esm has them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.settings import reading
from lictor.settings.hcl import parser
from lictor.settings.hcl.tree import Body, Listed
from lictor.settings.monitor import Monitor
from lictor.settings.reading import Spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lictor.settings.hcl.tree import Value

_SUFFIXES = (".json", ".hcl")
_BLOCKS = {"external_node_meta": "node_meta", "telemetry": "telemetry"}


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
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    if not content.strip():
        return {}
    try:
        found = _mapping(parser.parse(content, str(path)), top=True)
    except errors.SettingsError as error:
        raise errors.SettingsError(f"Error loading config: error parsing: {error}") from None
    for key in _BLOCKS:
        block = found.get(key)
        if isinstance(block, list) and len(block) == 1:  # the form that HCL's JSON has
            found[key] = block[0]
    return found


def _mapping(body: Body, *, top: bool = False) -> dict[str, Any]:
    """Make plain values of a body; of a scalar that stands twice the last one counts."""
    found: dict[str, Any] = {}
    for item in body.items:
        name = item.key.name
        if item.labels:
            raise errors.SettingsError(f"{item.labels[0].at}: {name} takes no label")
        if top and name in found and name in _BLOCKS:
            raise errors.SettingsError(f"{item.key.at}: only one {_BLOCKS[name]} block allowed")
        found[name] = _plain(item.value)
    return found


def _plain(value: Value) -> Any:  # noqa: ANN401 - what a file is made of
    if isinstance(value, Body):
        return _mapping(value)
    if isinstance(value, Listed):
        return [_plain(item) for item in value.items]
    return value.value


def _checked(found: dict[str, Any], where: str) -> None:
    """Check one file by itself, so that an error names it."""
    try:
        reading.read(found, Monitor, at="", spelling=Spelling.SNAKE)
    except errors.SettingsError as error:
        raise errors.SettingsError(f"Error loading config: {where}: {error}") from None
