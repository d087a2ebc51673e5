"""A diff target by target, for the CLI's display.

Under the SDK's host the CLI prints every entry of a changed map; with a detailed diff, only those
that change.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pulumi.runtime.proto import provider_pb2

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_ADD = provider_pb2.PropertyDiff.ADD
_DELETE = provider_pb2.PropertyDiff.DELETE
_UPDATE = provider_pb2.PropertyDiff.UPDATE
_REPLACE = provider_pb2.PropertyDiff.UPDATE_REPLACE
_UNTOLD = ("__provider", "recent")


def detailed(
    olds: Mapping[str, Any],
    news: Mapping[str, Any],
    replaces: Collection[str],
    by_key: Collection[str],
) -> dict[str, provider_pb2.PropertyDiff]:
    """List what changes: property path -> how.

    Args:
        olds: The last run's inputs.
        news: This run's.
        replaces: Those whose change takes a new resource.
        by_key: Mappings of which only keys that come and go are a change.
    """
    return {
        path: provider_pb2.PropertyDiff(kind=kind, inputDiff=True)
        for path, kind in _changes(olds, news, replaces, by_key)
    }


def _changes(
    olds: Mapping[str, Any],
    news: Mapping[str, Any],
    replaces: Collection[str],
    by_key: Collection[str],
) -> Iterator[tuple[str, Any]]:
    for name in sorted({*olds, *news} - set(_UNTOLD)):
        old, new = olds.get(name), news.get(name)
        if old == new:
            continue
        if name in by_key and isinstance(old, dict) and isinstance(new, dict):
            for key in sorted({*old, *new}):
                if (kind := _kind(key in old, key in new)) is not _UPDATE:
                    yield f"{name}[{json.dumps(key)}]", kind
        elif name in replaces:
            yield name, _REPLACE
        else:
            yield name, _kind(old is not None, new is not None)


def _kind(before: bool, after: bool) -> Any:  # noqa: ANN401, FBT001 - an enum of the protocol
    if before and after:
        return _UPDATE
    return _ADD if after else _DELETE
