"""The monitor as a service without an agent: in the catalog, alive by a session.

Consul's servers keep the check of type ``session`` passing while a session of its name lives
(Consul 1.22 and newer).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lictor import errors
from lictor.consul.aio import lock, services, wire
from lictor.consul.client import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.presence import Instance

TTL = 10.0
"""Seconds of the session; Consul ends it within twice as many."""

_RIGHTS = 'node_prefix "" write, service_prefix "" write and session_prefix "" write'


def node(instance: Instance) -> str:
    """Name the node that stands for us."""
    return f"{instance.ident}:node"


def bound(instance: Instance) -> Mapping[str, object]:
    """Say what a session of ours ends with."""
    return {"Node": node(instance), "NodeChecks": [f"{instance.ident}:session-check"]}


async def holder(client: Client, instance: Instance, path: str) -> str:
    """Tell the session of whoever is alive with our id; empty for nobody."""
    key = f"/v1/kv/{quote(path + _health(instance))}"
    found = (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
    reply = await client.send(Call(key, [("consistent", "")], allowed=found, rights=_RIGHTS))
    if reply.status == HTTPStatus.NOT_FOUND:
        return ""
    return wire.decoded(wire.PAIRS, reply.body, client.remote)[0].session


async def known(client: Client, instance: Instance) -> bool:
    """Tell whether the catalog has our service."""
    return instance.ident in (await services.on(client, node(instance)) or ())


def _health(instance: Instance) -> str:
    return f"{instance.ident}:health-session"


async def register(client: Client, instance: Instance, status: str) -> None:
    """Register node, service and check, which begins with a status."""
    ident = instance.ident
    service: dict[str, Any] = {
        "ID": ident,
        "Service": instance.service,
        "Meta": {"external-source": "consul-esm"},
    }
    if instance.tag:
        service["Tags"] = [instance.tag]
    body = {
        "Node": node(instance),
        "Address": f"esm-{ident}",
        "Service": service,
        "Check": {
            "Node": node(instance),
            "CheckID": f"{ident}:session-check",
            "Name": "Consul External Service Monitor Alive",
            "Type": "session",
            "Status": status,
            "Definition": {
                "SessionName": _health(instance),
                "DeregisterCriticalServiceAfter": "30m0s",
            },
        },
    }
    call = Call("/v1/catalog/register", (), "PUT", wire.encoded(body), rights=_RIGHTS)
    await client.send(call)


async def live(client: Client, instance: Instance, path: str) -> str:
    """Begin the session that keeps the check passing; return its id."""
    name = _health(instance)
    # a check that is critical would keep the session from being made: it is what mends it
    found = await lock.session(client, name, TTL, {"Node": node(instance), "NodeChecks": []})
    call = Call(f"/v1/kv/{quote(path + name)}", [("acquire", found)], "PUT", b"", rights=_RIGHTS)
    reply = await client.send(call)
    if reply.body.strip() != b"true":
        raise errors.ConsulNotReady(f"{client.remote}: {path}{name} is locked by somebody else")
    return found


async def deregister(client: Client, instance: Instance, session: str) -> None:
    """Take the service back, and end the session."""
    body = wire.encoded({"Node": node(instance), "ServiceID": instance.ident})
    await client.send(Call("/v1/catalog/deregister", (), "PUT", body, rights=_RIGHTS))
    if session:
        path = f"/v1/session/destroy/{session}"
        await client.send(Call(path, (), "PUT", b"", rights=_RIGHTS))
