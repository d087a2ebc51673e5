"""From a tree to plain mappings and lists, with the place of each path."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from lictor import errors
from lictor.settings.hcl.tree import Body, Listed
from lictor.settings.reading import join

if TYPE_CHECKING:
    from collections.abc import Collection

    from lictor.settings.hcl.tree import Item, Place, Value


def refuse(place: Place, text: str) -> NoReturn:
    """Refuse what stands at a place.

    Raises:
        errors.SettingsError: Always.
    """
    raise errors.SettingsError(f"{place}: {text}")


class Plain:
    """A body as plain values.

    Args:
        body: What is made plain.
        lists: Names of blocks that may stand several times; even one of them makes a list.

    Attributes:
        values: Key -> text, number, flag, list or mapping.
        places: Path as errors spell it (``sources[0].tags``) -> where it stands.

    Raises:
        errors.SettingsError: Something stands twice, or has a label.
    """

    def __init__(self, body: Body, lists: Collection[str] = ()) -> None:
        self.places: dict[str, Place] = {"": body.at}
        self._lists = lists
        self.values = self._mapping(body, "")

    def error(self, error: errors.SettingsError) -> errors.SettingsError:
        """Put the place before an error that begins with a path."""
        text = str(error)
        paths = (path for path in self.places if path and _names(text, path))
        return errors.SettingsError(f"{self.places[max(paths, key=len, default='')]}: {text}")

    def _mapping(self, body: Body, at: str) -> dict[str, object]:
        found: dict[str, object] = {}
        first: dict[str, Item] = {}
        for item in body.items:
            name = item.key.name
            if item.labels:
                refuse(item.labels[0].at, f"{name} takes no label")
            path, several = join(at, name), not at and item.block and name in self._lists
            if several and first.setdefault(name, item).block:
                rows = found.setdefault(name, [])
                assert isinstance(rows, list)  # noqa: S101 - no other item has that name
                rows.append(self._value(item.value, f"{path}[{len(rows)}]"))
                self.places.setdefault(path, item.key.at)
                continue
            if name in found:
                was = first[name].key.at
                refuse(item.key.at, f"{name} stands twice; the first is in line {was.line}")
            first[name] = item
            found[name] = self._value(item.value, path)
            self.places[path] = item.key.at
        return found

    def _value(self, value: Value, at: str) -> object:
        self.places[at] = value.at
        if isinstance(value, Body):
            return self._mapping(value, at)
        if isinstance(value, Listed):
            return [self._value(item, f"{at}[{i}]") for i, item in enumerate(value.items)]
        return value.value


def _names(text: str, path: str) -> bool:
    """Whether a text begins with a path, and not with a longer word."""
    return text.startswith(path) and not text[len(path) : len(path) + 1].isidentifier()
