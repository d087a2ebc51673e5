"""Consul's JSON as the monitor reads and writes it."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from lictor import errors

_T = TypeVar("_T")


class Node(msgspec.Struct, frozen=True, rename="pascal", gc=False):
    """A node of the catalog."""

    node: str
    address: str = ""
    meta: dict[str, str] | None = None
    modify_index: int = 0
    partition: str = ""


class Row(msgspec.Struct, rename="pascal", gc=False):
    """A check of the catalog, with its definition as it came."""

    node: str
    check_id: str = msgspec.field(name="CheckID")
    status: str
    name: str = ""
    notes: str = ""
    output: str = ""
    service_id: str = msgspec.field(name="ServiceID", default="")
    service_name: str = ""
    service_tags: list[str] | None = None
    type: str = ""
    namespace: str = ""
    partition: str = ""
    definition: msgspec.Raw = msgspec.Raw(b"{}")
    modify_index: int = 0


class TxnError(msgspec.Struct, frozen=True, rename="pascal"):
    """Why one operation of a transaction failed."""

    op_index: int = 0
    what: str = ""


class _TxnCheck(msgspec.Struct, frozen=True, rename="pascal"):
    node: str
    check_id: str = msgspec.field(name="CheckID")
    modify_index: int = 0
    namespace: str = ""
    partition: str = ""


class _TxnResult(msgspec.Struct, frozen=True, rename="pascal"):
    check: _TxnCheck | None = None


class Txn(msgspec.Struct, frozen=True, rename="pascal"):
    """The answer to a transaction."""

    results: tuple[_TxnResult, ...] | None = None
    errors: tuple[TxnError, ...] | None = None


class Pair(msgspec.Struct, frozen=True, rename="pascal"):
    """A key with its value."""

    key: str
    value: bytes | None = None
    session: str = ""
    flags: int = 0
    modify_index: int = 0


class Lists(msgspec.Struct, frozen=True, rename="pascal"):
    """What an instance shall do: names of nodes, in consul-esm's form."""

    nodes: list[str] | None = None
    probes: list[str] | None = None


class _Check(msgspec.Struct, frozen=True, rename="pascal"):
    check_id: str = msgspec.field(name="CheckID", default="")
    status: str = ""
    service_id: str = msgspec.field(name="ServiceID", default="")


class _Service(msgspec.Struct, frozen=True, rename="pascal"):
    id: str = msgspec.field(name="ID")


class Entry(msgspec.Struct, frozen=True, rename="pascal"):
    """An instance of a service."""

    service: _Service


class Tenant(msgspec.Struct, frozen=True, rename="pascal"):
    """A node with its services, by their ids."""

    services: dict[str, _Service] | None = None


class Member(msgspec.Struct, frozen=True, rename="pascal"):
    """A server of Consul's own service."""

    node: str
    service_meta: dict[str, str] | None = None


class _Config(msgspec.Struct, frozen=True, rename="pascal"):
    datacenter: str = ""
    node_name: str = ""
    version: str = ""


class Point(msgspec.Struct, frozen=True, rename="pascal"):
    """A network coordinate."""

    vec: tuple[float, ...]
    error: float
    adjustment: float
    height: float


class Agent(msgspec.Struct, frozen=True, rename="pascal"):
    """What an agent says of itself."""

    config: _Config
    coord: Point | None = None


class Placed(msgspec.Struct, frozen=True, rename="pascal"):
    """A node's coordinate in one of its segments."""

    node: str
    coord: Point
    segment: str = ""


class Session(msgspec.Struct, frozen=True):
    """A session that was made."""

    id: str = msgspec.field(name="ID")


NODES = msgspec.json.Decoder(list[Node])
ROWS = msgspec.json.Decoder(list[Row])
TXN = msgspec.json.Decoder(Txn)
PAIRS = msgspec.json.Decoder(list[Pair])
LISTS = msgspec.json.Decoder(Lists)
ENTRIES = msgspec.json.Decoder(list[Entry])
TENANT: msgspec.json.Decoder[Tenant | None] = msgspec.json.Decoder(Tenant | None)
MEMBERS = msgspec.json.Decoder(list[Member])
AGENT = msgspec.json.Decoder(Agent)
PLACED = msgspec.json.Decoder(list[Placed])
SESSION = msgspec.json.Decoder(Session)
CHECKS = msgspec.json.Decoder(dict[str, _Check])
LEADER = msgspec.json.Decoder(str)


def decoded(decoder: msgspec.json.Decoder[_T], body: bytes, remote: str) -> _T:
    """Decode an answer.

    Raises:
        errors.ConsulNotReady: It is not what Consul documents.
    """
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.ConsulNotReady(
            f"{remote} gave an answer that cannot be read"
            f" ({errors.remote_text(str(error))}); is there a proxy in between?"
        ) from error


def encoded(value: Any) -> bytes:  # noqa: ANN401 - what JSON is made of
    """Encode a body."""
    return msgspec.json.encode(value)
