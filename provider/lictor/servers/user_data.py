"""User data of a server: a shell script that configures Consul from what the instance is.

The script is a head of assignments, made here, before ``boot.sh``, which is the same for all. No
secret stands in it: gossip key and TLS material are read at boot, by name, from Secrets Manager.
"""

from __future__ import annotations

import base64
import json
import shlex
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.servers import ports

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPECT_TAG = "consul-bootstrap-expect"
"""The instance's tag that tells how many servers elect the first leader.

A tag of the group and no part of the user data: a cluster that grows replaces no server.
"""
LARGEST = 16_384
"""What AWS takes, in bytes before base64."""
DATA_DIR = "/opt/consul"

_BODY = resources.files("lictor.servers").joinpath("boot.sh").read_text()
_LEAST, _MOST = 120, 900
"""Bounds of the time to the first leader; servers of one group are launched within a minute."""
_ELSEWHERE = frozenset(("addresses", "client_addr"))


@dataclass(frozen=True, slots=True)
class TLS:
    """Names or ARNs of the secrets with PEM texts."""

    ca: str
    cert: str
    key: str


@dataclass(frozen=True, slots=True)
class Boot:
    """What a server has to know before it knows itself.

    Attributes:
        cluster: The cluster's name, for people.
        join_key: Key of the tag that all servers carry.
        join_value: Its value.
        datacenter: Consul's datacenter.
        listen: Where API and DNS listen: ``all`` (loopback and private address), ``private`` or
            ``loopback``.
        gossip_secret: Name or ARN of the secret with the gossip key; empty for no encryption.
        tls: Where the TLS material is; None for none.
        patience: How long it may take until there is a leader, in seconds from the first line.
        config: Settings of Consul's that win over all others.
    """

    cluster: str
    join_key: str
    join_value: str
    datacenter: str = "dc1"
    listen: str = "all"
    gossip_secret: str = ""
    tls: TLS | None = None
    patience: int = 240
    config: Mapping[str, Any] = field(default_factory=dict)


def patience(warmup: float) -> int:
    """Return how long a server may take to boot, so that it fails before the next one is ended.

    Args:
        warmup: How long the group lets it settle in before that, in seconds; the minute that an
            instance takes to the first line of the script is part of it.
    """
    return int(min(max(_LEAST, warmup - 60), _MOST))


def api(boot: Boot) -> tuple[str, str]:
    """Return scheme and port of a server's own API; no port where ``config`` puts it elsewhere."""
    given = boot.config.get("ports", {})
    if not isinstance(given, dict) or not _ELSEWHERE.isdisjoint(boot.config):
        return "http", ""
    found = {**ports.listening(tls=boot.tls is not None), **given}
    for scheme in ("http", "https"):
        if isinstance(found[scheme], int) and found[scheme] > 0:
            return scheme, str(found[scheme])
    return "http", ""


def base_config(boot: Boot) -> dict[str, Any]:
    """Return what all servers of a cluster have in common of Consul's settings."""
    return {
        "server": True,
        "datacenter": boot.datacenter,
        "ports": ports.listening(tls=boot.tls is not None),
        "leave_on_terminate": True,
        "rejoin_after_leave": True,
        "disable_update_check": True,
        "performance": {"raft_multiplier": 1},
        "ui_config": {"enabled": True},
        **({"auto_encrypt": {"allow_tls": True}} if boot.tls else {}),
    }


def render(boot: Boot) -> str:
    """Return the script.

    Raises:
        errors.SettingsError: AWS does not take one so long.
    """
    tls = boot.tls or TLS("", "", "")
    scheme, port = api(boot)
    values = {
        "cluster": _json(base_config(boot)),
        "listen": boot.listen,
        "data_dir": DATA_DIR,
        "api": scheme,
        "port": port,
        "patience": str(boot.patience),
        "expect_tag": EXPECT_TAG,
        "join_key": boot.join_key,
        "join_value": boot.join_value,
        "gossip_secret": boot.gossip_secret,
        "ca_secret": tls.ca,
        "cert_secret": tls.cert,
        "key_secret": tls.key,
    }
    head = [
        "#!/bin/bash",
        f"# A Consul server of the cluster {boot.cluster}, configured by lictor at its first boot.",
        "set -euo pipefail",
        "umask 077",
        "# shellcheck disable=SC2016 # what the user says is meant as it stands",
        f"readonly own={_quoted(_json(boot.config))}",
        *(f"readonly {name}={_quoted(value)}" for name, value in values.items()),
    ]
    script = "\n".join([*head, _BODY])
    size = len(script.encode())
    if size > LARGEST:
        raise errors.SettingsError(
            f"config: the user data has {size} bytes with it, and AWS takes {LARGEST};"
            " bake the rest into the image, under /etc/consul.d"
        )
    return script


def encoded(script: str) -> str:
    """Return a script as launch templates take it."""
    return base64.b64encode(script.encode()).decode()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, sort_keys=True)


def _quoted(value: str) -> str:
    """Quote for the shell, an empty value as an empty text."""
    return shlex.quote(value) if value else "''"
