"""What Consul's token may, of what a stack's sources and its watchers need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul import authorizing
from lictor.consul.authorizing import Right
from lictor.model import ConsulService

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lictor.consul.client import Client
    from lictor.model import Source

_READING = "deploy/consul-policy.hcl"
_WATCHING = "deploy/consul-policy-watch.hcl"
_NODES = Right("node", "", "read", 'node_prefix "" { policy = "read" }')
_PEERS = Right("peering", "", "read", 'peering = "read"')


def reading(client: Client, sources: Sequence[Source]) -> str:
    """Say whether the token may read what the sources name, and all nodes.

    Raises:
        errors.ConsulDenied: It lacks something; with the rules to add.
        errors.ConsulError: Consul does not answer.
    """
    rights = tuple(dict.fromkeys(_of_sources(sources)))
    services = len({right for right in rights if right.resource == "service"})
    well = f"service:read on the {services} services that the config names, node:read on all nodes"
    return _said(client, rights, well, f"see {_READING}")


def watching(client: Client, prefix: str, *, leads: bool = True) -> str:
    """Say whether the token may take the lock and read the pauses.

    Args:
        client: Which Consul.
        prefix: ``lictor/PROJECT/STACK``.
        leads: Whether there is a lock.

    Raises:
        errors.ConsulDenied: It lacks something; with the rules to add.
        errors.ConsulError: Consul does not answer.
    """
    remedy = f"see {_WATCHING}, or watch with --no-lock"
    keys = f'key_prefix "{prefix}/" {{ policy = "{"write" if leads else "read"}" }}'
    pauses = Right("key", f"{prefix}/paused", "read", keys)
    if not leads:
        return _said(client, (pauses,), f"key:read under {prefix}/, no lock is used", remedy)
    node = authorizing.own_node(client)
    lock = Right("key", f"{prefix}/lock", "write", keys)
    session = Right("session", node, "write", 'session_prefix "" { policy = "write" }')
    well = f"key:write and key:read under {prefix}/, session:write on the agent's node"
    return _said(client, (lock, pauses, session), well, remedy)


def _of_sources(sources: Iterable[Source]) -> Iterable[Right]:
    """List what sources need; executing a prepared query tells by itself what that lacks."""
    yield _NODES
    for source in sources:
        if not isinstance(source, ConsulService):
            continue
        rule = f'service "{source.name}" {{ policy = "read" }}'
        scope = (source.namespace, source.partition)
        yield Right("service", source.name, "read", rule, *scope)
        if any(scope):
            yield Right("node", "", "read", _NODES.rule, *scope)
        if source.peer:
            yield _PEERS


def _said(client: Client, rights: Sequence[Right], well: str, remedy: str) -> str:
    told = authorizing.ask(client, rights)
    if told.off:
        return "none is needed, Consul's ACLs are off"
    if told.untold:
        return f"cannot be told, {told.untold}; {remedy}"
    if told.lacking:
        names = ", ".join(map(str, told.lacking))
        rules = " ".join(dict.fromkeys(right.rule for right in told.lacking))
        raise errors.ConsulDenied(f"the token lacks {names}; add {rules} to its policy, {remedy}")
    return well
