"""What a cluster is to stand on, looked up before anything is made: region, subnets, image."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime.invoke import invoke_async

from lictor import errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROOT_DEVICE = "/dev/xvda"
_PARAMETER = "resolve:"
_AGAIN = re.compile(
    r"^(?:(?:invoke of|invocation of|invoking) \S+(?: failed| returned an error)?: )+"
)
"""What SDK and engine put before AWS's own words."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where servers can be made.

    Attributes:
        vpc_id: The VPC of all subnets.
        zones: Names of the zones that the subnets lie in, in order.
    """

    vpc_id: str
    zones: tuple[str, ...]


class Lookups:
    """Questions to AWS through Pulumi's provider, each failure one line."""

    def __init__(self, name: str, region: str, parent: pulumi.Resource) -> None:
        """Ask for a component.

        Args:
            name: The component's name, the start of every error.
            region: Where to ask; empty for the provider's own.
            parent: The component, whose provider is asked.
        """
        self._name = name
        self._where = {"region": region} if region else {}
        self._opts = pulumi.InvokeOptions(parent=parent, version=metadata.version("pulumi-aws"))
        self._said_region = region or "the region of the AWS provider"

    async def region(self) -> str:
        """Return the region's name.

        Raises:
            pulumi.RunError: There is no such region, or AWS does not tell.
        """
        found = await self._ask("region", self._said_region, "aws:index/getRegion:getRegion", {})
        return str(found["region"])

    async def place(self, subnets: Sequence[str]) -> Place:
        """Look up the subnets.

        Raises:
            pulumi.RunError: One is not there, or they are of several VPCs.
        """
        found = [
            await self._ask("subnet_ids", subnet, "aws:ec2/getSubnet:getSubnet", {"id": subnet})
            for subnet in subnets
        ]
        vpcs = sorted({str(subnet["vpcId"]) for subnet in found})
        if len(vpcs) > 1:
            raise pulumi.RunError(
                f"{self._name}: subnet_ids: they are of {len(vpcs)} VPCs, {', '.join(vpcs)};"
                " a cluster lies in one"
            )
        return Place(vpcs[0], tuple(sorted({str(subnet["availabilityZone"]) for subnet in found})))

    async def root_device(self, image: str) -> str:
        """Return the name of the image's root device; the image of a parameter is not known.

        Raises:
            pulumi.RunError: There is no such image.
        """
        if image.startswith(_PARAMETER):
            return _ROOT_DEVICE
        only = {"filters": [{"name": "image-id", "values": [image]}]}
        found = await self._ask("image_id", image, "aws:ec2/getAmi:getAmi", only)
        return str(found.get("rootDeviceName") or _ROOT_DEVICE)

    async def _ask(
        self, key: str, what: str, question: str, arguments: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Ask one question.

        Not by pulumi-aws's own function: what its output raises ends the program with a traceback,
        whoever has caught it.
        """
        try:
            return dict(await invoke_async(question, {**arguments, **self._where}, self._opts))
        except Exception as error:  # noqa: BLE001 - an invoke raises no class of its own
            reason = errors.remote_text(_AGAIN.sub("", str(error)))
            raise pulumi.RunError(
                f"{self._name}: {key}: AWS knows no {what}, or does not tell: {reason}"
            ) from None
