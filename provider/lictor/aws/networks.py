"""The address ranges of a VPC's subnets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.aws import session

if TYPE_CHECKING:
    from lictor.model import AWSAccess

_GONE = ("disassociated", "disassociating", "failed", "failing")


def cidrs(access: AWSAccess, vpc_id: str) -> tuple[str, ...]:
    """List the ranges of a VPC's subnets, IPv6 ones included, sorted.

    AWS finds the zone of an address that lies in one of them; any other address needs a zone
    (``all``) to be registered, though it lie in a range of the VPC that no subnet uses.

    Raises:
        errors.AWSError: The call failed.
    """
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
    with session.translated("DescribeSubnets", access, "ec2"):
        pages = session.ec2(access).get_paginator("describe_subnets")
        subnets = [
            subnet
            for page in pages.paginate(Filters=filters)  # type: ignore[arg-type] # a TypedDict
            for subnet in page["Subnets"]
        ]
    ranges = {subnet.get("CidrBlock", "") for subnet in subnets}
    for subnet in subnets:
        for six in subnet.get("Ipv6CidrBlockAssociationSet", []):
            if six.get("Ipv6CidrBlockState", {}).get("State") not in _GONE:
                ranges.add(six.get("Ipv6CidrBlock", ""))
    return tuple(sorted(ranges - {""}))
