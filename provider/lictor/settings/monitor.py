"""Every key of the monitor's files: what `lictor esm` is told, named as consul-esm has it.

The one definition of these settings: the reader (`settings.files`), the banner and the table of
``docs/esm.md`` all take them from here. Durations are texts in Go's form, as in consul-esm's files.
"""

from __future__ import annotations

import msgspec

from lictor.settings import go_duration
from lictor.settings.reading import Clash

DURATIONS = (
    "log_rotate_duration",
    "node_reconnect_timeout",
    "node_probe_interval",
    "batch_flush_interval",
    "check_update_interval",
)
_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERR", "ERROR")
_PINGS = ("udp", "socket")
_FACILITIES = (
    *("KERN", "USER", "MAIL", "DAEMON", "AUTH", "SYSLOG", "LPR", "NEWS", "UUCP", "CRON"),
    *("AUTHPRIV", "FTP", *(f"LOCAL{number}" for number in range(8))),
)


def _duration(name: str, text: str) -> None:
    try:
        go_duration.read(text)
    except ValueError as error:
        raise Clash(name, str(error)) from None


def statsd(address: str) -> tuple[str, int]:
    """Read where statsd listens: ``HOST:PORT``, or a host with statsd's usual port.

    Raises:
        ValueError: It is neither.
    """
    text = address.removeprefix("udp://")
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, "8125"
    if not (port.isascii() and port.isdecimal() and 0 < int(port[:9]) < 65536):  # noqa: PLR2004
        raise ValueError(f"expected HOST:PORT, found {address!r}")
    return host.strip("[]"), int(port)


class Telemetry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where metrics go. Circonus and statsite keys are read, and answered with a warning."""

    circonus_api_app: str = ""
    circonus_api_token: str = ""
    circonus_api_url: str = ""
    circonus_broker_id: str = ""
    circonus_broker_select_tag: str = ""
    circonus_check_display_name: str = ""
    circonus_check_force_metric_activation: str = ""
    circonus_check_id: str = ""
    circonus_check_instance_id: str = ""
    circonus_check_search_tag: str = ""
    circonus_check_tags: str = ""
    circonus_submission_interval: str = ""
    circonus_submission_url: str = ""
    disable_hostname: bool = False
    dogstatsd_addr: str = ""
    dogstatsd_tags: tuple[str, ...] = ()
    filter_default: bool = True
    metrics_prefix: str = ""
    prefix_filter: tuple[str, ...] = ()
    prometheus_retention_time: str = "0s"
    statsd_address: str = ""
    statsite_address: str = ""

    def __post_init__(self) -> None:
        _duration("prometheus_retention_time", self.prometheus_retention_time)
        for name in ("statsd_address", "dogstatsd_addr"):
            address = getattr(self, name)
            if address and not address.startswith("unix://"):
                try:
                    statsd(address)
                except ValueError as error:
                    raise Clash(name, str(error)) from None

    @property
    def prometheus(self) -> bool:
        """Whether ``/metrics`` is served."""
        return go_duration.read(self.prometheus_retention_time) > 0

    def ignored(self) -> list[str]:
        """Name the keys that are set and do nothing."""
        names = (name for name in self.__struct_fields__ if name.startswith(("circonus", "stats")))
        return [name for name in names if name != "statsd_address" and getattr(self, name)]


class Monitor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the monitor is told; see ``docs/esm.md`` for what each key does."""

    log_level: str = "INFO"
    log_json: bool = False
    log_file: str = ""
    log_rotate_duration: str = "0s"
    log_rotate_bytes: int = 0
    log_rotate_max_files: int = 0
    enable_syslog: bool = False
    syslog_facility: str = ""
    enable_debug: bool = False
    client_address: str = ""
    consul_service: str = "consul-esm"
    consul_service_tag: str = ""
    instance_id: str = ""
    consul_kv_path: str = ""
    consul_leader_key: str = ""
    external_node_meta: dict[str, str] = msgspec.field(
        default_factory=lambda: {"external-node": "true"}
    )
    partition: str = ""
    node_reconnect_timeout: str = "72h"
    node_probe_interval: str = "10s"
    disable_coordinate_updates: bool = False
    enable_agentless: bool = False
    batch_flush_interval: str = "500ms"
    check_update_interval: str = "5m"
    http_addr: str = ""
    token: str = ""
    datacenter: str = ""
    ca_file: str = ""
    ca_path: str = ""
    cert_file: str = ""
    key_file: str = ""
    tls_server_name: str = ""
    https_ca_file: str = ""
    https_ca_path: str = ""
    https_cert_file: str = ""
    https_key_file: str = ""
    ping_type: str = "udp"
    stale_read_nodes: bool = False
    passing_threshold: int = 0
    critical_threshold: int = 0
    telemetry: Telemetry = msgspec.field(default_factory=Telemetry)

    def __post_init__(self) -> None:
        for name in DURATIONS:
            _duration(name, getattr(self, name))
        for name in ("passing_threshold", "critical_threshold"):
            if getattr(self, name) < 0:
                raise Clash(name, f"{name} cannot be negative")
        if self.log_level.upper() not in _LEVELS:
            raise Clash("log_level", f"expected one of {', '.join(_LEVELS)}")
        if self.ping_type not in _PINGS:
            raise Clash("ping_type", 'ping_type must be one of either "udp" or "socket"')
        if self.seconds("node_probe_interval") < 1:
            text = "node_probe_interval cannot be lower than 1 second"
            raise Clash("node_probe_interval", text)
        if self.syslog_facility and self.syslog_facility.upper() not in _FACILITIES:
            raise Clash("syslog_facility", f"expected one of {', '.join(_FACILITIES)}")
        if self.client_address and not self.client_address.rpartition(":")[2].isdecimal():
            raise Clash("client_address", f"expected HOST:PORT, found {self.client_address!r}")
        if bool(self.https_cert_file) != bool(self.https_key_file):
            raise Clash("https_cert_file", "`https_cert_file` and `https_key_file` go together")

    def seconds(self, name: str) -> float:
        """Tell one of the durations in seconds."""
        return go_duration.read(getattr(self, name))

    @property
    def kv_path(self) -> str:
        """Where in Consul's keys the lists and the lock are; ends with a slash."""
        if self.consul_kv_path:
            return self.consul_kv_path.rstrip("/") + "/"
        parent = self.consul_leader_key.rpartition("/")[0]
        return f"{parent}/" if self.consul_leader_key and parent else "consul-esm/"

    @property
    def leader_key(self) -> str:
        """The key of the lock."""
        return self.consul_leader_key or f"{self.kv_path}leader"
