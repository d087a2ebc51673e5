"""EC2 instances by filters, as users of the AWS CLI write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.aws import session
from lictor.model import Machine

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from lictor.model import AWSAccess

BATCH = 200
"""Values that EC2 takes in one filter."""

ALIVE = ("pending", "running", "stopping", "stopped")
RUNNING = ("running",)


def find(
    access: AWSAccess,
    filters: Mapping[str, Sequence[str]],
    states: Sequence[str] = ALIVE,
) -> tuple[Machine, ...]:
    """List the instances that match all filters, by id.

    Args:
        access: How AWS is reached.
        filters: Name -> values of which one must match: ``{"vpc-id": ["vpc-0a1b"]}``.
        states: States of which one must be the instance's.

    Raises:
        errors.AWSError: The call failed, or AWS does not know a filter.
    """
    asked = [
        *({"Name": name, "Values": list(values)} for name, values in filters.items()),
        {"Name": "instance-state-name", "Values": list(states)},
    ]
    found = []
    with session.translated("DescribeInstances", access, "ec2"):
        pages = session.ec2(access).get_paginator("describe_instances")
        for page in pages.paginate(Filters=asked):  # type: ignore[arg-type] # a TypedDict
            for reservation in page["Reservations"]:
                found += [
                    Machine(
                        one["InstanceId"], one.get("PrivateIpAddress", ""), one.get("VpcId", "")
                    )
                    for one in reservation.get("Instances", [])
                ]
    return tuple(sorted(found, key=lambda machine: machine.id))


def among(
    access: AWSAccess, ids: Collection[str], filters: Mapping[str, Sequence[str]]
) -> dict[str, Machine]:
    """List those of some instances that match all filters: id -> instance, 200 ids a call.

    Raises:
        errors.AWSError: The call failed, or AWS does not know a filter.
    """
    listed = sorted(ids)
    return {
        machine.id: machine
        for start in range(0, len(listed), BATCH)
        for machine in find(access, {**filters, "instance-id": listed[start : start + BATCH]})
    }
