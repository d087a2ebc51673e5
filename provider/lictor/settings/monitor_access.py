"""How the monitor reaches Consul: its keys first, then the environment of Consul's command line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lictor import errors
from lictor.settings import connections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.model import ConsulConnection
    from lictor.settings.monitor import Monitor

_NAMES = {
    "consul:address": "http_addr",
    "consul:token": "token",
    "consul:datacenter": "datacenter",
    "consul:partition": "partition",
    "consul:caFile": "ca_file",
    "consul:certFile": "cert_file",
    "consul:keyFile": "key_file",
}
"""How other rooms call a key -> how the monitor's files do."""


def access(monitor: Monitor, env: Mapping[str, str]) -> ConsulConnection:
    """Read how to reach Consul.

    Raises:
        errors.SettingsError: An address, a flag or a token file that cannot be.
    """
    keys = {there: getattr(monitor, here) for there, here in _NAMES.items()}
    try:
        found = connections.consul(keys.get, {**env, "CONSUL_DATACENTER": ""})
    except errors.SettingsError as error:
        text = str(error)
        for there, here in _NAMES.items():
            text = text.replace(there, here)
        raise errors.SettingsError(f"Error parsing config: {text}") from None
    return replace(
        found,
        partition="" if found.partition == "default" else found.partition,
        ca_path=monitor.ca_path or env.get("CONSUL_CAPATH", ""),
        server_name=monitor.tls_server_name or env.get("CONSUL_TLS_SERVER_NAME", ""),
        login=env.get("CONSUL_HTTP_AUTH", ""),
    )
