"""How to reach Consul and AWS: stack config first, then the environment.

Keys are those of Pulumi's own Consul and AWS providers; the environment is that of Consul's and
AWS's own command lines.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lictor import errors
from lictor.model import AWSAccess, ConsulConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Config = Callable[[str], str | None]
    """The stack's config: full key (``consul:address``) -> value, decrypted, or None."""

_TRUE = ("1", "t", "true")
_FALSE = ("0", "f", "false")

# Names under which Pulumi's AWS provider takes an endpoint -> boto3's name of the service.
_SERVICES = {
    "elb": "elb",
    "elbv2": "elbv2",
    "elasticloadbalancing": "elbv2",
    "elasticloadbalancingv2": "elbv2",
    "ec2": "ec2",
    "sts": "sts",
}


def consul(config: Config, env: Mapping[str, str]) -> ConsulConnection:
    """Read how to reach Consul.

    Args:
        config: The stack's config.
        env: The environment, for whatever config leaves out.

    Raises:
        errors.SettingsError: An address, a flag or a token file that cannot be.
    """
    return ConsulConnection(
        url=_consul_url(config, env),
        token=_consul_token(config, env),
        datacenter=config("consul:datacenter") or env.get("CONSUL_DATACENTER", ""),
        namespace=config("consul:namespace") or env.get("CONSUL_NAMESPACE", ""),
        partition=config("consul:partition") or env.get("CONSUL_PARTITION", ""),
        ca_file=config("consul:caFile") or env.get("CONSUL_CACERT", ""),
        cert_file=config("consul:certFile") or env.get("CONSUL_CLIENT_CERT", ""),
        key_file=config("consul:keyFile") or env.get("CONSUL_CLIENT_KEY", ""),
        verify=_verify(config, env),
    )


def _consul_url(config: Config, env: Mapping[str, str]) -> str:
    """Unite address and scheme; an address may carry the scheme itself."""
    source = "consul:address" if config("consul:address") else "CONSUL_HTTP_ADDR"
    address = config("consul:address") or env.get("CONSUL_HTTP_ADDR") or "127.0.0.1:8500"
    if address.startswith("unix://"):
        return address
    scheme = config("consul:scheme")
    if "://" in address:
        own, _, address = address.partition("://")
        scheme = own if own in ("http", "https") else ""
        if not scheme:
            raise errors.SettingsError(
                f"{source}: expected HOST:PORT, http(s)://HOST:PORT or unix:///PATH, found {own}://"
            )
    scheme = scheme or ("https" if env.get("CONSUL_HTTP_SSL", "").lower() in _TRUE else "http")
    if scheme not in ("http", "https"):
        raise errors.SettingsError(f"consul:scheme: expected http or https, found {scheme!r}")
    return f"{scheme}://{_host_and_port(address.rstrip('/'), source, scheme)}"


def _host_and_port(address: str, source: str, scheme: str) -> str:
    """Check an address and give it the port of its scheme where it has none."""
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.path or parts.query or "@" in address or " " in address:
        raise errors.SettingsError(
            f"{source}: expected HOST:PORT, http(s)://HOST:PORT or unix:///PATH, found {address!r}"
        )
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port or (8501 if scheme == 'https' else 8500)}"


def _consul_token(config: Config, env: Mapping[str, str]) -> str:
    """Find the token: config, environment, the file that the environment names."""
    token = config("consul:token") or env.get("CONSUL_HTTP_TOKEN")
    if token:
        return token
    file = env.get("CONSUL_HTTP_TOKEN_FILE")
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise errors.SettingsError(
            f"CONSUL_HTTP_TOKEN_FILE: {file} cannot be read:"
            f" {getattr(error, 'strerror', None) or 'not UTF-8 text'}"
        ) from None


def _verify(config: Config, env: Mapping[str, str]) -> bool:
    """Whether Consul's certificate is checked."""
    insecure = _flag("consul:insecureHttps", config("consul:insecureHttps"))
    if insecure is not None:
        return not insecure
    verify = _flag("CONSUL_HTTP_SSL_VERIFY", env.get("CONSUL_HTTP_SSL_VERIFY"))
    return True if verify is None else verify


def _flag(name: str, text: str | None) -> bool | None:
    """Read a flag as Consul's command line does."""
    if not text:
        return None
    if text.lower() in _TRUE + _FALSE:
        return text.lower() in _TRUE
    raise errors.SettingsError(f"{name}: expected true or false, found {text!r}")


def aws(config: Config, region: str) -> AWSAccess:
    """Read how to reach AWS; the environment is left to boto3's own chain.

    Args:
        config: The stack's config.
        region: The region of the target group's ARN: a group can be spoken to nowhere else.

    Raises:
        errors.SettingsError: An endpoint that cannot be, or half a pair of keys.
    """
    access_key, secret_key = config("aws:accessKey") or "", config("aws:secretKey") or ""
    if bool(access_key) != bool(secret_key):
        here, missing = ("accessKey", "secretKey") if access_key else ("secretKey", "accessKey")
        raise errors.SettingsError(f"aws:{here} is set without aws:{missing}: set both or neither")
    return AWSAccess(
        region=region,
        profile=config("aws:profile") or "",
        access_key=access_key,
        secret_key=secret_key,
        token=config("aws:token") or "",
        endpoints=_endpoints(config("aws:endpoints")),
    )


def _endpoints(text: str | None) -> tuple[tuple[str, str], ...]:
    """Read the endpoints: a list of mappings from service to URL, as JSON text."""
    try:
        items = json.loads(text) if text else []
    except ValueError:
        items = None
    if isinstance(items, dict):
        items = [items]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise errors.SettingsError(
            "aws:endpoints: expected a list such as [{elbv2: https://HOST}], found something else"
        )
    found: dict[str, str] = {}
    for service, url in ((str(k), v) for item in items for k, v in item.items()):
        if service not in _SERVICES:
            continue  # other services' endpoints are the business of Pulumi's AWS provider
        if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
            raise errors.SettingsError(f"aws:endpoints: {service}: expected a URL, found {url!r}")
        found[_SERVICES[service]] = url
    return tuple(sorted(found.items()))
