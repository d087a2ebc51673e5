"""The settings of one ``ConsulServerCluster``: what users may write, defaults and bounds."""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from lictor.settings import reading, shapes
from lictor.settings.duration import Seconds
from lictor.settings.reading import Clash
from lictor.settings.shapes import Name

if TYPE_CHECKING:
    from collections.abc import Mapping

_TLS = ("tls_ca_secret_arn", "tls_cert_secret_arn", "tls_key_secret_arn")
_SECRETS = ("gossip_key_secret_arn", *_TLS)
_GRACE = Seconds(300)

Size = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Gibibytes = Annotated[int, msgspec.Meta(ge=8, le=16_384)]
Words = Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]


class Listen(StrEnum):
    """Where a server's API and DNS listen."""

    ALL = "all"
    PRIVATE = "private"
    LOOPBACK = "loopback"


class Servers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of ``ConsulServerCluster``.

    Attributes:
        image_id: AMI with Consul in it, such as ``ConsulServerImage`` bakes: ``ami-0123...``, or
            ``resolve:ssm:PARAMETER``.
        subnet_ids: Private subnets, of one VPC and best of three zones.
        size: How many servers. Default 3. 1 and even sizes are warned of, more than 7 are refused.
        force_size: Whether more than 7 servers are taken. Default false.
        instance_type: EC2 instance type, of the image's architecture. Default ``t3.medium``.
        volume_size: Size of the encrypted root volume, in GiB, 8 to 16,384. Default 30.
        volume_kms_key_arn: KMS key of the volume. Default: AWS's own.
        root_device: Name of the image's root device. Default: asked of AWS; ``/dev/xvda``, as
            Amazon Linux has it, for an image of a parameter.
        key_name: EC2 key pair for SSH. Default: none.
        datacenter: Consul's datacenter. Default ``dc1``.
        join_tag_key: Key of the tag by which the servers find each other. Default
            ``consul-cluster``.
        join_tag_value: Its value. Default: the name of the resource.
        listen: Where API and DNS listen: ``all`` (default: loopback and private address),
            ``private`` or ``loopback``.
        dns: Whether the security group opens 8600, too. Default false.
        client_security_group_ids: Security groups whose members may reach the servers. Default:
            none.
        client_cidr_blocks: Address blocks from which the servers may be reached. Default: none.
        security_group_ids: Security groups that the servers get beside their own. Default: none.
        egress_cidr_blocks: Where the servers may go. Default: everywhere (``0.0.0.0/0``): they ask
            AWS for each other, over the network.
        gossip_key_secret_arn: ARN of the Secrets Manager secret whose text is the gossip key.
            Default: no gossip encryption.
        tls_ca_secret_arn: ARN of the secret with the CA's certificate, in PEM format. The three go
            together. Default: no TLS.
        tls_cert_secret_arn: ARN of the secret with the servers' certificate.
        tls_key_secret_arn: ARN of the secret with its key.
        secrets_kms_key_arn: ARN of the KMS key that the secrets are encrypted with. Default: AWS's
            own, which takes no permission.
        config: Settings of Consul's, which win over lictor's. No secrets. Default: none.
        health_grace: How long a new server is left alone before its health counts, in seconds or
            as ``5m``. Default 300.
        instance_warmup: How long a new server settles in before the next one is replaced, in
            seconds or as ``5m``. Default 300.
        permissions_boundary_arn: IAM policy that bounds the role. Default: none.
        region: Region. Default: ``aws:region``.
        tags: Tags of every resource, instances and volumes too. Default: none.
    """

    image_id: Name
    subnet_ids: Words
    size: Size = 3
    force_size: bool = False
    instance_type: Name = "t3.medium"
    volume_size: Gibibytes = 30
    volume_kms_key_arn: str = ""
    root_device: str = ""
    key_name: str = ""
    datacenter: str = "dc1"
    join_tag_key: Name = "consul-cluster"
    join_tag_value: str = ""
    listen: Listen = Listen.ALL
    dns: bool = False
    client_security_group_ids: tuple[Name, ...] = ()
    client_cidr_blocks: tuple[Name, ...] = ()
    security_group_ids: tuple[Name, ...] = ()
    egress_cidr_blocks: tuple[Name, ...] = ("0.0.0.0/0",)
    gossip_key_secret_arn: str = ""
    tls_ca_secret_arn: str = ""
    tls_cert_secret_arn: str = ""
    tls_key_secret_arn: str = ""
    secrets_kms_key_arn: str = ""
    config: dict[str, Any] = {}
    health_grace: Seconds = _GRACE
    instance_warmup: Seconds = _GRACE
    permissions_boundary_arn: str = ""
    region: str = ""
    tags: dict[Name, str] = {}

    def __post_init__(self) -> None:
        """Refuse texts of another shape, and what cannot stand together."""
        _shaped("image_id", self.image_id, shapes.IMAGE, shapes.IMAGE_SHAPE)
        for subnet in self.subnet_ids:
            _shaped("subnet_ids", subnet, shapes.SUBNET, "subnet-0123456789abcdef0")
        for key in ("client_security_group_ids", "security_group_ids"):
            for group in getattr(self, key):
                _shaped(key, group, shapes.SECURITY_GROUP, "sg-0123456789abcdef0")
        if self.region:
            _shaped("region", self.region, shapes.REGION, "a region such as us-west-2")
        _shaped("instance_type", self.instance_type, shapes.INSTANCE_TYPE, "such as t3.medium")
        _shaped(
            "datacenter",
            self.datacenter,
            shapes.DATACENTER,
            "small letters, digits, dashes and underscores, at most 63",
        )
        for key in ("client_cidr_blocks", "egress_cidr_blocks"):
            for block in getattr(self, key):
                _block(key, block)
        for key in _SECRETS:
            if value := getattr(self, key):
                _shaped(key, value, shapes.SECRET, shapes.SECRET_SHAPE)
        _together(self)


def _shaped(key: str, value: str, shape: Any, expected: str) -> None:  # noqa: ANN401 - a pattern
    """Refuse a text of another shape."""
    if not shape.fullmatch(value):
        raise Clash(key, f"expected {expected}, found {value[:80]!r}")


def _block(key: str, value: str) -> None:
    """Refuse what is no block of IPv4 addresses."""
    try:
        ipaddress.IPv4Network(value)
    except ValueError as error:
        raise Clash(
            key, f"expected a block such as 10.0.0.0/8, found {value!r} ({error})"
        ) from None


def secret_abroad(arn: str, region: str) -> str | None:
    """Say why servers of a region cannot read a secret; None where they can, or it is no ARN."""
    match = shapes.SECRET.fullmatch(arn)
    if match is None or match["region"] == region:
        return None
    return (
        f"the secret is one of {match['region']}, and the servers ask in their own, {region};"
        " replicate it there and name the replica"
    )


def _together(servers: Servers) -> None:
    """Refuse TLS material that is not whole, and a key for no secret."""
    given = [key for key in _TLS if getattr(servers, key)]
    missing = [key for key in _TLS if not getattr(servers, key)]
    if given and missing:
        raise Clash(missing[0], f"is required where `{given[0]}` is given")
    if servers.secrets_kms_key_arn and not any(getattr(servers, key) for key in _SECRETS):
        raise Clash("secrets_kms_key_arn", "there is no secret that it would be for")


ARGUMENTS: tuple[str, ...] = Servers.__struct_fields__
"""Names of the arguments."""

_SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:later-AbCdEf"  # noqa: S105 - a name
LATER: dict[str, Any] = {
    "image_id": "ami-00000000",
    "subnet_ids": ["subnet-00000000"],
    "volume_kms_key_arn": "arn:later",
    "key_name": "later",
    "client_security_group_ids": ["sg-00000000"],
    "security_group_ids": ["sg-00000000"],
    **dict.fromkeys(_SECRETS, _SECRET),
    "secrets_kms_key_arn": "arn:later",
    "permissions_boundary_arn": "arn:later",
}
"""Arguments that other resources may make, each with what it is taken for until it is known, so
that the others can be judged before."""


def from_arguments(arguments: Mapping[str, Any]) -> Servers:
    """Read a component's arguments as a program gives them, None for what is left out.

    Raises:
        errors.SettingsError: With the path of the key, what was found and what is allowed.
    """
    return reading.read(dict(arguments), Servers, at="", spelling=reading.Spelling.SNAKE)
