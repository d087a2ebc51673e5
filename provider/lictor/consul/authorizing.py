"""What a token may, as Consul itself tells: nothing is written to find out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from lictor.consul import wire
from lictor.consul.client import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lictor.consul.client import Client, Reply

_PATH = "/v1/internal/acl/authorize"
_MOST = 64
"""Questions that Consul takes in one call."""

_OFF = b"ACL support disabled"
_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_UNKNOWN = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
_OF_A_NODE = re.compile(r"lacks permission 'agent:read' on \"([^\"]+)\"")


class _Judged(msgspec.Struct, frozen=True, rename="pascal"):
    allow: bool


class _Version(msgspec.Struct, frozen=True, rename="pascal"):
    human_version: str = ""


class _Config(msgspec.Struct, frozen=True, rename="pascal"):
    node_name: str = ""


class _Self(msgspec.Struct, frozen=True, rename="pascal"):
    config: _Config


_JUDGED = msgspec.json.Decoder(tuple[_Judged, ...])
_VERSION = msgspec.json.Decoder(_Version)
_SELF = msgspec.json.Decoder(_Self)


@dataclass(frozen=True, slots=True)
class Right:
    """One thing that a token may or may not do.

    Attributes:
        resource: Consul's kind of thing, such as ``key``.
        name: Which one; empty for all of them.
        access: ``read`` or ``write``.
        rule: What gives it, as a policy has it.
        namespace: Consul Enterprise namespace; empty for the connection's.
        partition: Consul Enterprise admin partition; empty for the connection's.
    """

    resource: str
    name: str
    access: str
    rule: str
    namespace: str = ""
    partition: str = ""

    def __str__(self) -> str:
        """Name it as Consul does: ``service:read on web``."""
        return f"{self.resource}:{self.access}{f' on {self.name}' if self.name else ''}"


@dataclass(frozen=True, slots=True)
class Told:
    """What Consul told.

    Attributes:
        lacking: Rights that the token does not have.
        untold: Why Consul does not tell; empty where it did.
        off: Whether it has no ACLs, so that everybody may do all.
    """

    lacking: tuple[Right, ...] = ()
    untold: str = ""
    off: bool = False


def ask(client: Client, rights: Sequence[Right]) -> Told:
    """Ask which of these rights the token lacks.

    Raises:
        errors.ConsulError: There is no answer, or none that can be read.
    """
    lacking: list[Right] = []
    for start in range(0, len(rights), _MOST):
        some = rights[start : start + _MOST]
        reply = _asked(client, some)
        if _OFF in reply.body:
            return Told(off=True)
        if reply.status != HTTPStatus.OK:
            return Told(untold=f"{client.remote} answers {reply.status:d} to {_PATH}")
        judged = wire.decoded(_JUDGED, reply.body, client.remote)
        if len(judged) != len(some):
            return Told(untold=f"{client.remote} does not answer all of {_PATH}")
        lacking += [right for right, said in zip(some, judged, strict=True) if not said.allow]
    return Told(tuple(lacking))


def own_node(client: Client) -> str:
    """Ask for the name of the agent's node, which a refusal names as well; empty if untold.

    Raises:
        errors.ConsulError: There is no answer, or none that can be read.
    """
    reply = client.get("/v1/agent/self", allowed=(HTTPStatus.OK, *_REFUSED, *_UNKNOWN))
    if reply.status == HTTPStatus.OK:
        return wire.decoded(_SELF, reply.body, client.remote).config.node_name
    found = _OF_A_NODE.search(reply.body.decode("utf-8", "replace"))
    return found[1] if found else ""


def version(client: Client) -> str:
    """Ask for the version of the agent; empty where it does not tell.

    Raises:
        errors.ConsulError: There is no answer, or none that can be read.
    """
    reply = client.get("/v1/agent/version", allowed=(HTTPStatus.OK, *_REFUSED, *_UNKNOWN))
    if reply.status != HTTPStatus.OK:
        return ""
    return wire.decoded(_VERSION, reply.body, client.remote).human_version


def _asked(client: Client, rights: Sequence[Right]) -> Reply:
    datacenter = client.connection.datacenter
    body = msgspec.json.encode([_question(client, right) for right in rights])
    params = [("dc", datacenter)] if datacenter else []
    return client.send(Call(_PATH, params, "POST", body, (HTTPStatus.OK, *_REFUSED, *_UNKNOWN)))


def _question(client: Client, right: Right) -> dict[str, Any]:
    """Write one question; what only Enterprise knows is left out where it is not set."""
    parts = {
        "Resource": right.resource,
        "Access": right.access,
        "Segment": right.name,
        "Namespace": right.namespace or client.connection.namespace,
        "Partition": right.partition or client.connection.partition,
    }
    return {name: text for name, text in parts.items() if text or name == "Segment"}
