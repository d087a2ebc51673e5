"""The lists under ``lictor:`` in a stack's config: a stack needs no Python."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from lictor import errors
from lictor.settings import reading
from lictor.settings.attachments import Attachments, region_of
from lictor.settings.leader_tags import LeaderTag
from lictor.settings.shapes import Name  # noqa: TC001 - read by msgspec
from lictor.settings.sources import KEYS, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

TARGET_GROUPS = "lictor:targetGroups"
LEADER_TAGS = "lictor:leaderTags"

_KNOWN = ("targetGroups", "leaderTags")
_SHOWN = 60
_SHORT = {reading.Spelling.CAMEL.of(name): name for name in KEYS}
"""How a source's keys are written beside the group's own -> their names."""


class TargetGroupEntry(Attachments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of ``lictor:targetGroups``: a resource's arguments and its name."""

    name: Name
    sources: tuple[Source, ...] = ()

    def arguments(self) -> dict[str, Any]:
        """Return the resource's arguments as written, defaults left out."""
        return {**_written(self), "sources": [source.written() for source in self.sources]}


class LeaderTagEntry(LeaderTag, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of ``lictor:leaderTags``: a resource's arguments and its name."""

    name: Name

    def arguments(self) -> dict[str, Any]:
        """Return the resource's arguments as written, defaults left out."""
        return _written(self)


Entry = TypeVar("Entry", TargetGroupEntry, LeaderTagEntry)


def _written(entry: TargetGroupEntry | LeaderTagEntry) -> dict[str, Any]:
    """Return what is not its default, without the name."""
    given = {
        field.name: _plain(value)
        for field in reading.fields(type(entry))
        if (value := getattr(entry, field.name)) != field.default and value != {}
    }
    del given["name"]
    return given


def _plain(value: object) -> object:
    """Return what Pulumi can serialise."""
    return msgspec.to_builtins(value, enc_hook=float)


def target_groups(text: str | None) -> tuple[TargetGroupEntry, ...]:
    """Read ``lictor:targetGroups``.

    Args:
        text: The key's value as JSON text, as Pulumi keeps structured config; None for no list.

    Raises:
        errors.SettingsError: With the path of the key, what was found and what is allowed.
    """
    return _entries(text, TARGET_GROUPS, "target groups", _entry)


def leader_tags(text: str | None) -> tuple[LeaderTagEntry, ...]:
    """Read ``lictor:leaderTags``; takes and raises as :func:`target_groups`."""

    def entry(value: object, at: str) -> LeaderTagEntry:
        return reading.read(value, LeaderTagEntry, at=at, spelling=reading.Spelling.CAMEL)

    return _entries(text, LEADER_TAGS, "leader tags", entry)


def _entries(
    text: str | None, key: str, what: str, read: Callable[[object, str], Entry]
) -> tuple[Entry, ...]:
    """Read a list of entries, each with a name of its own."""
    if text is None:
        return ()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    if not isinstance(value, list):
        raise errors.SettingsError(f"{key}: expected a list of {what}, found {_cut(text)!r}")
    entries = tuple(read(item, f"{key}[{i}]") for i, item in enumerate(value))
    for name, times in Counter(entry.name for entry in entries).items():
        if times > 1:
            where = ", ".join(f"[{i}]" for i, entry in enumerate(entries) if entry.name == name)
            raise errors.SettingsError(
                f"{key}: the name {name} stands {times} times ({where}); each needs its own"
            )
    return entries


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _entry(value: object, at: str) -> TargetGroupEntry:
    """Read one entry and refuse what cannot stand together."""
    given: Mapping[object, object] = value if isinstance(value, dict) else {}
    short = {key: item for key, item in given.items() if key in _SHORT and item is not None}
    own = {key: item for key, item in given.items() if key not in _SHORT} if given else value
    entry = reading.read(own, TargetGroupEntry, at=at, spelling=reading.Spelling.CAMEL, beside=KEYS)
    if entry.sources and short:
        raise errors.SettingsError(
            f"{at}.{next(iter(short))}: stands beside sources;"
            " one source's keys stand here, several go under sources"
        )
    if not entry.sources and not short:
        raise errors.SettingsError(f"{at}: service, preparedQuery or sources is required")
    if not entry.sources:
        source = reading.read(short, Source, at=at, spelling=reading.Spelling.CAMEL)
        entry = msgspec.structs.replace(entry, sources=(source,))
    try:
        region_of(entry.target_group_arn)
        entry.check_group(entry.target_group_arn, entry.target_type)
    except errors.SettingsError as error:
        raise errors.SettingsError(f"{at}.{_spelled(str(error))}") from None
    return entry


def _spelled(text: str) -> str:
    """Spell the keys of an argument's error as stack config does."""
    for name in Attachments.__struct_fields__:
        text = text.replace(name, reading.Spelling.CAMEL.of(name))
    return text


def refuse_unknown_keys(config: Iterable[str]) -> None:
    """Refuse keys under ``lictor:`` that mean nothing: a misspelt list would be silently empty.

    Args:
        config: Full keys of the stack's config.

    Raises:
        errors.SettingsError: With the key and those allowed.
    """
    for name in sorted(config):
        space, _, key = name.partition(":")
        if space == "lictor" and key not in _KNOWN:
            allowed = ", ".join(f"lictor:{known}" for known in _KNOWN)
            raise errors.SettingsError(f"{name}: unknown key; allowed are {allowed}")
