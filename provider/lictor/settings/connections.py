"""How to reach Consul: stack config first, then the environment.

Keys are those of Pulumi's Consul provider; the environment is that of Consul's own command line.
What is found in an address is never shown whole: it may carry a password.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lictor import errors
from lictor.model import ConsulConnection
from lictor.settings.aws import aws, region

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Config = Callable[[str], str | None]
    """The stack's config: full key (``consul:address``) -> value, decrypted, or None."""

__all__ = ["aws", "consul", "region"]

_TRUE = ("1", "t", "true")
_FALSE = ("0", "f", "false")
_FORMS = "expected HOST:PORT, http(s)://HOST:PORT or unix:///PATH"


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
    address = address.strip()
    if address.startswith("unix://"):
        if not address.startswith("unix:///") or address == "unix:///":
            raise errors.SettingsError(f"{source}: {_FORMS}, found {address!r}")
        return address
    scheme = (config("consul:scheme") or "").lower()
    if scheme not in ("", "http", "https"):
        raise errors.SettingsError(f"consul:scheme: expected http or https, found {scheme!r}")
    if "://" in address:
        own, _, address = address.partition("://")
        scheme = own.lower()
        if scheme not in ("http", "https"):
            raise errors.SettingsError(f"{source}: {_FORMS}, found {own}://")
    if not scheme:
        ssl = _flag("CONSUL_HTTP_SSL", env.get("CONSUL_HTTP_SSL"))
        scheme = "https" if ssl else "http"
    return f"{scheme}://{_host_and_port(address.rstrip('/'), source, scheme)}"


def _host_and_port(address: str, source: str, scheme: str) -> str:
    """Check an address and give it the port of its scheme where it has none."""
    if "@" in address:
        raise errors.SettingsError(
            f"{source}: {_FORMS}, found a user or password in it; a token goes into consul:token"
        )
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if (
        not host
        or parts.netloc != address
        or port == 0
        or address.endswith(":")
        or any(character.isspace() or not character.isprintable() for character in address)
    ):
        raise errors.SettingsError(f"{source}: {_FORMS}, found {address!r}")
    name = f"[{host}]" if ":" in host else host
    return f"{name}:{port or (8501 if scheme == 'https' else 8500)}"


def _consul_token(config: Config, env: Mapping[str, str]) -> str:
    """Find the token: config, environment, the file that the environment names."""
    token = config("consul:token") or env.get("CONSUL_HTTP_TOKEN")
    if token:
        return token.strip()
    file = env.get("CONSUL_HTTP_TOKEN_FILE")
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise errors.SettingsError(
            f"CONSUL_HTTP_TOKEN_FILE: {file!r} cannot be read:"
            f" {getattr(error, 'strerror', None) or 'not UTF-8 text, or no path'}"
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
    raise errors.SettingsError(f"{name}: expected true or false, found {text[:60]!r}")
