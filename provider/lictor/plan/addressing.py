"""From an instance to the targets under which a load balancer reaches it.

Look-ups are I/O and done elsewhere: :func:`lookups` and :func:`hosts` tell what is to be asked,
and :class:`Addressing` takes the answers. An instance for which there is no answer becomes a
target that cannot be placed (:mod:`lictor.plan.placement` says why), and the others go on.
"""

from __future__ import annotations

import ipaddress
import itertools
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from lictor.model import ConsulService, Target, TargetId, TargetType, is_instance_id
from lictor.plan import choosing, zones

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lictor.model import Answer, Instance

AUTO = "auto"
"""The service's own address, else its node's."""

_META_KEYS = ("instance-id", "instance_id")


@dataclass(frozen=True)
class Addressing:
    """How instances become targets.

    Attributes:
        target_type: What the group's target ids are.
        target_id: Where an instance id comes from.
        port: Fixed port; None for the service's own.
        group_port: Taken by a service that registered no port.
        address: ``auto``, or the name of a tagged address.
        zone: ``auto``, ``all`` or a zone's name; of no meaning in an instance group.
        instance_ids: Private address -> EC2 instance id, as EC2 was asked.
        unknown: Private address -> why EC2 could not tell the instance.
        resolved: Host name -> addresses, as DNS was asked.
        vpc: CIDR blocks of the group's VPC; none while they are not known.
        standing: Key -> label of what stands; such a target keeps its zone where it is ``auto``.
    """

    target_type: TargetType
    target_id: TargetId = TargetId.AUTO
    port: int | None = None
    group_port: int = 0
    address: str = AUTO
    zone: str = zones.AUTO
    instance_ids: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    resolved: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vpc: tuple[str, ...] = ()
    standing: Mapping[str, str] = field(default_factory=dict)

    @property
    def standing_ids(self) -> frozenset[str]:
        """The ids of what stands."""
        return frozenset(key.rpartition(":")[0] for key in self.standing)

    @cached_property
    def _networks(self) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        return [ipaddress.ip_network(cidr) for cidr in self.vpc]

    def targets_of(self, instance: Instance) -> tuple[Target, ...]:
        """Give an instance its targets: one, or one for each address of its host name."""
        address, own_port = self._address(instance)
        port = self.port or own_port or self.group_port
        if self.target_type is TargetType.INSTANCE:
            return (Target(self._instance_id(instance) or canonical(address), port),)
        addresses = self.resolved.get(address)
        if not addresses:
            return (self._placed(canonical(address), port),)
        return tuple(self._placed(canonical(text), port) for text in addresses)

    def private_addresses(self, instance: Instance) -> list[str]:
        """List the addresses by which EC2 may know the instance, most telling first."""
        own = canonical(self._address(instance)[0])
        return list(dict.fromkeys(a for a in (own, canonical(instance.node_address)) if is_ip(a)))

    def needs_lookup(self, instance: Instance) -> bool:
        """Whether EC2 has to be asked for the instance's id, which nobody has told yet."""
        return self._asks_ec2 and not self._instance_id(instance)

    def why_unknown(self, instance: Instance) -> str:
        """Say in EC2's words why an instance has no id; empty where EC2 was not asked."""
        said = (self.unknown.get(address) for address in self.private_addresses(instance))
        return "; ".join(text for text in said if text)

    def host(self, instance: Instance) -> str:
        """Return the host name that stands in place of an address; empty for an address."""
        address = self._address(instance)[0]
        return "" if is_ip(canonical(address)) or "/" in address else address

    def _address(self, instance: Instance) -> tuple[str, int]:
        """Choose address and port; a tagged address that is missing leaves ``NODE/NAME``."""
        if self.address == AUTO:
            return instance.reachable_at, instance.port
        missing = f"{instance.node}/{self.address}"
        address, port = instance.tagged_addresses.get(self.address, (missing, 0))
        return address, port or instance.port

    def _instance_id(self, instance: Instance) -> str | None:
        """Find the EC2 instance id."""
        said = self._said_id(instance)
        if said or not self._asks_ec2:
            return said
        known = (self.instance_ids.get(address) for address in self.private_addresses(instance))
        return next((text for text in known if text), None)

    @property
    def _asks_ec2(self) -> bool:
        return self.target_id in (TargetId.AUTO, TargetId.EC2_LOOKUP)

    def _said_id(self, instance: Instance) -> str | None:
        """Find the id in what Consul said: service meta, node meta, node name, in this order."""
        where = self.target_id
        found = None
        if where in (TargetId.AUTO, TargetId.SERVICE_META):
            found = meta_id(instance.service_meta)
        if not found and where in (TargetId.AUTO, TargetId.NODE_META):
            found = meta_id(instance.node_meta)
        if not found and where in (TargetId.AUTO, TargetId.NODE_NAME):
            found = instance.node if is_instance_id(instance.node) else None
        return found

    def _placed(self, address: str, port: int) -> Target:
        """Make a target of an ip group, with the zone that AWS must be told."""
        if self.zone != zones.AUTO:
            return Target(address, port, self.zone)
        target = Target(address, port)
        label = self.standing.get(target.key) if self.standing else None
        if label is not None:
            return Target(address, port, zones.of(label))
        return Target(address, port, zones.ALL) if self._outside(address) else target

    def _outside(self, address: str) -> bool:
        """Whether an address is known to lie outside the VPC."""
        if not self.vpc:
            return False
        try:
            value = ipaddress.ip_address(address)
        except ValueError:
            return False
        for network in self._networks:  # noqa: SIM110 - a fifth faster, and run most of all
            if value in network:
                return False
        return True


def canonical(address: str) -> str:
    """Write an address as AWS lists it: no brackets, IPv6 in its short form."""
    if ":" not in address:
        return address
    try:
        value = ipaddress.ip_address(address.removeprefix("[").removesuffix("]"))
    except ValueError:
        return address
    return str(getattr(value, "ipv4_mapped", None) or value)


def is_ip(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def lookups(answers: Iterable[Answer], addressing: Addressing) -> tuple[str, ...]:
    """List the private addresses by which EC2 is to be asked for ids, sorted."""
    if addressing.target_type is not TargetType.INSTANCE:
        return ()
    wanted = (item for item in _chosen(answers) if addressing.needs_lookup(item))
    return tuple(sorted({a for item in wanted for a in addressing.private_addresses(item)}))


def datacenters(answers: Iterable[Answer]) -> tuple[str, ...]:
    """List the datacenters of our own Consul in which the instances run, sorted."""
    own = (a for a in answers if not (isinstance(a.source, ConsulService) and a.source.peer))
    return tuple(sorted({item.datacenter for item in _chosen(own)}))


def hosts(answers: Iterable[Answer], addressing: Addressing) -> tuple[str, ...]:
    """List the host names that are to be resolved, sorted; none in an instance group."""
    if addressing.target_type is not TargetType.IP:
        return ()
    return tuple(sorted({name for item in _chosen(answers) if (name := addressing.host(item))}))


def needs_group_port(answers: Iterable[Answer], port: int | None) -> bool:
    """Whether some instance takes its port from the group, so that the group must be known."""
    return port is None and any(
        not instance.port for answer in answers for instance in answer.instances
    )


def needs_vpc(targets: Iterable[str], addressing: Addressing) -> bool:
    """Whether the VPC must be known: it tells the ``auto`` zone of an address that is new."""
    return (
        addressing.target_type is TargetType.IP
        and addressing.zone == zones.AUTO
        and any(key not in addressing.standing for key in targets)
    )


def _chosen(answers: Iterable[Answer]) -> Iterator[Instance]:
    """Go through the instances that count."""
    return itertools.chain.from_iterable(map(choosing.chosen, answers))


def meta_id(meta: Mapping[str, str]) -> str | None:
    """Find an instance id in meta."""
    for key in _META_KEYS:
        if key in meta and is_instance_id(meta[key]):
            return meta[key]
    return None
