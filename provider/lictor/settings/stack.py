"""The lists under ``lictor:`` in a stack's config: a stack needs no Python."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from lictor import errors
from lictor.model import Health
from lictor.settings import reading
from lictor.settings.attachments import Attachments, Name, Source, region_of

if TYPE_CHECKING:
    from collections.abc import Iterable

TARGET_GROUPS = "lictor:targetGroups"

_KNOWN = ("targetGroups",)


class TargetGroupEntry(Attachments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of ``lictor:targetGroups``: a resource's arguments, its name, a source in short."""

    name: Name
    sources: tuple[Source, ...] = ()
    service: Name | None = None
    tags: tuple[Name, ...] = ()
    datacenters: tuple[Name, ...] = ()
    health: Health | None = None

    def arguments(self) -> dict[str, Any]:
        """Return the resource's arguments as written, defaults left out, the source united."""
        skip = ("name", "service", "tags", "datacenters", "health", "sources")
        given = {
            key: _plain(getattr(self, key))
            for key in Attachments.__struct_fields__
            if key not in skip and getattr(self, key) != _DEFAULTS.get(key)
        }
        return {**given, "sources": [source_inputs(source) for source in self.all_sources()]}

    def all_sources(self) -> tuple[Source, ...]:
        """Return the sources, whichever way they were written."""
        if self.service is None:
            return self.sources
        return (
            Source(
                service=self.service,
                tags=self.tags,
                datacenters=self.datacenters,
                health=self.health or Health.PASSING,
            ),
        )


_DEFAULTS = dict(
    zip(
        Attachments.__struct_fields__[-len(Attachments.__struct_defaults__) :],
        Attachments.__struct_defaults__,
        strict=True,
    )
)


def source_inputs(source: Source) -> dict[str, Any]:
    """Return a source as it stands among a resource's inputs: only what was asked for."""
    written = {"service": source.service, "tags": source.tags, "datacenters": source.datacenters}
    result = {key: _plain(value) for key, value in written.items() if value}
    if source.health is not Health.PASSING:
        result["health"] = source.health.value
    return result


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
    if text is None:
        return ()
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if not isinstance(value, list):
        raise errors.SettingsError(
            f"{TARGET_GROUPS}: expected a list of target groups, found {str(text)[:60]!r}"
        )
    entries = tuple(_entry(item, f"{TARGET_GROUPS}[{i}]") for i, item in enumerate(value))
    for name, times in Counter(entry.name for entry in entries).items():
        if times > 1:
            raise errors.SettingsError(
                f"{TARGET_GROUPS}: the name {name} stands {times} times; each needs its own"
            )
    return entries


def _entry(value: object, at: str) -> TargetGroupEntry:
    """Read one entry and refuse what cannot stand together."""
    entry = reading.read(value, TargetGroupEntry, at=at, spelling=reading.Spelling.CAMEL)
    short = [key for key in ("service", "tags", "datacenters", "health") if getattr(entry, key)]
    if entry.sources and short:
        raise errors.SettingsError(
            f"{at}: {short[0]} beside sources; one source's keys stand here, several under sources"
        )
    if not entry.sources and entry.service is None:
        raise errors.SettingsError(f"{at}: service or sources is required")
    try:
        region_of(entry.target_group_arn)
    except errors.SettingsError as error:
        raise errors.SettingsError(
            f"{at}.{str(error).replace('target_group_arn', 'targetGroupArn', 1)}"
        ) from None
    return entry


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
