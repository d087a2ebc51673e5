"""Whether a target can stand in a group at all, told from its key and the group's type alone.

A target that cannot is ``failed``: it is listed with the reason, counts as absent for every
floor, and costs no call.
"""

from __future__ import annotations

import ipaddress
import re

from lictor.model import Target, TargetType, is_instance_id

_PORTS = range(1, 65536)
_NO_ID = "no EC2 instance id found"
_OCTET = r"(?:\.(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9]))"
_PRIVATE = re.compile(
    rf"10{_OCTET}{{3}}|192\.168{_OCTET}{{2}}|172\.(?:1[6-9]|2[0-9]|3[01]){_OCTET}{{2}}"
)
"""RFC 1918, told at a glance: nearly every target is of it, and there may be thousands."""


def unplaceable(target: Target, target_type: TargetType, unknown: str = "") -> str | None:
    """Say why AWS can never take a target; None when it may.

    The rules are those of ELBv2's ``RegisterTargets`` and ``TargetDescription``: an instance
    group takes instance ids; an IPv4 address must lie in the VPC or in RFC 1918 or
    100.64.0.0/10 space, never be publicly routable; ports are 1 to 65535.

    Args:
        target: The target.
        target_type: What the group takes.
        unknown: Why no instance was found for an address, where somebody knows more.
    """
    node, slash, name = target.id.rpartition("/")
    if slash:
        return f"{node} has no tagged address {name}"
    if target.port not in _PORTS:
        return f"port {target.port} is out of range; register the service with one, or set port"
    if target_type is TargetType.INSTANCE:
        why = f"{_NO_ID}: {unknown}" if unknown else f"{_NO_ID} for this address"
        return None if is_instance_id(target.id) else why
    return None if _PRIVATE.fullmatch(target.id) else _unreachable(target.id)


def _unreachable(text: str) -> str | None:
    """Say why an ip group cannot take an address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return (
            f"{text} is a host name, and an ip group takes addresses;"
            " register the service with an address, or set resolve_hosts"
        )
    if (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or "%" in text
    ):
        return f"{text} is not an address that a load balancer can reach"
    if address.version == 4 and address.is_global:  # noqa: PLR2004 - the IP version
        return f"{text} is a public address, and AWS takes private ones only"
    return None
