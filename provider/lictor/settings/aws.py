"""How to reach AWS: stack config; the environment is left to boto3's own chain.

Keys are those of Pulumi's AWS provider. No error shows a value of them: any may be a secret.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from lictor import errors
from lictor.model import AssumedRole, AWSAccess
from lictor.settings import reading, shapes
from lictor.settings.duration import Seconds
from lictor.settings.reading import Clash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Config = Callable[[str], str | None]

# Names under which Pulumi's AWS provider takes an endpoint -> boto3's name of the service.
_SERVICES = {
    "elb": "elb",
    "elbv2": "elbv2",
    "elasticloadbalancing": "elbv2",
    "elasticloadbalancingv2": "elbv2",
    "ec2": "ec2",
    "sts": "sts",
}
_SHORTEST = 900
"""STS gives no shorter session than 15 minutes."""


class _Role(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of ``aws:assumeRoles``, as Pulumi's AWS provider takes it."""

    role_arn: str
    external_id: str = ""
    session_name: str = ""
    duration: Seconds = Seconds(0)
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    source_identity: str = ""
    tags: dict[str, str] = {}
    transitive_tag_keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what STS would refuse, before anything is asked of it."""
        if not shapes.ROLE.fullmatch(self.role_arn):
            raise Clash("role_arn", f"expected {shapes.ROLE_SHAPE}")
        if 0 < self.duration < _SHORTEST:
            raise Clash("duration", "expected at least 15m")

    def model(self) -> AssumedRole:
        """Return the value that the aws room knows."""
        return AssumedRole(
            role_arn=self.role_arn,
            external_id=self.external_id,
            session_name=self.session_name,
            duration=int(self.duration),
            policy=self.policy,
            policy_arns=self.policy_arns,
            source_identity=self.source_identity,
            tags=tuple(sorted(self.tags.items())),
            transitive_tag_keys=self.transitive_tag_keys,
        )


def aws(config: Config, region: str, role_arn: str = "") -> AWSAccess:
    """Read how to reach AWS.

    Args:
        config: The stack's config.
        region: The region of the calls: that of a target group's ARN, for it can be spoken to
            nowhere else. Empty for the one that boto3 finds.
        role_arn: A role to assume after those of the stack; empty for none.

    Raises:
        errors.SettingsError: An endpoint or a role that cannot be, or half a pair of keys.
    """
    access_key, secret_key = _key(config, "aws:accessKey"), _key(config, "aws:secretKey")
    if bool(access_key) != bool(secret_key):
        here, missing = ("accessKey", "secretKey") if access_key else ("secretKey", "accessKey")
        raise errors.SettingsError(f"aws:{here} is set without aws:{missing}: set both or neither")
    roles = _roles(config)
    return AWSAccess(
        region=region,
        profile=config("aws:profile") or "",
        access_key=access_key,
        secret_key=secret_key,
        token=_key(config, "aws:token"),
        endpoints=_endpoints(config("aws:endpoints")),
        roles=(*roles, AssumedRole(role_arn)) if role_arn else roles,
    )


def region(config: Config, env: Mapping[str, str]) -> str:
    """Read the region where no ARN tells it; empty leaves it to boto3's own files.

    Args:
        config: The stack's config.
        env: The environment, for whatever config leaves out.
    """
    return (
        config("aws:region") or env.get("AWS_REGION", "") or env.get("AWS_DEFAULT_REGION", "")
    ).strip()


def _key(config: Config, name: str) -> str:
    """Read a key or token; one that was piped in from a file ends in a line break."""
    return (config(name) or "").strip()


def _roles(config: Config) -> tuple[AssumedRole, ...]:
    """Read ``aws:assumeRoles``, or ``aws:assumeRole`` of older AWS providers."""
    name = "aws:assumeRoles" if config("aws:assumeRoles") else "aws:assumeRole"
    items = _list_of_mappings(name, config(name), "[{roleArn: arn:aws:iam::ACCOUNT:role/NAME}]")
    return tuple(
        reading.read(
            item, _Role, at=f"{name}[{i}]", spelling=reading.Spelling.CAMEL, secret=True
        ).model()
        for i, item in enumerate(items)
    )


def _endpoints(text: str | None) -> tuple[tuple[str, str], ...]:
    """Read the endpoints: a list of mappings from service to URL, as JSON text."""
    items = _list_of_mappings("aws:endpoints", text, "[{elbv2: https://HOST}]")
    found: dict[str, str] = {}
    for service, url in ((str(k), v) for item in items for k, v in item.items()):
        if service not in _SERVICES:
            continue  # other services' endpoints are the business of Pulumi's AWS provider
        if not isinstance(url, str) or not _is_url(url):
            raise errors.SettingsError(
                f"aws:endpoints: {service}: expected a URL such as https://HOST, without a user"
            )
        found[_SERVICES[service]] = url
    return tuple(sorted(found.items()))


def _list_of_mappings(name: str, text: str | None, example: str) -> list[dict[object, object]]:
    """Read a list of mappings, as JSON text; one mapping is a list of one."""
    try:
        items = json.loads(text) if text else []
    except (ValueError, RecursionError):
        items = None
    if isinstance(items, dict):
        items = [items]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise errors.SettingsError(
            f"{name}: expected a list such as {example}, found something else"
        )
    return items


def _is_url(text: str) -> bool:
    """Whether a text is an http(s) URL with a host, and without a password."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in text
    except ValueError:
        return False
