"""Consul's servers and the machines that they run on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Server:
    """A server of a datacenter.

    Attributes:
        address: Where raft reaches it, without the port.
        node: Name of its node; empty where the catalog does not have it.
        datacenter: Its datacenter; empty as `node`.
        meta: Meta of its node.
    """

    address: str
    node: str = ""
    datacenter: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Where it runs, for people: ``server-3 (dc1)``, or its address."""
        return f"{self.node} ({self.datacenter})" if self.node else self.address


@dataclass(frozen=True, slots=True)
class Raft:
    """Who leads a datacenter, and whom.

    Attributes:
        leader: The leader.
        peers: All servers that take part, the leader included.
        spoken: The leader's address as Consul speaks it: ``10.0.0.1:8300``.
    """

    leader: Server
    peers: tuple[Server, ...]
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """An EC2 instance.

    Attributes:
        id: Its id.
        address: Its private IPv4 address; empty where it has none.
        vpc_id: Its VPC; empty where it has none.
    """

    id: str
    address: str
    vpc_id: str = ""
