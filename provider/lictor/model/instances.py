"""What Consul is asked, and what it says: sources and their instances."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from lictor.model.choices import Health

if TYPE_CHECKING:
    from collections.abc import Mapping


class Status(StrEnum):
    """The worst of an instance's checks, those of its node included, as Consul counts them."""

    PASSING = "passing"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class ConsulService:
    """A service of Consul's catalog as a source of targets.

    Attributes:
        name: The service's name.
        tags: An instance must carry all of these.
        datacenters: Asked each, results united; none means the agent's own.
        health: Which instances count.
        any_tags: An instance must carry at least one of these.
        exclude_tags: An instance must carry none of these.
        filter: Consul's own filter expression, applied by the server.
        node_meta: Pairs that must all stand in the meta of the instance's node.
        namespace: Consul Enterprise namespace; empty means the connection's.
        partition: Consul Enterprise admin partition; empty means the connection's.
        peer: Cluster peer that the service is imported from; empty means our own cluster.
        require_service_check: Whether an instance counts only with a check of its own: one that
            has its node's checks alone may not have been checked at all.
    """

    name: str
    tags: tuple[str, ...] = ()
    datacenters: tuple[str, ...] = ()
    health: Health = Health.PASSING
    any_tags: tuple[str, ...] = field(default=(), kw_only=True)
    exclude_tags: tuple[str, ...] = field(default=(), kw_only=True)
    filter: str = field(default="", kw_only=True)
    node_meta: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    namespace: str = field(default="", kw_only=True)
    partition: str = field(default="", kw_only=True)
    peer: str = field(default="", kw_only=True)
    require_service_check: bool = field(default=False, kw_only=True)

    def __str__(self) -> str:
        """Name the source as messages do: ``web (tags v2; dc1, dc2)``."""
        scopes = {"namespace": self.namespace, "partition": self.partition, "peer": self.peer}
        parts = [
            f"tags {', '.join(self.tags)}" if self.tags else "",
            ", ".join(self.datacenters),
            *(f"{name} {text}" for name, text in scopes.items() if text),
        ]
        said = "; ".join(part for part in parts if part)
        return f"{self.name} ({said})" if said else self.name


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A prepared query as a source of targets: its definition says what counts.

    Attributes:
        name_or_id: The query's name or id.
        datacenter: Where it is executed; empty means the agent's own.
        allow_failover: Whether an answer of another datacenter counts.
    """

    name_or_id: str
    datacenter: str = ""
    allow_failover: bool = False

    def __str__(self) -> str:
        """Name the source as messages do: ``prepared query api-geo (dc1)``."""
        where = f" ({self.datacenter})" if self.datacenter else ""
        return f"prepared query {self.name_or_id}{where}"


Source = ConsulService | PreparedQuery
"""Where instances come from."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One registered instance of a service, healthy or not.

    Attributes:
        service: Name of the service.
        service_id: Consul's id of the instance, unique on its node.
        node: Name of the node.
        datacenter: Datacenter of the node.
        node_address: Address of the node, never empty.
        address: The service's own address; empty where it uses the node's.
        port: The service's port; 0 where it registered none.
        status: Worst of its checks and its node's.
        tags: Tags of the service.
        service_meta: Meta of the service.
        node_meta: Meta of the node.
        service_checks: How many checks are the service's own, not its node's.
        tagged_addresses: Name (``lan_ipv4``, ``wan``, ...) -> address and port. The service's, and
            its node's under names that the service has not; port 0 means the service's port.
    """

    service: str
    service_id: str
    node: str
    datacenter: str
    node_address: str
    address: str
    port: int
    status: Status
    tags: tuple[str, ...] = ()
    service_meta: Mapping[str, str] = field(default_factory=dict)
    node_meta: Mapping[str, str] = field(default_factory=dict)
    service_checks: int = 0
    tagged_addresses: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def reachable_at(self) -> str:
        """The address that serves: the service's own, else its node's."""
        return self.address or self.node_address

    @property
    def place(self) -> str:
        """Where it runs, for people: ``node-3 (dc1)``."""
        return f"{self.node} ({self.datacenter})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source said, with everything that was looked at before filtering.

    Attributes:
        source: The source that was asked.
        instances: Every instance registered under the service, in any state. Of a prepared
            query, or under a ``filter``: what the server let through.
        registered: How many are registered before the server's filter; None where nobody asked.
        datacenter: Which datacenter answered a prepared query; empty for a service.
        failovers: How many datacenters a prepared query tried beyond the first.
    """

    source: Source
    instances: tuple[Instance, ...]
    registered: int | None = None
    datacenter: str = ""
    failovers: int = 0
