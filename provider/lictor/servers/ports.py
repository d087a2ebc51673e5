"""Which ports a Consul server listens on, and who may reach which.

Source: Consul's table of required ports. Gossip over the WAN (8302) is between servers alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HTTP, HTTPS, GRPC, GRPC_TLS, DNS = 8500, 8501, 8502, 8503, 8600


class Peer(Enum):
    """Who is let in by a rule."""

    MEMBERS = "members"
    """The servers of the cluster themselves."""
    GROUP = "group"
    """Whoever carries a security group."""
    BLOCK = "block"
    """Whoever has an address of a block."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule for what comes in.

    Attributes:
        port: The one port.
        protocol: ``tcp`` or ``udp``.
        peer: Who is let in.
        source: Id of the security group, or CIDR block; empty for the members.
        description: What the port is for, as the console shows it.
    """

    port: int
    protocol: Literal["tcp", "udp"]
    peer: Peer
    source: str
    description: str


_Port = tuple[int, Literal["tcp", "udp"], str]

_LAN: tuple[_Port, ...] = (
    (8300, "tcp", "RPC"),
    (8301, "tcp", "gossip, LAN"),
    (8301, "udp", "gossip, LAN"),
)
_WAN: tuple[_Port, ...] = ((8302, "tcp", "gossip, WAN"), (8302, "udp", "gossip, WAN"))
_CLEAR: tuple[_Port, ...] = ((HTTP, "tcp", "HTTP API"), (GRPC, "tcp", "gRPC"))
_SECURE: tuple[_Port, ...] = ((HTTPS, "tcp", "HTTPS API"), (GRPC_TLS, "tcp", "gRPC over TLS"))
_DNS: tuple[_Port, ...] = ((DNS, "tcp", "DNS"), (DNS, "udp", "DNS"))


def rules(
    *, tls: bool, dns: bool, groups: Sequence[str] = (), blocks: Sequence[str] = ()
) -> tuple[Rule, ...]:
    """List what comes in: exactly Consul's ports, of which either the clear or the TLS ones.

    Args:
        tls: Whether the servers speak TLS: 8501 and 8503 instead of 8500 and 8502.
        dns: Whether 8600 is open, too.
        groups: Ids of the clients' security groups.
        blocks: The clients' CIDR blocks.
    """
    api = (_SECURE if tls else _CLEAR) + (_DNS if dns else ())
    clients = [*((Peer.GROUP, g) for g in groups), *((Peer.BLOCK, b) for b in blocks)]
    return (
        *_for((*_LAN, *_WAN, *api), Peer.MEMBERS, ""),
        *(rule for peer, source in clients for rule in _for((*_LAN, *api), peer, source)),
    )


def _for(ports: Iterable[_Port], peer: Peer, source: str) -> Iterable[Rule]:
    """Open ports for one peer."""
    for port, protocol, purpose in ports:
        yield Rule(port, protocol, peer, source, f"Consul {purpose}")


def listening(*, tls: bool) -> dict[str, int]:
    """Return Consul's ``ports``: what has a rule listens, what has none does not."""
    if tls:
        return {"http": -1, "https": HTTPS, "grpc": -1, "grpc_tls": GRPC_TLS, "dns": DNS}
    return {"http": HTTP, "https": -1, "grpc": GRPC, "grpc_tls": -1, "dns": DNS}
