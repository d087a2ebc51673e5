"""What stands in Consul's catalog of a node that no agent looks after.

Two values are equal when they say the same of what is declared: an index tells how often Consul
has changed something, and a check's status is the monitor's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CRITICAL = "critical"
"""Status of a check before it has run: nobody is sent where nobody has looked."""


@dataclass(frozen=True, slots=True)
class CatalogNode:
    """A node.

    Attributes:
        name: Its name.
        address: An address, or a host name.
        meta: Its meta.
        index: When it was changed last, in Consul's count; 0 where it does not stand.
    """

    name: str
    address: str
    meta: Mapping[str, str] = field(default_factory=dict)
    index: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CatalogService:
    """An instance of a service on a node.

    Attributes:
        id: Its id, unique on the node.
        name: The service's name.
        address: Its own address; empty where it uses the node's.
        port: Its port; 0 for none.
        tags: Its tags.
        meta: Its meta.
        index: As a node's.
    """

    id: str
    name: str
    address: str = ""
    port: int = 0
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    index: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Definition:
    """What the monitor does for a check; durations in seconds, 0 for its defaults.

    As far as Consul's transactions carry it: they leave out ``UDP`` and ``DisableRedirects``
    [1.22].

    Attributes:
        http: URL that is asked.
        method: HTTP's verb; empty for GET.
        header: Name -> values that are sent.
        body: What is sent.
        tcp: ``host:port`` that is connected to.
        tcp_use_tls: Whether by TLS.
        grpc: ``host:port`` or ``host:port/service`` whose health is asked.
        grpc_use_tls: Whether by TLS.
        tls_server_name: Name that the certificate must have.
        tls_skip_verify: Whether any certificate will do.
        interval: How often.
        timeout: How long an answer is waited for.
        deregister_critical_service_after: How long its service may be critical.
    """

    http: str = ""
    method: str = ""
    header: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    body: str = ""
    tcp: str = ""
    tcp_use_tls: bool = False
    grpc: str = ""
    grpc_use_tls: bool = False
    tls_server_name: str = ""
    tls_skip_verify: bool = False
    interval: float = 0.0
    timeout: float = 0.0
    deregister_critical_service_after: float = 0.0


@dataclass(frozen=True, slots=True)
class CatalogCheck:
    """A check of a node, or of a service on it.

    Attributes:
        id: Its id, unique on the node.
        name: Its name.
        service_id: Whose; empty for the node's own.
        notes: For people.
        definition: What the monitor does.
        status: What it has found.
        output: What it has seen.
        index: As a node's; it moves with the status.
    """

    id: str
    name: str
    service_id: str = ""
    notes: str = ""
    definition: Definition = field(default_factory=Definition)
    status: str = field(default=CRITICAL, compare=False)
    output: str = field(default="", compare=False)
    index: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A node with what stands on it.

    Attributes:
        node: The node.
        services: Id -> service.
        checks: Id -> check.
    """

    node: CatalogNode
    services: Mapping[str, CatalogService] = field(default_factory=dict)
    checks: Mapping[str, CatalogCheck] = field(default_factory=dict)

    def parts(self) -> dict[str, Part]:
        """List all of it: ``node``, ``service:ID``, ``check:ID`` -> value; a node comes first."""
        return {
            "node": self.node,
            **{f"service:{ident}": service for ident, service in self.services.items()},
            **{f"check:{ident}": check for ident, check in self.checks.items()},
        }


Part = CatalogNode | CatalogService | CatalogCheck
"""What is written, each by an operation of its own."""


@dataclass(frozen=True, slots=True)
class Put:
    """A part is set, if it is as it was when it was read: index 0 for what does not stand."""

    part: Part
    index: int


@dataclass(frozen=True, slots=True)
class Drop:
    """A part is deleted, if it is as it was when it was read; with a node all that is on it."""

    part: Part
    index: int


Operation = Put | Drop
