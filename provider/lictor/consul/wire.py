"""Consul's JSON as it comes over the wire, and how it becomes our values."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads annotations at run time
from typing import TYPE_CHECKING, TypeVar

import msgspec

from lictor import errors
from lictor.model import Instance, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_T = TypeVar("_T")


class _Node(msgspec.Struct, frozen=True, rename="pascal"):
    node: str
    address: str
    datacenter: str = ""
    meta: dict[str, str] | None = None
    tagged_addresses: dict[str, str] | None = None


class _Tagged(msgspec.Struct, frozen=True, rename="pascal"):
    address: str = ""
    port: int = 0


class _Service(msgspec.Struct, frozen=True, rename="pascal"):
    service: str
    id: str = msgspec.field(name="ID")
    address: str = ""
    port: int = 0
    tags: tuple[str, ...] | None = None
    meta: dict[str, str] | None = None
    tagged_addresses: dict[str, _Tagged] | None = None
    namespace: str = ""
    partition: str = ""
    peer_name: str = ""


class _Check(msgspec.Struct, frozen=True, rename="pascal"):
    status: str
    check_id: str = msgspec.field(name="CheckID", default="")
    service_id: str = msgspec.field(name="ServiceID", default="")


class Entry(msgspec.Struct, frozen=True, rename="pascal"):
    """An instance with its node and checks."""

    node: _Node
    service: _Service
    checks: tuple[_Check, ...] | None = None

    def instance(self, ignored: Collection[str] = ()) -> Instance:
        """Make a value of it, without the checks whose ids are to be ignored."""
        node, service, checks = self.node, self.service, self.checks or ()
        tagged = {name: (address, 0) for name, address in (node.tagged_addresses or {}).items()}
        for name, place in (service.tagged_addresses or {}).items():
            tagged[name] = (place.address, place.port)
        return Instance(
            service=service.service,
            service_id=service.id,
            node=node.node,
            datacenter=node.datacenter,
            node_address=node.address,
            address=service.address,
            port=service.port,
            status=worst(check.status for check in checks if check.check_id not in ignored),
            tags=service.tags or (),
            service_meta=service.meta or {},
            node_meta=node.meta or {},
            service_checks=sum(1 for check in checks if check.service_id),
            tagged_addresses=tagged,
        )


class Executed(msgspec.Struct, frozen=True, rename="pascal"):
    """The answer of a prepared query.

    Attributes:
        nodes: What it found.
        service: Of which service.
        datacenter: Where it found that; empty for a peer.
        peer_name: Peer of which it is.
        failovers: How many datacenters and peers were asked beyond the first.
    """

    nodes: tuple[Entry, ...] | None
    service: str = ""
    datacenter: str = ""
    peer_name: str = ""
    failovers: int = 0


class _QueryService(msgspec.Struct, frozen=True, rename="pascal"):
    ignore_check_ids: tuple[str, ...] | None = msgspec.field(name="IgnoreCheckIDs", default=None)
    only_passing: bool = False


class _Query(msgspec.Struct, frozen=True, rename="pascal"):
    service: _QueryService


class Explained(msgspec.Struct, frozen=True, rename="pascal"):
    """The definition of a prepared query, as far as it concerns us."""

    query: _Query


class _Peering(msgspec.Struct, frozen=True, rename="pascal"):
    state: str


class Listed(msgspec.Struct, frozen=True, rename="pascal"):
    """An instance of a service as the catalog lists it, without its checks.

    Attributes:
        node: Name of its node.
        address: Address of the node.
        datacenter: Datacenter of the node.
        node_meta: Meta of the node.
        service_address: The service's own address; empty where it uses the node's.
        service_port: Its port.
    """

    node: str
    address: str
    datacenter: str = ""
    node_meta: dict[str, str] | None = None
    service_address: str = ""
    service_port: int = 0

    @property
    def place(self) -> str:
        """The address that serves."""
        return self.service_address or self.address


class Pair(msgspec.Struct, frozen=True, rename="pascal"):
    """A key with its value.

    Attributes:
        key: The key.
        value: Its value; None for an empty one.
        session: Session that holds it as a lock; empty for none.
        flags: A number for those who write it.
    """

    key: str
    value: bytes | None = None
    session: str = ""
    flags: int = 0


class PauseText(msgspec.Struct, frozen=True):
    """The value of a pause's key."""

    until: datetime | None = None
    by: str = ""
    when: datetime | None = None


class _Created(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="ID")


_ENTRIES = msgspec.json.Decoder(tuple[Entry, ...])
_EXECUTED = msgspec.json.Decoder(Executed)
_EXPLAINED = msgspec.json.Decoder(Explained)
_PEERING = msgspec.json.Decoder(_Peering)
_NODES = msgspec.json.Decoder(tuple[_Node, ...])

_LEADER = msgspec.json.Decoder(str)
_PEERS = msgspec.json.Decoder(tuple[str, ...])
_LISTED = msgspec.json.Decoder(tuple[Listed, ...])
_PAIRS = msgspec.json.Decoder(tuple[Pair, ...])
_PAUSE = msgspec.json.Decoder(PauseText)
_CREATED = msgspec.json.Decoder(_Created)

_ORDER = list(Status)
_RANK: dict[str, int] = {status: rank for rank, status in enumerate(_ORDER)}


def entries(body: bytes, *, remote: str) -> tuple[Entry, ...]:
    """Decode the answer of ``/v1/health/service/NAME``.

    Raises:
        errors.ConsulNotReady: The body is not what Consul documents; the text says where.
    """
    return decoded(_ENTRIES, body, remote)


def executed(body: bytes, *, remote: str) -> Executed:
    """Decode the answer of ``/v1/query/QUERY/execute``; raises as `entries`."""
    return decoded(_EXECUTED, body, remote)


def explained(body: bytes, *, remote: str) -> Explained:
    """Decode the answer of ``/v1/query/QUERY/explain``; raises as `entries`."""
    return decoded(_EXPLAINED, body, remote)


def peering_state(body: bytes, *, remote: str) -> str:
    """Decode the answer of ``/v1/peering/NAME``; raises as `entries`."""
    return decoded(_PEERING, body, remote).state


def node_addresses(body: bytes, *, remote: str) -> tuple[str, ...]:
    """Decode the answer of ``/v1/catalog/nodes``; raises as `entries`."""
    return tuple(node.address for node in decoded(_NODES, body, remote))


def leader(body: bytes, *, remote: str) -> str:
    """Decode the answer of ``/v1/status/leader``; raises as `entries`."""
    return decoded(_LEADER, body, remote)


def peers(body: bytes, *, remote: str) -> tuple[str, ...]:
    """Decode the answer of ``/v1/status/peers``; raises as `entries`."""
    return decoded(_PEERS, body, remote)


def listed(body: bytes, *, remote: str) -> tuple[Listed, ...]:
    """Decode the answer of ``/v1/catalog/service/NAME``; raises as `entries`."""
    return decoded(_LISTED, body, remote)


def pairs(body: bytes, *, remote: str) -> tuple[Pair, ...]:
    """Decode the answer of ``/v1/kv/KEY``; raises as `entries`."""
    return decoded(_PAIRS, body, remote)


def session_id(body: bytes, *, remote: str) -> str:
    """Decode the answer of ``/v1/session/create``; raises as `entries`."""
    return decoded(_CREATED, body, remote).id


def said_true(body: bytes) -> bool:
    """Decode the answer to a write, which is ``true`` where its condition holds."""
    return body.strip() == b"true"


def pause(value: bytes) -> PauseText | None:
    """Decode a pause; None for a value that is none."""
    try:
        return _PAUSE.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def decoded(decoder: msgspec.json.Decoder[_T], body: bytes, remote: str) -> _T:
    """Decode an answer; raises as `entries`."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.ConsulNotReady(
            f"{remote} gave an answer that cannot be read"
            f" ({errors.remote_text(str(error))}); is there a proxy in between?"
        ) from error


def worst(statuses: Iterable[str]) -> Status:
    """Sum up checks as Consul does: the worst counts; maintenance is a critical check.

    A status that Consul does not document counts as critical: what is not understood does not
    receive traffic. No check at all is passing, as in Consul.
    """
    return _ORDER[
        max((_RANK.get(status, _RANK[Status.CRITICAL]) for status in statuses), default=0)
    ]
