"""Which EC2 instance has a private address, and where instances are."""

from __future__ import annotations

import ipaddress
import itertools
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor.aws import session

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

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


@dataclass(frozen=True, slots=True)
class Group:
    """The target group for which instances are looked up.

    Attributes:
        vpc_id: Asks for the id of its VPC, empty where nobody knows; called only where it matters.
        standing: Ids of instances that stand in it: AWS has seen that they are of its VPC.
    """

    vpc_id: Callable[[], str]
    standing: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class _Having:
    """An instance that has an address."""

    id: str
    vpc_id: str


class Instances:
    """The instances of one account and region, as EC2 knew them when first asked.

    For one run: what EC2 has said of an address, also that no instance has it, is not asked again.
    Safe between threads.
    """

    def __init__(self, access: AWSAccess) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._having: dict[str, tuple[_Having, ...]] = {}

    def by_address(
        self,
        addresses: Iterable[str],
        group: Group,
        along: Callable[[], Iterable[str]] = tuple,
        *,
        afresh: bool = False,
    ) -> Found:
        """Find the instances that have these private addresses, 200 a call.

        Several VPCs may use the same addresses: an instance of the group's own VPC is meant, for
        the group takes no other. Where the VPC is not known and several have the address, none is.

        Args:
            addresses: As Consul has them.
            group: Which the instances are for.
            along: Gives addresses that may be looked up later in the run. As many of them are
                asked as a call has room for that is made anyway; not called where none has.
            afresh: Ask again for what was asked before, and take nothing along.

        Raises:
            errors.AWSError: A call failed.
        """
        asked, reasons = _private(addresses)
        with self._lock:
            new = asked if afresh else self._filled(asked, along)
            for start in range(0, len(new), BATCH):
                self._having.update(_described(self._access, new[start : start + BATCH]))
            having = {address: self._having[address] for address in asked}
        vpc_id = group.vpc_id() if _needs_vpc(having.values(), group.standing) else ""
        ids = {}
        for address, instances in having.items():
            near = [found for found in instances if not vpc_id or found.vpc_id == vpc_id]
            if len(near) == 1:
                ids[address] = near[0].id
            else:
                reason = _reason(instances, near, vpc_id)
                reasons[address] = f"{reason} {address} in {self._access.region}"
        return Found(ids, reasons)

    def _filled(self, asked: Iterable[str], along: Callable[[], Iterable[str]]) -> list[str]:
        """Leave out what was asked before, and fill the last batch with what is taken along."""
        new = [address for address in asked if address not in self._having]
        room = -len(new) % BATCH
        if room:
            known = {*self._having, *new}
            more = (address for address in _private(along())[0] if address not in known)
            new.extend(itertools.islice(more, room))
        return new


def zones(access: AWSAccess, ids: Iterable[str]) -> dict[str, str]:
    """Tell the zones of instances, 200 a call: id -> zone; one that is gone is left out.

    Raises:
        errors.AWSError: A call failed.
    """
    asked = sorted(set(ids))
    found: dict[str, str] = {}
    for start in range(0, len(asked), BATCH):
        filters = [{"Name": "instance-id", "Values": asked[start : start + BATCH]}]
        with session.translated("DescribeInstances", access, "ec2"):
            pages = session.ec2(access).get_paginator("describe_instances")
            for page in pages.paginate(Filters=filters):  # type: ignore[arg-type] # a TypedDict
                for reservation in page["Reservations"]:
                    for one in reservation.get("Instances", []):
                        zone = one.get("Placement", {}).get("AvailabilityZone", "")
                        found[one["InstanceId"]] = zone
    return found


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


def _described(access: AWSAccess, addresses: Sequence[str]) -> dict[str, tuple[_Having, ...]]:
    """Ask EC2 which instances have each of these addresses."""
    filters = [
        {"Name": "private-ip-address", "Values": list(addresses)},
        {"Name": "instance-state-name", "Values": _ALIVE},
    ]
    having: dict[str, list[_Having]] = defaultdict(list)
    with session.translated("DescribeInstances", access, "ec2"):
        pages = session.ec2(access).get_paginator("describe_instances")
        for page in pages.paginate(Filters=filters):  # type: ignore[arg-type] # a TypedDict
            for reservation in page["Reservations"]:
                for found in reservation.get("Instances", []):
                    one = _Having(found["InstanceId"], found.get("VpcId", "no VPC"))
                    having[found.get("PrivateIpAddress", "")].append(one)
    return {address: tuple(having[address]) for address in addresses}


def _needs_vpc(having: Iterable[tuple[_Having, ...]], standing: Collection[str]) -> bool:
    """Whether it takes the group's VPC to tell: an id is new to it, or several have an address."""
    return any(
        len(instances) > 1 or instances[0].id not in standing for instances in having if instances
    )


def _reason(instances: Sequence[_Having], near: Sequence[_Having], vpc_id: str) -> str:
    """Begin to say why it is not one instance that has an address."""
    if near:
        ids = ", ".join(sorted(found.id for found in near))
        return f"several instances ({ids}) have the address"
    if instances:
        others = ", ".join(sorted({found.vpc_id for found in instances}))
        return f"only in {others}, not in the target group's {vpc_id}, has an instance the address"
    return "no instance has the address"
