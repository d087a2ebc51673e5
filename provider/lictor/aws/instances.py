"""Which EC2 instance has a private address."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor.aws import session

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from types_boto3_ec2.type_defs import InstanceTypeDef

    from lictor.model import AWSAccess

BATCH = 200
"""Values that EC2 takes in one filter."""

_ALIVE = ["pending", "running", "stopping", "stopped"]


@dataclass(frozen=True, slots=True)
class Found:
    """What EC2 says of addresses.

    Attributes:
        ids: Address -> id of the one instance that has it.
        reasons: Address -> why no instance could be told.
    """

    ids: Mapping[str, str]
    reasons: Mapping[str, str]


def by_address(access: AWSAccess, addresses: Iterable[str], vpc_id: str = "") -> Found:
    """Find the instances that have these private addresses, 200 a call.

    Several VPCs may use the same addresses: an instance of the group's own VPC is meant, for the
    group takes no other. Where the VPC is not known and several have the address, none is.

    Args:
        access: How to reach AWS, in the group's region.
        addresses: As Consul has them.
        vpc_id: The target group's VPC; empty where it is not known.

    Raises:
        errors.AWSError: A call failed.
    """
    asked, reasons = _private(addresses)
    having: dict[str, list[InstanceTypeDef]] = defaultdict(list)
    for start in range(0, len(asked), BATCH):
        for instance in _described(access, asked[start : start + BATCH]):
            having[instance.get("PrivateIpAddress", "")].append(instance)
    ids = {}
    for address in asked:
        found = _chosen(having[address], vpc_id)
        if isinstance(found, str):
            reasons[address] = f"{found} {address} in {access.region}"
        else:
            ids[address] = found["InstanceId"]
    return Found(ids, reasons)


def _private(addresses: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Part the addresses that an instance may have from what EC2 need not be asked for."""
    asked, reasons = [], {}
    for text in sorted(set(addresses)):
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            reasons[text] = f"{text} is no address, and EC2 is asked by address"
            continue
        if address.version == 4:  # noqa: PLR2004 - the IP version
            asked.append(text)
        else:
            reasons[text] = f"{text} is an IPv6 address, and EC2 is asked by private IPv4 address"
    return asked, reasons


def _described(access: AWSAccess, addresses: Sequence[str]) -> list[InstanceTypeDef]:
    """Ask EC2 for the instances that have one of these addresses."""
    filters = [
        {"Name": "private-ip-address", "Values": list(addresses)},
        {"Name": "instance-state-name", "Values": _ALIVE},
    ]
    with session.translated("DescribeInstances", access, "ec2"):
        pages = session.ec2(access).get_paginator("describe_instances")
        return [
            instance
            for page in pages.paginate(Filters=filters)  # type: ignore[arg-type] # a TypedDict
            for reservation in page["Reservations"]
            for instance in reservation.get("Instances", [])
        ]


def _chosen(instances: list[InstanceTypeDef], vpc_id: str) -> InstanceTypeDef | str:
    """Choose the instance that is meant, or begin to say why there is none."""
    near = [found for found in instances if not vpc_id or found.get("VpcId") == vpc_id]
    if len(near) == 1:
        return near[0]
    if near:
        ids = ", ".join(sorted(found["InstanceId"] for found in near))
        return f"several instances ({ids}) have the address"
    if instances:
        others = ", ".join(sorted({found.get("VpcId", "no VPC") for found in instances}))
        return f"only in {others}, not in the target group's {vpc_id}, has an instance the address"
    return "no instance has the address"
