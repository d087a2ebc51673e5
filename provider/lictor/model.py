"""The values that cross rooms. Frozen, small, free of any SDK's shapes.

Read from top to bottom they are the flow: a source is asked, instances are found, targets are
derived from them, and a target group says how each of its targets does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_INSTANCE_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})\Z")


class Health(StrEnum):
    """Which instances of a service count as able to serve."""

    PASSING = "passing"
    """All checks of the instance and of its node pass."""
    WARNING = "warning"
    """Passing or warning."""
    ANY = "any"
    """Whatever the checks say: the load balancer decides."""


class Status(StrEnum):
    """The worst of an instance's checks, those of its node included, as Consul counts them."""

    PASSING = "passing"
    WARNING = "warning"
    CRITICAL = "critical"


class TargetType(StrEnum):
    """What a target group's target ids are."""

    INSTANCE = "instance"
    IP = "ip"


class TargetId(StrEnum):
    """Where an instance group's target id comes from."""

    AUTO = "auto"
    """Service meta, then node meta, then a node name that is an instance id."""
    SERVICE_META = "service-meta"
    NODE_META = "node-meta"
    NODE_NAME = "node-name"


class OnEmpty(StrEnum):
    """What happens to the targets when no instance is left."""

    KEEP = "keep"
    DRAIN = "drain"
    FAIL = "fail"


class OnGuard(StrEnum):
    """What happens when a guard trips."""

    HOLD = "hold"
    FAIL = "fail"


class Policy(StrEnum):
    """Which changes may be made at all."""

    SYNC = "sync"
    ADD_ONLY = "add-only"


@dataclass(frozen=True, slots=True)
class ConsulService:
    """A service of Consul's catalog as a source of targets.

    Attributes:
        name: The service's name.
        tags: An instance must carry all of these.
        datacenters: Asked each, results united; none means the agent's own.
        health: Which instances count.
    """

    name: str
    tags: tuple[str, ...] = ()
    datacenters: tuple[str, ...] = ()
    health: Health = Health.PASSING

    def __str__(self) -> str:
        """Name the source as messages do: ``web (tags v2; dc1, dc2)``."""
        parts = []
        if self.tags:
            parts.append(f"tags {', '.join(self.tags)}")
        if self.datacenters:
            parts.append(", ".join(self.datacenters))
        return f"{self.name} ({'; '.join(parts)})" if parts else self.name


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
        instances: Every instance registered under the service, in any state.
    """

    source: ConsulService
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """What a target group is; none of this changes in its life.

    Attributes:
        arn: Its ARN.
        target_type: What its target ids are.
        port: Where its targets are reached unless they say otherwise.
    """

    arn: str
    target_type: TargetType
    port: int

    @property
    def name(self) -> str:
        """The name within the ARN."""
        return self.arn.rsplit(":", 1)[-1].split("/")[1]


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What a load balancer sends requests to. Its identity is ``id:port``.

    Attributes:
        id: Instance id or IP address, without brackets.
        port: 1 to 65535.
    """

    id: str
    port: int

    @property
    def key(self) -> str:
        """The identity as it stands in state: ``i-0abc:8080``, ``10.0.0.1:80``, ``fd00::1:80``."""
        return f"{self.id}:{self.port}"

    @classmethod
    def from_key(cls, key: str) -> Target:
        """Read a key back; the port is what follows the last colon."""
        ident, _, port = key.rpartition(":")
        return cls(ident, int(port))


class TargetState(StrEnum):
    """A load balancer's view of a target (ELBv2 ``TargetHealthStateEnum``)."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNHEALTHY_DRAINING = "unhealthy.draining"
    UNUSED = "unused"
    DRAINING = "draining"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """A target that a group lists, and how it does.

    Attributes:
        target: Which target.
        state: The load balancer's view.
        reason: Its code for that view, such as ``Target.NotInUse``; empty when healthy.
    """

    target: Target
    state: TargetState
    reason: str = ""

    @property
    def draining(self) -> bool:
        """On its way out: registered no more, though still listed.

        ``unhealthy.draining`` is not: such a target of a Network Load Balancer is still
        registered and comes back by itself.
        """
        return self.state is TargetState.DRAINING

    @property
    def healthy(self) -> bool:
        """Receives requests."""
        return self.state is TargetState.HEALTHY


@dataclass(frozen=True, slots=True)
class Guards:
    """What stands between a Consul answer and a removal.

    Attributes:
        policy: Which changes may be made at all.
        on_empty: What happens when no instance is left.
        min_targets: Never remove below this many.
        max_removal_percent: Share of (attached now + removed in the window) that removals made
            and planned within the window may not exceed, where that sum is 10 or more.
        removal_window: Length of that window, in seconds.
        removal_delay: How long a target must be missing before it is removed, in seconds.
        on_guard: What happens when a guard trips.
    """

    policy: Policy = Policy.SYNC
    on_empty: OnEmpty = OnEmpty.KEEP
    min_targets: int = 1
    max_removal_percent: int = 30
    removal_window: float = 600.0
    removal_delay: float = 0.0
    on_guard: OnGuard = OnGuard.HOLD


@dataclass(frozen=True, slots=True)
class ConsulConnection:
    """How to reach Consul, and as whom.

    Attributes:
        url: ``http://host:port``, ``https://host:port`` or ``unix:///path``.
        token: ACL token; empty means the anonymous one. Never shown.
        datacenter: Asked where a source names none; empty means the agent's own.
        namespace: Consul Enterprise namespace; empty means the default one.
        partition: Consul Enterprise admin partition; empty means the default one.
        ca_file: PEM file of the authorities that Consul's certificate is checked against.
        cert_file: PEM file of the client certificate.
        key_file: PEM file of the client certificate's key.
        verify: Whether Consul's certificate is checked.
        timeout: Limit for connecting, and for each wait for data, in seconds.
    """

    url: str = "http://127.0.0.1:8500"
    token: str = field(default="", repr=False)
    datacenter: str = ""
    namespace: str = ""
    partition: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    verify: bool = True
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class AWSAccess:
    """How to reach AWS, and as whom. An empty text means: as boto3 finds it.

    Attributes:
        region: Region of the calls.
        profile: Name of a profile in the shared AWS files.
        access_key: Access key id.
        secret_key: Secret access key. Never shown.
        token: Session token of temporary credentials. Never shown.
        endpoints: Service name as boto3 knows it -> URL used instead of AWS's own, in pairs.
    """

    region: str = ""
    profile: str = ""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    endpoints: tuple[tuple[str, str], ...] = ()


def is_instance_id(text: str) -> bool:
    """Whether a text is an EC2 instance id, old form (8 digits) or new (17)."""
    return _INSTANCE_ID.match(text) is not None
