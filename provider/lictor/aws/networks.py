"""The address ranges of a VPC's subnets, and their zones."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from lictor.aws import session

if TYPE_CHECKING:
    from collections.abc import Collection

    from lictor.model import AWSAccess

_GONE = ("disassociated", "disassociating", "failed", "failing")


def cidrs(access: AWSAccess, vpc_id: str) -> tuple[str, ...]:
    """List the ranges of a VPC's subnets, IPv6 ones included, sorted.

    AWS finds the zone of an address that lies in one of them; any other address needs a zone
    (``all``) to be registered, though it lie in a range of the VPC that no subnet uses.

    Raises:
        errors.AWSError: The call failed.
    """
    return tuple(sorted(_ranges(access, vpc_id)))


def zones(access: AWSAccess, vpc_id: str, addresses: Collection[str]) -> dict[str, str]:
    """Tell the zones of addresses: address -> zone; one outside the subnets is left out.

    Raises:
        errors.AWSError: The call failed.
    """
    ranges = [(ipaddress.ip_network(text), zone) for text, zone in _ranges(access, vpc_id).items()]
    found: dict[str, str] = {}
    for text in addresses:
        address = ipaddress.ip_address(text)
        for network, zone in ranges:
            if address in network:
                found[text] = zone
    return found


def _ranges(access: AWSAccess, vpc_id: str) -> dict[str, str]:
    """Ask for a VPC's subnets: range -> zone."""
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
    with session.translated("DescribeSubnets", access, "ec2"):
        pages = session.ec2(access).get_paginator("describe_subnets")
        subnets = [
            subnet
            for page in pages.paginate(Filters=filters)  # type: ignore[arg-type] # a TypedDict
            for subnet in page["Subnets"]
        ]
    ranges: dict[str, str] = {}
    for subnet in subnets:
        zone = subnet.get("AvailabilityZone", "")
        ranges[subnet.get("CidrBlock", "")] = zone
        for six in subnet.get("Ipv6CidrBlockAssociationSet", []):
            if six.get("Ipv6CidrBlockState", {}).get("State") not in _GONE:
                ranges[six.get("Ipv6CidrBlock", "")] = zone
    ranges.pop("", None)
    return ranges
