"""The address ranges of a VPC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor import errors
from lictor.aws import session

if TYPE_CHECKING:
    from lictor.model import AWSAccess

_STANDING = "associated"


def cidrs(access: AWSAccess, vpc_id: str) -> tuple[str, ...]:
    """List the ranges of a VPC, those added to it later and IPv6 ones included, sorted.

    An address outside of them needs a zone (``all``) to be registered.

    Raises:
        errors.AWSError: The call failed, or there is no such VPC.
    """
    with session.translated("DescribeVpcs", access, "ec2"):
        found = session.ec2(access).describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    if not found:
        raise errors.AWSError(f"EC2 in {access.region} knows no VPC {vpc_id}")
    ranges = {found[0].get("CidrBlock", "")}
    for four in found[0].get("CidrBlockAssociationSet", []):
        if four.get("CidrBlockState", {}).get("State") == _STANDING:
            ranges.add(four.get("CidrBlock", ""))
    for six in found[0].get("Ipv6CidrBlockAssociationSet", []):
        if six.get("Ipv6CidrBlockState", {}).get("State") == _STANDING:
            ranges.add(six.get("Ipv6CidrBlock", ""))
    return tuple(sorted(ranges - {""}))
