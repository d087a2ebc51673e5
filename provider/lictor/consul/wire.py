"""Consul's JSON as it comes over the wire, and how it becomes our values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from lictor import errors
from lictor.model import Instance, Status

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Node(msgspec.Struct, frozen=True, rename="pascal"):
    node: str
    address: str
    datacenter: str = ""
    meta: dict[str, str] | None = None


class _Service(msgspec.Struct, frozen=True):
    id: str = msgspec.field(name="ID")
    service: str = msgspec.field(name="Service")
    address: str = msgspec.field(name="Address", default="")
    port: int = msgspec.field(name="Port", default=0)
    tags: tuple[str, ...] | None = msgspec.field(name="Tags", default=None)
    meta: dict[str, str] | None = msgspec.field(name="Meta", default=None)


class _Check(msgspec.Struct, frozen=True, rename="pascal"):
    status: str


class _Entry(msgspec.Struct, frozen=True, rename="pascal"):
    node: _Node
    service: _Service
    checks: tuple[_Check, ...] | None = None


_ENTRIES = msgspec.json.Decoder(list[_Entry])


def instances(body: bytes, *, remote: str) -> tuple[Instance, ...]:
    """Decode the answer of ``/v1/health/service/NAME``.

    Raises:
        errors.ConsulNotReady: The body is not what Consul documents; the text says where.
    """
    try:
        entries = _ENTRIES.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise errors.ConsulNotReady(
            f"{remote} gave an answer that cannot be read"
            f" ({errors.remote_text(str(error))}); is there a proxy in between?"
        ) from error
    return tuple(_instance(entry) for entry in entries)


def _instance(entry: _Entry) -> Instance:
    """Make a value of one entry."""
    node, service = entry.node, entry.service
    return Instance(
        service=service.service,
        service_id=service.id,
        node=node.node,
        datacenter=node.datacenter,
        node_address=node.address,
        address=service.address,
        port=service.port,
        status=worst(check.status for check in entry.checks or ()),
        tags=service.tags or (),
        service_meta=service.meta or {},
        node_meta=node.meta or {},
    )


def worst(statuses: Iterable[str]) -> Status:
    """Sum up checks as Consul does: the worst counts; maintenance is a critical check.

    A status that Consul does not document counts as critical: what is not understood does not
    receive traffic. No check at all is passing, as in Consul.
    """
    order = list(Status)
    result = Status.PASSING
    for status in statuses:
        known = Status(status) if status in order else Status.CRITICAL
        result = max(result, known, key=order.index)
    return result
