"""Reads and writes Consul's keys and values, through the same gate as everything else."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from lictor.consul import blocking, gate, wire
from lictor.consul.client import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lictor.consul.client import Client, Reply
    from lictor.consul.wire import Pair


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept under a key or a prefix.

    Attributes:
        pairs: The keys with their values.
        index: Consul's index of it, to block on.
    """

    pairs: tuple[Pair, ...]
    index: int


def read(
    client: Client,
    key: str,
    *,
    recurse: bool = False,
    index: int = 0,
    wait: float = 0.0,
) -> Found:
    """Read a key, or all that begin with it.

    Args:
        client: Which Consul to ask.
        key: Which.
        recurse: Whether it is a prefix.
        index: Answer only when something changed since; 0 for at once.
        wait: Or after so many seconds.

    Raises:
        errors.ConsulError: There is no answer that can be trusted.
    """
    params = _scope(client)
    params += [("recurse", "")] if recurse else []
    params += blocking.params(index, wait) if index else []
    rights = f'key_prefix "{key}" read'
    call = Call(
        _path(key),
        params,
        allowed=(HTTPStatus.OK, HTTPStatus.NOT_FOUND),
        wait=blocking.longest(wait) if index else 0.0,
        rights=rights,
    )
    reply = client.send(call)
    gate.check(
        reply.headers,
        remote=client.remote,
        known=client.known,
        rights=rights,
    )
    there = reply.status == HTTPStatus.OK
    pairs = wire.pairs(reply.body, remote=client.remote) if there else ()
    return Found(pairs, blocking.index(reply.headers))


def write(client: Client, key: str, value: bytes, params: Sequence[tuple[str, str]] = ()) -> bool:
    """Write a key; False if a condition among the parameters does not hold."""
    return wire.said_true(_change(client, "PUT", key, value, params).body)


def delete(client: Client, key: str) -> None:
    """Delete a key; nothing if it is not there."""
    _change(client, "DELETE", key, None, ())


def _change(
    client: Client, method: str, key: str, value: bytes | None, params: Sequence[tuple[str, str]]
) -> Reply:
    rights = f'key_prefix "{key}" write'
    call = Call(_path(key), [*_scope(client), *params], method, value, rights=rights)
    return client.send(call)


def _path(key: str) -> str:
    return f"/v1/kv/{quote(key)}"


def _scope(client: Client) -> list[tuple[str, str]]:
    """Say which part of Consul is asked."""
    connection = client.connection
    pairs = [
        ("dc", connection.datacenter),
        ("ns", connection.namespace),
        ("partition", connection.partition),
    ]
    return [(name, value) for name, value in pairs if value]
