"""The settings of one ``ConsulServerImage``: what users may write, defaults and bounds."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from lictor.settings import reading, shapes
from lictor.settings.reading import Clash
from lictor.settings.servers import Gibibytes  # noqa: TC001 - read by msgspec
from lictor.settings.shapes import Name  # noqa: TC001 - read by msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_URL = re.compile(r"(?:https?|file)://\S+")
_PARENT = re.compile(r"ami-[0-9a-f]{8,17}|arn:aws[a-z-]*:imagebuilder:\S+:image/\S+|ssm:\S+")


class Architecture(StrEnum):
    """What kind of processor an image is for."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


class Image(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of ``ConsulServerImage``.

    Attributes:
        consul_version: Release of Consul, such as ``1.22.5``.
        sha256: Checksum of its archive for the architecture, from HashiCorp's ``SHA256SUMS``.
        architecture: ``x86_64`` (default) or ``arm64``.
        archive_url: Where the archive is, ``https://...``. Default: HashiCorp's own place.
        parent_image: AMI, or ARN of an Image Builder image. Default: the newest Amazon Linux 2023.
        instance_type: EC2 instance type that bakes. Default ``t3.medium`` or ``t4g.medium``.
        volume_size: Size of the image's root volume, in GiB, 8 to 16,384. Default 8.
        subnet_id: Subnet in which it is baked; it must reach the archive. Default: AWS's choice,
            the default VPC.
        security_group_ids: Security groups of the instance that bakes. Default: the VPC's own.
        build: Whether ``pulumi up`` bakes the image and waits for it, some 20 minutes. Default
            true; else only the recipe is made, for a pipeline of yours.
        region: Region. Default: ``aws:region``.
        tags: Tags of every resource, the image too. Default: none.
    """

    consul_version: str
    sha256: str
    architecture: Architecture = Architecture.X86_64
    archive_url: str = ""
    parent_image: str = ""
    instance_type: str = ""
    volume_size: Gibibytes = 8
    subnet_id: str = ""
    security_group_ids: tuple[Name, ...] = ()
    build: bool = True
    region: str = ""
    tags: dict[Name, str] = {}

    def __post_init__(self) -> None:
        """Refuse texts of another shape, and what cannot stand together."""
        if self.archive_url and not _URL.fullmatch(self.archive_url):
            raise Clash("archive_url", f"expected https://..., found {self.archive_url[:80]!r}")
        if self.parent_image and not _PARENT.fullmatch(self.parent_image):
            raise Clash(
                "parent_image",
                "expected ami-0123456789abcdef0 or the ARN of an Image Builder image, found"
                f" {self.parent_image[:80]!r}",
            )
        if self.region and not shapes.REGION.fullmatch(self.region):
            raise Clash("region", f"expected a region such as us-west-2, found {self.region!r}")
        if bool(self.subnet_id) != bool(self.security_group_ids):
            missing = "security_group_ids" if self.subnet_id else "subnet_id"
            raise Clash(missing, "is required: Image Builder takes subnet and groups together")


ARGUMENTS: tuple[str, ...] = Image.__struct_fields__
"""Names of the arguments."""

LATER: dict[str, Any] = {"subnet_id": "subnet-00000000", "security_group_ids": ["sg-00000000"]}
"""Arguments that other resources may make, and what each is taken for until it is known."""


def from_arguments(arguments: Mapping[str, Any]) -> Image:
    """Read a component's arguments as a program gives them, None for what is left out.

    Raises:
        errors.SettingsError: With the path of the key, what was found and what is allowed.
    """
    return reading.read(dict(arguments), Image, at="", spelling=reading.Spelling.SNAKE)
