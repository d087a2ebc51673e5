"""Which targets AWS lets into a target group, and in what words it refuses the others."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import TYPE_CHECKING

from tests.fakes.aws import inventory
from tests.fakes.aws.wire import Refusal, validation_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.fakes.aws.calls import Target

_PRIVATE = tuple(
    ipaddress.ip_network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
_LARGEST_PORT = 65535


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Why one target is refused; problems of one `kind` share a message."""

    target: Target
    kind: str


@dataclasses.dataclass(frozen=True, slots=True)
class Door:
    """The rules of one target group at one moment."""

    group: inventory.Group
    instances: Mapping[str, inventory.Instance]
    subnets: Sequence[inventory.Subnet]
    zones: frozenset[str]

    def admit(self, target: Target) -> Target | Problem:
        """Return the target as AWS stores it, or why it is refused."""
        if target.port is not None and not 0 < target.port <= _LARGEST_PORT:
            return Problem(target, "port")
        if self.group.target_type == "instance":
            return self._instance(target)
        if self.group.target_type == "ip":
            return self._ip(target)
        return self._other(target)

    def _instance(self, target: Target) -> Target | Problem:
        """Let in running instances of the group's VPC."""
        if not target.id.startswith("i-"):
            return Problem(target, "not-an-instance")
        if target.zone is not None:
            return Problem(target, "zone-not-allowed")
        instance = self.instances.get(target.id)
        if instance is None:
            return Problem(target, "missing")
        if instance.state != "running":
            return Problem(target, "not-running")
        return target if instance.vpc == self.group.vpc else Problem(target, "other-vpc")

    def _ip(self, target: Target) -> Target | Problem:
        """Let in addresses of the VPC's subnets, and private ones that say their zone."""
        address = _address(target.id, ipv6=self.group.ipv6)
        if address is None:
            return Problem(target, "not-an-address")
        if target.zone not in {None, "all"} and target.zone not in self.zones:
            return Problem(target, "no-such-zone")
        inside = [subnet.zone for subnet in self.subnets if address in subnet.network]
        if inside:
            return self._inside(target, inside[0])
        if not self.group.ipv6 and not any(address in block for block in _PRIVATE):
            return Problem(target, "public")
        return target if target.zone or self.group.ipv6 else Problem(target, "zone-missing")

    def _inside(self, target: Target, zone: str) -> Target | Problem:
        """Find the zone of an address of the VPC, which a caller may repeat but not change."""
        if target.zone not in {None, zone}:
            return Problem(target, f"zone-fixed:{zone}")
        return dataclasses.replace(target, zone=zone)

    def _other(self, target: Target) -> Target | Problem:
        """Let in functions and load balancers by their ARN."""
        if self.group.target_type == "lambda":
            known = ":function:" in target.id
        else:
            known = inventory.has_load_balancer(self.group, target.id)
        return target if known else Problem(target, "missing")


def _address(text: str, *, ipv6: bool) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address of the group's family."""
    try:
        return ipaddress.IPv6Address(text) if ipv6 else ipaddress.IPv4Address(text)
    except ValueError:
        return None


def make_door(group: inventory.Group) -> Door:
    """Read from moto what the group's rules need and no more."""
    by_instance, by_ip = group.target_type == "instance", group.target_type == "ip"
    return Door(
        group=group,
        instances=inventory.instances(group) if by_instance else {},
        subnets=inventory.subnets(group) if by_ip else (),
        zones=inventory.zones(group) if by_ip else frozenset(),
    )


def refusal(problems: Iterable[Problem], vpc: str | None) -> Refusal:
    """Word the first problem as AWS does, naming all targets that share an InvalidTarget."""
    listed = list(problems)
    first = listed[0]
    shared = [problem.target.id for problem in listed if problem.kind == first.kind]
    ids = ", ".join(f"'{target}'" for target in dict.fromkeys(shared))
    one = f"The IP address '{first.target.id}'"
    kind, _, zone = first.kind.partition(":")
    invalid = {
        "missing": f"The following targets do not exist: {ids}",
        "other-vpc": f"The following targets are not in the target group VPC '{vpc}': {ids}",
        "not-running": (
            f"The following targets are not in a running state and cannot be registered: {ids}"
        ),
    }
    if kind in invalid:
        return Refusal("InvalidTarget", invalid[kind])
    messages = {
        "port": f"Port '{first.target.port}' must be between 1 and 65535",
        "not-an-instance": f"Instance ID '{first.target.id}' is not valid",
        "not-an-address": f"{one} is not a valid address for this target group",
        "no-such-zone": f"The Availability Zone '{first.target.zone}' is not valid",
        "public": (
            f"{one} is not within a subnet of the VPC '{vpc}' or a private range "
            "(10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10)"
        ),
        "zone-missing": (
            "You must specify a valid Availability Zone or select 'all' for all enabled "
            f"Availability zones, since the IP address '{first.target.id}' is outside the VPC"
        ),
        "zone-fixed": (
            f"{one} is within the VPC, and cannot have its Availability Zone overridden "
            f"to '{first.target.zone}' from '{zone}'"
        ),
        "zone-not-allowed": (
            "You cannot specify an Availability Zone for a target group of type 'instance'"
        ),
    }
    return validation_error(messages[kind])
