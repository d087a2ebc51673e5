"""The lists under ``lictor:`` in a stack's config: a stack needs no Python."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from lictor import errors
from lictor.settings import reading
from lictor.settings.attachments import Attachments, region_of
from lictor.settings.external_nodes import ExternalNode
from lictor.settings.leader_tags import LeaderTag
from lictor.settings.servers import Servers
from lictor.settings.shapes import Name  # noqa: TC001 - read by msgspec
from lictor.settings.sources import KEYS, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

TARGET_GROUPS = "lictor:targetGroups"
LEADER_TAGS = "lictor:leaderTags"
EXTERNAL_NODES = "lictor:externalNodes"
CONSUL_SERVERS = "lictor:consulServers"

_KNOWN = ("targetGroups", "leaderTags", "externalNodes", "consulServers")
_SHOWN = 60
_GIVEN = "service, prepared_query or sources"


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


class ExternalNodeEntry(ExternalNode, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of ``lictor:externalNodes``: a resource's arguments and its name."""

    name: Name

    def arguments(self) -> dict[str, Any]:
        """Return the resource's arguments as written, defaults left out."""
        return _written(self)


class ServersEntry(Servers, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of ``lictor:consulServers``: a component's arguments and its name."""

    name: Name

    def arguments(self) -> dict[str, Any]:
        """Return the component's arguments as written, defaults left out."""
        return _written(self)


Entry = TypeVar("Entry", TargetGroupEntry, LeaderTagEntry, ExternalNodeEntry, ServersEntry)


def _written(
    entry: TargetGroupEntry | LeaderTagEntry | ExternalNodeEntry | ServersEntry,
) -> dict[str, Any]:
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
    return _entries(text, TARGET_GROUPS, "target groups", entry)


def leader_tags(text: str | None) -> tuple[LeaderTagEntry, ...]:
    """Read ``lictor:leaderTags``; takes and raises as :func:`target_groups`."""

    def tag(value: object, at: str) -> LeaderTagEntry:
        return reading.read(value, LeaderTagEntry, at=at, spelling=reading.Spelling.CAMEL)

    return _entries(text, LEADER_TAGS, "leader tags", tag)


def external_nodes(text: str | None) -> tuple[ExternalNodeEntry, ...]:
    """Read ``lictor:externalNodes``; takes and raises as :func:`target_groups`."""

    def entry(value: object, at: str) -> ExternalNodeEntry:
        return reading.read(value, ExternalNodeEntry, at=at, spelling=reading.Spelling.CAMEL)

    return _entries(text, EXTERNAL_NODES, "external nodes", entry)


def consul_servers(text: str | None) -> tuple[ServersEntry, ...]:
    """Read ``lictor:consulServers``; takes and raises as :func:`target_groups`."""

    def entry(value: object, at: str) -> ServersEntry:
        return reading.read(value, ServersEntry, at=at, spelling=reading.Spelling.CAMEL)

    return _entries(text, CONSUL_SERVERS, "server clusters", entry)


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
    for name, times in Counter(item.name for item in entries).items():
        if times > 1:
            where = ", ".join(f"[{i}]" for i, item in enumerate(entries) if item.name == name)
            raise errors.SettingsError(
                f"{key}: the name {name} stands {times} times ({where}); each needs its own"
            )
    return entries


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def entry(
    value: object, at: str, spelling: reading.Spelling = reading.Spelling.CAMEL
) -> TargetGroupEntry:
    """Read one entry and refuse what cannot stand together.

    Args:
        value: A mapping: the resource's arguments, its name, and perhaps one source's keys.
        at: Where it stands, the start of every path in an error; may be empty.
        spelling: How keys are written there.

    Raises:
        errors.SettingsError: With the path of the key, what was found and what is allowed.
    """
    keys = {spelling.of(name) for name in KEYS}
    given: Mapping[object, object] = value if isinstance(value, dict) else {}
    short = {key: item for key, item in given.items() if key in keys and item is not None}
    own = {key: item for key, item in given.items() if key not in keys} if given else value
    found = reading.read(own, TargetGroupEntry, at=at, spelling=spelling, beside=KEYS)
    if found.sources and short:
        raise errors.SettingsError(
            f"{reading.join(at, str(next(iter(short))))}: stands beside sources;"
            " one source's keys stand here, several go under sources"
        )
    if not found.sources and not short:
        text = f"{_spelled(_GIVEN, spelling)} is required"
        raise errors.SettingsError(f"{at}: {text}" if at else text)
    if not found.sources:
        source = reading.read(short, Source, at=at, spelling=spelling)
        found = msgspec.structs.replace(found, sources=(source,))
    try:
        region_of(found.target_group_arn)
        found.check_group(found.target_group_arn, found.target_type)
    except errors.SettingsError as error:
        raise errors.SettingsError(reading.join(at, _spelled(str(error), spelling))) from None
    return found


def _spelled(text: str, spelling: reading.Spelling) -> str:
    """Spell the names of settings in a text as the user does."""
    for name in (*Attachments.__struct_fields__, *KEYS):
        text = text.replace(name, spelling.of(name))
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
