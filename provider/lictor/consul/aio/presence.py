"""The monitor as a service of its own in Consul: registered with an agent, alive by a TTL check."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lictor import errors
from lictor.consul.aio import wire
from lictor.consul.client import Call

if TYPE_CHECKING:
    from lictor.consul.aio.client import Client

TTL = 15.0
"""Seconds after which an instance that says nothing counts as dead; consul-esm's are 30, which with
its lock-delay makes a take-over last longer than a minute."""

REFRESH = 5.0
FORGOTTEN = "30m0s"

_RIGHTS = 'service_prefix "" write and agent_prefix "" read'


@dataclass(frozen=True, slots=True)
class Instance:
    """Who we are.

    Attributes:
        service: Name of the service.
        tag: Its tag; empty for none.
        ident: Id of the service.
    """

    service: str
    tag: str
    ident: str

    @property
    def check(self) -> str:
        """Id of its check."""
        return f"{self.ident}:agent-ttl"


async def standing(client: Client, instance: Instance) -> str:
    """Tell what the agent says of an instance of our id; empty where there is none."""
    path = f"/v1/agent/service/{quote(instance.ident, safe='')}"
    found = (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
    reply = await client.send(Call(path, allowed=found, rights=_RIGHTS))
    if reply.status == HTTPStatus.NOT_FOUND:
        return ""
    reply = await client.send(Call("/v1/agent/checks", rights=_RIGHTS))
    checks = wire.decoded(wire.CHECKS, reply.body, client.remote)
    check = checks.get(instance.check)
    return check.status if check else "critical"


async def register(client: Client, instance: Instance) -> None:
    """Register the service with its check, alive."""
    service: dict[str, Any] = {
        "ID": instance.ident,
        "Name": instance.service,
        "Meta": {"external-source": "consul-esm"},
        "Check": {
            "CheckID": instance.check,
            "Name": "Consul External Service Monitor Alive",
            "Notes": "This check is periodically updated as long as the agent is alive.",
            "TTL": f"{TTL:g}s",
            "Status": "passing",
            "DeregisterCriticalServiceAfter": FORGOTTEN,
        },
    }
    if instance.tag:
        service["Tags"] = [instance.tag]
    await _put(client, "/v1/agent/service/register", service)


async def alive(client: Client, instance: Instance) -> bool:
    """Say that we are alive; False where the agent does not know us any more."""
    path = f"/v1/agent/check/update/{quote(instance.check, safe='')}"
    body = wire.encoded({"Status": "passing"})
    allowed = (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
    reply = await client.send(Call(path, (), "PUT", body, allowed=allowed, rights=_RIGHTS))
    return reply.status == HTTPStatus.OK


async def deregister(client: Client, instance: Instance) -> None:
    """Take the service back."""
    await _put(client, f"/v1/agent/service/deregister/{quote(instance.ident, safe='')}", None)


async def _put(client: Client, path: str, body: object) -> None:
    data = b"" if body is None else wire.encoded(body)
    allowed = (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
    reply = await client.send(Call(path, (), "PUT", data, allowed=allowed, rights=_RIGHTS))
    if reply.status == HTTPStatus.NOT_FOUND and body is not None:
        raise errors.ConsulNotReady(f"{client.remote} does not know {path}")


def instances_call(service: str, tag: str) -> Call:
    """Make the question for all instances that are alive."""
    params = [("passing", "1")] + ([("tag", tag)] if tag else [])
    return Call(f"/v1/health/service/{quote(service, safe='')}", params, rights=_RIGHTS)


def instances(body: bytes, remote: str) -> list[str]:
    """Decode the answer to `instances_call`: ids."""
    return sorted({entry.service.id for entry in wire.decoded(wire.ENTRIES, body, remote)})
