"""Consul's JSON of catalog records, and back: what a transaction takes and what reads give."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from lictor import errors
from lictor.model import (
    CatalogCheck,
    CatalogNode,
    CatalogService,
    Definition,
    Put,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.model import Operation

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_TERM = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")


class Node(msgspec.Struct, frozen=True, rename="pascal"):
    """A node as ``/v1/catalog/node/NAME`` has it."""

    node: str
    address: str
    meta: dict[str, str] | None = None
    modify_index: int = 0

    def value(self) -> CatalogNode:
        """Make a value of it."""
        return CatalogNode(self.node, self.address, self.meta or {}, self.modify_index)


class Service(msgspec.Struct, frozen=True, rename="pascal"):
    """A service of a node, in the same answer."""

    service: str
    id: str = msgspec.field(name="ID")
    address: str = ""
    port: int = 0
    tags: tuple[str, ...] | None = None
    meta: dict[str, str] | None = None
    modify_index: int = 0

    def value(self) -> CatalogService:
        """Make a value of it."""
        tags, meta = self.tags or (), self.meta or {}
        return CatalogService(
            self.id, self.service, self.address, self.port, tags, meta, self.modify_index
        )


class _Definition(msgspec.Struct, frozen=True, rename="pascal"):
    http: str = msgspec.field(name="HTTP", default="")
    method: str = ""
    header: dict[str, tuple[str, ...]] | None = None
    body: str = ""
    tcp: str = msgspec.field(name="TCP", default="")
    tcp_use_tls: bool = msgspec.field(name="TCPUseTLS", default=False)
    grpc: str = msgspec.field(name="GRPC", default="")
    grpc_use_tls: bool = msgspec.field(name="GRPCUseTLS", default=False)
    tls_server_name: str = msgspec.field(name="TLSServerName", default="")
    tls_skip_verify: bool = msgspec.field(name="TLSSkipVerify", default=False)
    interval: str = ""
    timeout: str = ""
    deregister_critical_service_after: str = ""


class Check(msgspec.Struct, frozen=True, rename="pascal"):
    """A check as ``/v1/health/node/NAME`` has it."""

    check_id: str = msgspec.field(name="CheckID")
    name: str = ""
    service_id: str = msgspec.field(name="ServiceID", default="")
    notes: str = ""
    status: str = ""
    output: str = ""
    definition: _Definition = _Definition()
    modify_index: int = 0

    def value(self) -> CatalogCheck:
        """Make a value of it."""
        raw = msgspec.structs.asdict(self.definition)
        for name in _DURATIONS:
            raw[name] = seconds(raw[name])
        raw["header"] = raw["header"] or {}
        return CatalogCheck(
            self.check_id,
            self.name,
            self.service_id,
            self.notes,
            Definition(**raw),
            self.status,
            self.output,
            self.modify_index,
        )


class Listed(msgspec.Struct, frozen=True, rename="pascal"):
    """The answer of ``/v1/catalog/node/NAME``."""

    node: Node
    services: dict[str, Service] | None = None


class _Error(msgspec.Struct, frozen=True, rename="pascal"):
    what: str = ""


class _Changed(msgspec.Struct, frozen=True, rename="pascal"):
    modify_index: int = 0


class _Result(msgspec.Struct, frozen=True, rename="pascal"):
    node: _Changed | None = None
    service: _Changed | None = None
    check: _Changed | None = None

    @property
    def index(self) -> int:
        changed = self.node or self.service or self.check
        return changed.modify_index if changed else 0


class _Made(msgspec.Struct, frozen=True, rename="pascal"):
    results: tuple[_Result, ...] | None = None


class Refused(msgspec.Struct, frozen=True, rename="pascal"):
    """The answer of ``/v1/txn`` to a transaction that was not made."""

    errors: tuple[_Error, ...] | None = None


_DURATIONS = ("interval", "timeout", "deregister_critical_service_after")
_LISTED = msgspec.json.Decoder(Listed | None)
_CHECKS = msgspec.json.Decoder(tuple[Check, ...])
_MADE = msgspec.json.Decoder(_Made)
_REFUSED = msgspec.json.Decoder(Refused)


def listed(body: bytes, *, remote: str) -> Listed | None:
    """Decode a node with its services; None where there is none.

    Raises:
        errors.ConsulNotReady: The body is not what Consul documents.
    """
    found: Listed | None = _decoded(_LISTED, body, remote)
    return found


def checks(body: bytes, *, remote: str) -> tuple[Check, ...]:
    """Decode a node's checks; raises as `listed`."""
    found: tuple[Check, ...] = _decoded(_CHECKS, body, remote)
    return found


def indexes(body: bytes, *, remote: str) -> tuple[int, ...]:
    """Decode the indexes of what a transaction has set, in order; raises as `listed`."""
    made: _Made = _decoded(_MADE, body, remote)
    return tuple(result.index for result in made.results or ())


def refusals(body: bytes, *, remote: str) -> tuple[str, ...]:
    """Decode why a transaction was not made; raises as `listed`."""
    return tuple(error.what for error in _decoded(_REFUSED, body, remote).errors or ())


def transaction(node: str, operations: tuple[Operation, ...], names: Mapping[str, str]) -> bytes:
    """Encode operations, all by compare-and-set.

    Args:
        node: Name of the node that they are about.
        operations: What to do.
        names: Id of a service -> its name, for its checks.
    """
    return msgspec.json.encode([_operation(node, one, names) for one in operations])


def _operation(node: str, operation: Operation, names: Mapping[str, str]) -> dict[str, Any]:
    verb = "cas" if isinstance(operation, Put) else "delete-cas"
    part, index = operation.part, {"ModifyIndex": operation.index}
    if isinstance(part, CatalogNode):
        body = {"Node": part.name, "Address": part.address, "Meta": dict(part.meta), **index}
        return {"Node": {"Verb": verb, "Node": body}}
    if isinstance(part, CatalogService):
        body = {
            "ID": part.id,
            "Service": part.name,
            "Address": part.address,
            "Port": part.port,
            "Tags": list(part.tags),
            "Meta": dict(part.meta),
            **index,
        }
        return {"Service": {"Verb": verb, "Node": node, "Service": body}}
    body = {
        "Node": node,
        "CheckID": part.id,
        "Name": part.name,
        "ServiceID": part.service_id,
        "ServiceName": names.get(part.service_id, ""),
        "Notes": part.notes,
        "Status": part.status,
        "Output": part.output,
        "Definition": _definition(part.definition),
        **index,
    }
    return {"Check": {"Verb": verb, "Check": body}}


def _definition(definition: Definition) -> dict[str, Any]:
    """Encode what is not its default."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(_Definition):
        value = getattr(definition, field.name)
        if not value:
            continue
        if field.name in _DURATIONS:
            value = f"{round(value * 1000)}ms"
        elif field.name == "header":
            value = {name: list(values) for name, values in value.items()}
        found[field.encode_name] = value
    return found


def seconds(text: str) -> float:
    """Read a duration as Go writes it: ``1m30s``; 0 for none."""
    return sum(float(number) * _UNITS[unit] for number, unit in _TERM.findall(text))


def _decoded(decoder: msgspec.json.Decoder[Any], body: bytes, remote: str) -> Any:  # noqa: ANN401 - of several types
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.ConsulNotReady(
            f"{remote} gave an answer that cannot be read"
            f" ({errors.remote_text(str(error))}); is there a proxy in between?"
        ) from error
