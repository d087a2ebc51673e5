"""What moto holds: target groups, instances and subnets, as plain values."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import TYPE_CHECKING

from moto.core.base_backend import BackendDict
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend
    from moto.elbv2.models import ELBv2Backend, FakeTargetGroup

ACCOUNT = DEFAULT_ACCOUNT_ID
IMAGE = "ami-04681a1dbd79675a5"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """A target group as the load balancer service sees it."""

    arn: str
    name: str
    account: str
    region: str
    vpc: str | None
    target_type: str
    port: int | None
    health_check_port: str
    ipv6: bool
    attached: bool
    delay: float


@dataclasses.dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance as registering judges it."""

    state: str
    vpc: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Subnet:
    """A range of addresses of the VPC and its zone."""

    network: Network
    zone: str


def find_group(arn: str, region: str) -> Group | None:
    """Return the target group of that ARN, or None; the ARN says the account."""
    backend = elbv2_backends[arn.split(":")[4]][region]
    group = backend.target_groups.get(arn)
    return _as_value(group, _in_use(backend)) if group else None


def all_groups() -> list[Group]:
    """Return every target group of every account and region, by name."""
    groups: list[Group] = []
    backends = [b for account in list(elbv2_backends) for b in elbv2_backends[account].values()]
    for backend in backends:
        in_use = _in_use(backend)
        groups += [_as_value(group, in_use) for group in backend.target_groups.values()]
    return sorted(groups, key=lambda group: (group.name, group.arn))


def instances(group: Group) -> dict[str, Instance]:
    """Return every instance of the group's account and region by its id."""
    return {
        str(instance.id): Instance(str(instance.state), instance.vpc_id)
        for reservation in _ec2(group).reservations.values()
        for instance in reservation.instances
    }


def has_instance(region: str, ident: str) -> bool:
    """Tell whether EC2 knows an instance, a terminated one included."""
    return any(
        str(instance.id) == ident
        for reservation in ec2_backends[ACCOUNT][region].reservations.values()
        for instance in reservation.instances
    )


def subnets(group: Group) -> list[Subnet]:
    """Return the subnets of the group's VPC: what AWS compares addresses with (LBC#3714)."""
    found: list[Subnet] = []
    for subnet in _ec2(group).describe_subnets():
        if subnet.vpc_id == group.vpc:
            zone = str(subnet.availability_zone)
            blocks = [subnet.cidr_block, *_ipv6_blocks(subnet.ipv6_cidr_block_associations)]
            found += [Subnet(ipaddress.ip_network(block), zone) for block in blocks]
    return found


def zones(group: Group) -> frozenset[str]:
    """Return the names of the Availability Zones of the group's region."""
    return frozenset(str(zone.name) for zone in _ec2(group).describe_availability_zones())


def has_load_balancer(group: Group, arn: str) -> bool:
    """Tell whether that load balancer exists, for target groups of type alb."""
    return arn in elbv2_backends[group.account][group.region].load_balancers


def start_instances(region: str, count: int) -> list[tuple[str, str]]:
    """Start instances spread over the default subnets; return ids and private addresses.

    RunInstances would take seconds for a thousand, and without a subnet moto gives out
    addresses that lie outside the VPC.
    """
    backend = ec2_backends[ACCOUNT][region]
    places = [subnet for subnet in backend.describe_subnets() if subnet.default_for_az]
    shares = [len(range(start, count, len(places))) for start in range(len(places))]
    started = [
        instance
        for place, share in zip(places, shares, strict=True)
        for instance in backend.run_instances(
            image_id=IMAGE,
            count=share,
            user_data=None,
            security_group_names=[],
            instance_type="t3.micro",
            is_instance_type_default=False,
            region_name=region,
            subnet_id=place.id,
        ).instances
    ]
    return [(str(instance.id), str(instance.private_ip)) for instance in started]


def tags(region: str, arn: str) -> dict[str, str]:
    """Return the tags of an EC2 or load balancing resource."""
    if ":elasticloadbalancing:" in arn:
        service = elbv2_backends[ACCOUNT][region].tagging_service
        return dict(service.get_tag_dict_for_resource(arn))
    described = ec2_backends[ACCOUNT][region].describe_tags(
        filters={"resource-id": [arn.rpartition("/")[2]]}
    )
    return {str(tag["key"]): str(tag["value"]) for tag in described}


def clear() -> None:
    """Forget every resource of every service."""
    BackendDict.reset()


def _ec2(group: Group) -> EC2Backend:
    """Return the EC2 of the group's account and region."""
    return ec2_backends[group.account][group.region]


def _ipv6_blocks(associations: dict[str, dict[str, str]]) -> list[str]:
    """Return the IPv6 ranges of a subnet."""
    return [entry["ipv6CidrBlock"] for entry in associations.values()]


def _in_use(backend: ELBv2Backend) -> frozenset[str]:
    """Return the target groups that some rule of some load balancer forwards to."""
    return frozenset(
        arn
        for balancer in backend.load_balancers.values()
        for listener in balancer.listeners.values()
        for rule in listener.rules.values()
        for action in rule.actions
        for arn in backend._get_target_group_arns_from(action_data=action.data)  # noqa: SLF001
    )


def _as_value(group: FakeTargetGroup, in_use: frozenset[str]) -> Group:
    """Turn moto's target group into a value."""
    port = int(group.port) if group.port else None
    check_port = group.health_check_port
    return Group(
        arn=group.arn,
        name=group.name,
        account=group.account_id,
        region=group.region_name,
        vpc=group.vpc_id,
        target_type=group.target_type,
        port=port,
        health_check_port=str(check_port or ""),
        ipv6=group.ip_address_type == "ipv6",
        attached=group.arn in in_use,
        delay=float(str(group.attributes["deregistration_delay.timeout_seconds"])),
    )
