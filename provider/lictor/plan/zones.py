"""Availability zones, where one was asked for: they stand at the end of a target's label.

``node-3 (dc1) zone=all``. The zone that AWS finds out by itself is no part of a label. Only these
endings count as a change of a target; the rest of a label is for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.model import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTO = "auto"
"""Asked of AWS for addresses within the VPC, ``all`` for those outside."""
ALL = "all"
"""Every zone: what AWS wants to hear of an address outside the VPC."""

_MARK = " zone="


def label(text: str, zone: str) -> str:
    """Note the zone that is asked for; an empty one leaves the label as it is."""
    return f"{text}{_MARK}{zone}" if zone else text


def of(text: str) -> str:
    """Read the zone out of a label; empty where none was asked for."""
    _, mark, zone = text.rpartition(_MARK)
    return zone if mark and " " not in zone else ""


def without(text: str) -> str:
    """Return the label without its zone."""
    zone = of(text)
    return text.removesuffix(f"{_MARK}{zone}") if zone else text


def target(key: str, text: str) -> Target:
    """Make the target of a key and its label: what is handed to AWS."""
    plain = Target.from_key(key)
    return Target(plain.id, plain.port, of(text))


def swaps(attached: Mapping[str, str], targets: Mapping[str, str]) -> list[str]:
    """List what stands in another zone than it shall: to be deregistered and registered anew."""
    return sorted(
        key for key, text in targets.items() if key in attached and of(attached[key]) != of(text)
    )


def relabelled(old: str, new: str) -> str:
    """Take a label's new text and leave its zone: what stands was registered with that one."""
    return label(without(new), of(old))


def adopted(text: str, listed: str) -> str:
    """Label a target that stood there before: a zone that was asked for and is not its own shows.

    Args:
        text: The label that it shall have.
        listed: The zone that AWS lists for it.
    """
    return label(without(text), listed) if of(text) else text
