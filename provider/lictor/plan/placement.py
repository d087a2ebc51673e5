"""Whether a target can stand in a group at all, told from its key and the group's type alone.

A target that cannot is ``failed``: it is listed with the reason, counts as absent for every
floor, and costs no call.
"""

from __future__ import annotations

import ipaddress

from lictor.model import Target, TargetType, is_instance_id

_PORTS = range(1, 65536)


def unplaceable(target: Target, target_type: TargetType) -> str | None:
    """Say why AWS can never take a target; None when it may.

    The rules are those of ELBv2's ``RegisterTargets`` and ``TargetDescription``: an instance
    group takes instance ids; an IPv4 address must lie in the VPC or in RFC 1918 or
    100.64.0.0/10 space, never be publicly routable; ports are 1 to 65535.
    """
    if target.port not in _PORTS:
        return f"port {target.port} is out of range"
    if target_type is TargetType.INSTANCE:
        return None if is_instance_id(target.id) else "no EC2 instance id found for this address"
    try:
        address = ipaddress.ip_address(target.id)
    except ValueError:
        return f"{target.id} is a host name, and an ip group takes addresses"
    if (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
    ):
        return f"{address} is not an address that a load balancer can reach"
    if address.version == 4 and address.is_global:  # noqa: PLR2004 - the IP version
        return f"{address} is a public address, and AWS takes private ones only"
    return None
