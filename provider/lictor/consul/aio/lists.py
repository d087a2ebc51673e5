"""The lists of nodes in Consul's keys, one for each instance, in consul-esm's form.

``PATHagents/ID`` has ``{"Nodes": [...], "Probes": [...]}``. What does not fit into one value goes
on in ``PATHagents/ID/parts/N``, which consul-esm, that has no such lists, never sees. A leader
writes within transactions that fail where it leads no longer.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from lictor.consul.aio import nodes, wire
from lictor.consul.client import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.wire import Lists, Pair

PART = 240 * 1024
"""Bytes of a value: of 512 KiB that a transaction may have base64 takes a third, JSON the rest."""

_PARTS = "/parts/"
_FOUND = (200, 404)


def watch_call(path: str, ident: str) -> Call:
    """Make the question for an instance's own list."""
    return Call(
        f"/v1/kv/{quote(f'{path}agents/{ident}')}",
        [("recurse", "")],
        allowed=_FOUND,
        rights=f'key_prefix "{path}" write',
    )


def own(status: int, body: bytes, path: str, ident: str, remote: str) -> tuple[set[str], set[str]]:
    """Decode the answer to `watch_call`: names of nodes to check, and of those to ping, too."""
    pairs = wire.decoded(wire.PAIRS, body, remote) if status == 200 else []  # noqa: PLR2004
    found = read(pairs, path).get(ident, wire.Lists())
    return set(found.nodes or ()), set(found.probes or ())


def read(pairs: Iterable[Pair], path: str) -> dict[str, Lists]:
    """Put the lists of all instances together."""
    found: dict[str, Lists] = {}
    prefix = f"{path}agents/"
    for pair in pairs:
        if not pair.key.startswith(prefix):
            continue
        ident = pair.key.removeprefix(prefix).partition(_PARTS)[0]
        try:
            part = wire.LISTS.decode(pair.value or b"{}")
        except (msgspec.DecodeError, RecursionError):
            part = wire.Lists()  # the leader writes it anew
        old = found.get(ident, wire.Lists())
        found[ident] = wire.Lists(
            [*(old.nodes or ()), *(part.nodes or ())], [*(old.probes or ()), *(part.probes or ())]
        )
    return found


def values(
    path: str, ident: str, checked: Sequence[str], pinged: Sequence[str]
) -> dict[str, bytes]:
    """Make the keys of an instance's lists, with their values."""
    parts: list[tuple[list[str], list[str]]] = [([], [])]
    size = 0
    for names, probes in ((checked, False), (pinged, True)):
        for name in names:
            length = len(msgspec.json.encode(name)) + 1
            if size + length > PART:
                parts.append(([], []))
                size = 0
            parts[-1][probes].append(name)
            size += length
    base = f"{path}agents/{ident}"
    return {
        base if not number else f"{base}{_PARTS}{number}": msgspec.json.encode(
            {"Nodes": part[0] or None, "Probes": part[1] or None}
        )
        for number, part in enumerate(parts)
    }


async def write(
    client: Client,
    wanted: Mapping[str, bytes],
    present: Mapping[str, bytes],
    *,
    lock: str,
    session: str,
) -> bool:
    """Bring keys to what they shall be; False where we do not lead any more.

    Raises:
        errors.ConsulError: It cannot be told.
    """
    operations = [
        {"KV": {"Verb": "delete", "Key": key}} for key in sorted(present) if key not in wanted
    ]
    for key, value in sorted(wanted.items()):
        if present.get(key) != value:
            text = base64.b64encode(value).decode()
            operations.append({"KV": {"Verb": "set", "Key": key, "Value": text}})
    guard = {"KV": {"Verb": "check-session", "Key": lock, "Session": session}}
    for batch in _batches(operations):
        if not await nodes.transact(client, [guard, *batch]):
            return False
    return True


def _batches(operations: Sequence[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """Cut into transactions that Consul takes, beside the guard."""
    batch: list[dict[str, Any]] = []
    size = 0
    for operation in operations:
        length = len(operation["KV"].get("Value", "")) + 200
        if batch and (len(batch) >= 60 or size + length > 400 * 1024):  # noqa: PLR2004 - of 64
            yield batch
            batch, size = [], 0
        batch.append(operation)
        size += length
    if batch:
        yield batch
