"""Checks of external nodes: read with their definitions, written by compare-and-set."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from lictor import errors
from lictor.consul import gate
from lictor.consul.aio import nodes, wire
from lictor.consul.client import Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.wire import Row

OPERATIONS = 64
"""Operations that Consul takes in one transaction."""

BYTES = 400 * 1024
"""Of a transaction, of the 512 KiB that Consul takes."""

LOST = (b'"UDP"', b'"H2P', b'"Alias', b'"DisableRedirects"', b'"OutputMaxSize"')
"""Fields of a definition that a transaction drops without a word (seen with Consul 1.22), so that
such a check is written by the catalog's own call."""

RIGHTS = 'node_prefix "" write and service_prefix "" write'
_UNREADABLE = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
_ANSWERED = (HTTPStatus.OK, HTTPStatus.CONFLICT, *_UNREADABLE)


@dataclass(frozen=True, slots=True)
class Write:
    """A check as it shall be.

    Attributes:
        row: As Consul has it.
        status: What it shall say.
        output: The same.
        definition: Its definition.
    """

    row: Row
    status: str
    output: str

    @property
    def whole(self) -> bool:
        """Whether a transaction writes all of it."""
        definition = bytes(self.row.definition)
        return not any(name in definition for name in LOST)

    def check(self) -> dict[str, Any]:
        """Make what Consul is sent: only what it said itself, for an older one refuses more."""
        row = self.row
        check: dict[str, Any] = {
            "Node": row.node,
            "CheckID": row.check_id,
            "Name": row.name,
            "Status": self.status,
            "Output": self.output,
        }
        more = {
            "Notes": row.notes,
            "ServiceID": row.service_id,
            "ServiceName": row.service_name,
            "ServiceTags": row.service_tags,
            "Type": row.type,
            "Namespace": row.namespace,
            "Partition": row.partition,
        }
        check.update({name: value for name, value in more.items() if value})
        if len(bytes(row.definition)) > len(b"{}"):
            check["Definition"] = row.definition
        return check


@dataclass(slots=True)
class Outcome:
    """What became of a transaction.

    Attributes:
        indexes: Position of a write -> the check's new index.
        stale: Positions of those that Consul did not find as they were told.
        refused: Position of a write that Consul does not take -> why. Then nothing was written.
        divide: Whether one of several cannot even be read, and Consul does not say which.
    """

    indexes: dict[int, int] = field(default_factory=dict)
    stale: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    divide: bool = False

    @property
    def bad(self) -> set[int]:
        """Positions of all that kept the transaction from being committed."""
        return {*self.stale, *self.refused}


def watch_call(meta: Mapping[str, str], *, namespaces: bool, stale: bool) -> Call:
    """Make the question for all checks of external nodes."""
    params = [("node-meta", f"{key}:{value}") for key, value in meta.items()]
    params += [("ns", "*")] if namespaces else []
    params += [("stale", "")] if stale else []
    return Call("/v1/health/state/any", params, rights=RIGHTS)


def rows(body: bytes, remote: str) -> list[Row]:
    """Decode the answer to `watch_call`."""
    return wire.decoded(wire.ROWS, body, remote)


def encoded(writes: Sequence[Write]) -> list[bytes]:
    """Encode each write as an operation of a transaction."""
    return [
        msgspec.json.encode(
            {
                "Check": {
                    "Verb": "cas",
                    "Check": {**write.check(), "ModifyIndex": write.row.modify_index},
                }
            }
        )
        for write in writes
    ]


def pieces(operations: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Cut operations into transactions that Consul takes: from where to where."""
    begin = size = 0
    for position, operation in enumerate(operations):
        if position > begin and size + len(operation) >= BYTES:
            yield begin, position
            begin, size = position, 0
        size += len(operation) + 1
    if begin < len(operations):
        yield begin, len(operations)


async def commit(client: Client, operations: Sequence[bytes]) -> Outcome:
    """Write checks in one transaction: all of them, or none where one is not as it was.

    Raises:
        errors.ConsulError: It cannot be told.
    """
    body = b"[" + b",".join(operations) + b"]"
    reply = await client.send(Call("/v1/txn", (), "PUT", body, allowed=_ANSWERED, rights=RIGHTS))
    if reply.status in _UNREADABLE:
        if len(operations) > 1:
            return Outcome(divide=True)
        return Outcome(refused={0: _refusal(client.remote, reply.body.decode("utf-8", "replace"))})
    answer = wire.decoded(wire.TXN, reply.body, client.remote)
    outcome = Outcome()
    if reply.status == HTTPStatus.CONFLICT:
        for error in answer.errors or ():
            if nodes.STALE not in error.what:
                outcome.refused[error.op_index] = _refusal(client.remote, error.what)
        told = {error.op_index for error in answer.errors or ()}
        outcome.stale = sorted(told - outcome.refused.keys())
        if not any(0 <= position < len(operations) for position in outcome.bad):
            raise errors.ConsulNotReady(f"{client.remote} took no transaction and does not say why")
        return outcome
    results = answer.results or ()
    if len(results) == len(operations):  # else some were kept from us, and positions tell nothing
        for position, result in enumerate(results):
            if result.check is not None:
                outcome.indexes[position] = result.check.modify_index
    return outcome


def _refusal(remote: str, what: str) -> str:
    text = errors.remote_text(what)
    if nodes.DENIED in what:
        return f"{remote} refuses the token ({text}); set token to one with {RIGHTS}"
    return f"{remote} says {text}"


async def current(client: Client, row: Row) -> list[Row]:
    """Read all checks of a row's node, confirmed by the leader; none where it is gone."""
    params = [("consistent", "")]
    params += [("ns", row.namespace)] if row.namespace else []
    params += [("partition", row.partition)] if row.partition else []
    reply = await client.send(
        Call(f"/v1/health/node/{quote(row.node, safe='')}", params, rights=RIGHTS)
    )
    gate.whole(reply.headers, remote=client.remote, rights=RIGHTS)
    return rows(reply.body, client.remote)


async def register(client: Client, write: Write, address: str) -> None:
    """Write a check by the catalog's own call, which keeps all of a definition."""
    row = write.row
    body = {
        "Node": row.node,
        "Address": address,
        "SkipNodeUpdate": True,
        "Check": write.check(),
        **({"Partition": row.partition} if row.partition else {}),
    }
    call = Call("/v1/catalog/register", (), "PUT", wire.encoded(body), rights=RIGHTS)
    await client.send(call)


async def deregister_service(client: Client, row: Row) -> bool:
    """Take a service with its checks out of the catalog; its node and the others stay.

    Returns:
        False where the check is not as the row has it any more; then everything stays.

    Raises:
        errors.ConsulError: It cannot be told, or is not allowed.
    """
    scope = {"Namespace": row.namespace, "Partition": row.partition}
    scope = {name: value for name, value in scope.items() if value}
    check = {
        "Node": row.node,
        "CheckID": row.check_id,
        "ServiceID": row.service_id,
        "ServiceName": row.service_name,
        "ModifyIndex": row.modify_index,
        **scope,
    }
    service = {"ID": row.service_id, "Service": row.service_name, **scope}
    return await nodes.transact(
        client,
        [
            {"Check": {"Verb": "delete-cas", "Check": check}},
            {"Service": {"Verb": "delete", "Node": row.node, "Service": service}},
        ],
    )
