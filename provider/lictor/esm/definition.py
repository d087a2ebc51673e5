"""From a check's `Definition` to what to probe and when, or to why it cannot be probed: pure.

Precedence is consul-esm's, HTTP before TCP before gRPC, and then come the kinds that it does not
run. A definition that cannot be is a `Bad` probe: its check is critical and says why.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

from lictor.esm.kinds import (
    GRPC,
    HTTP,
    INTERVAL,
    OUTPUT,
    SHORTEST,
    TCP,
    TIMEOUT,
    TLS,
    UDP,
    Address,
    Alias,
    Bad,
    H2Ping,
    Probe,
    Spec,
)
from lictor.settings import go_duration

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PORTS = {
    "domain": "53",
    "ftp": "21",
    "ftps": "990",
    "gopher": "70",
    "http": "80",
    "https": "443",
    "imap2": "143",
    "imap3": "220",
    "imaps": "993",
    "pop3": "110",
    "pop3s": "995",
    "smtp": "25",
    "submissions": "465",
    "ssh": "22",
    "telnet": "23",
}
"""Ports by name: those that Go knows on any machine."""
_NOTE = re.compile(r"\b(success_before_passing|failures_before_critical)\s*=\s*([0-9]{1,6})\b")


class _Wire(msgspec.Struct, frozen=True, rename="pascal"):
    http: str = msgspec.field(name="HTTP", default="")
    method: str = ""
    header: dict[str, list[str] | None] | None = None
    body: str = ""
    tls_skip_verify: bool = msgspec.field(name="TLSSkipVerify", default=False)
    tls_server_name: str = msgspec.field(name="TLSServerName", default="")
    disable_redirects: bool = False
    output_max_size: int = 0
    tcp: str = msgspec.field(name="TCP", default="")
    tcp_use_tls: bool = msgspec.field(name="TCPUseTLS", default=False)
    grpc: str = msgspec.field(name="GRPC", default="")
    grpc_use_tls: bool = msgspec.field(name="GRPCUseTLS", default=False)
    udp: str = msgspec.field(name="UDP", default="")
    h2ping: str = msgspec.field(name="H2PING", default="")
    h2ping_use_tls: bool = msgspec.field(name="H2PingUseTLS", default=False)
    alias_node: str = ""
    alias_service: str = ""
    interval: str | int | float = 0
    timeout: str | int | float = 0
    deregister_critical_service_after: str | int | float = 0


_DECODER = msgspec.json.Decoder(_Wire)
_KINDS = ("http", "tcp", "grpc", "udp", "h2ping", "alias_node", "alias_service")


class _BadError(ValueError):
    """What makes a probe `Bad`."""


def read(definition: bytes, notes: str = "", node: str = "") -> Spec | None:
    """Read a definition; None where it defines nothing that a monitor runs.

    Args:
        definition: JSON of it, as Consul gives it.
        notes: Of the check; ``success_before_passing=2`` and ``failures_before_critical=2`` in
            them are this check's thresholds, for which Consul's catalog has no field.
        node: Of the check; an alias of a service without a node means one on the same node.
    """
    try:
        wire = _DECODER.decode(definition)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Spec(Bad(f"the definition cannot be read: {error}"))
    if not any(getattr(wire, kind) for kind in _KINDS):
        return None
    try:
        return _spec(wire, notes, node)
    except _BadError as error:
        return Spec(Bad(str(error)), interval=_interval_or_default(wire))


def _spec(wire: _Wire, notes: str, node: str) -> Spec:
    interval = _seconds("Interval", wire.interval) or INTERVAL
    warning = "Check interval too low" if interval < SHORTEST else ""
    thresholds = {name: int(number) for name, number in _NOTE.findall(notes)} if notes else {}
    return Spec(
        _probe(wire, node),
        interval=max(SHORTEST, interval),
        timeout=_seconds("Timeout", wire.timeout) or TIMEOUT,
        deregister_after=_seconds(
            "DeregisterCriticalServiceAfter", wire.deregister_critical_service_after
        ),
        successes=thresholds.get("success_before_passing"),
        failures=thresholds.get("failures_before_critical"),
        warning=warning,
    )


def _probe(wire: _Wire, node: str) -> Probe:
    tls = TLS(not wire.tls_skip_verify, wire.tls_server_name)
    if wire.http:
        return _http(wire, tls)
    if wire.tcp:
        return TCP(_address("TCP", wire.tcp), tls if wire.tcp_use_tls else None)
    if wire.grpc:
        target, _, service = wire.grpc.partition("/")
        return GRPC(_address("GRPC", target), service, tls if wire.grpc_use_tls else None)
    if wire.udp:
        return UDP(_address("UDP", wire.udp))
    if wire.h2ping:
        return H2Ping(_address("H2PING", wire.h2ping), tls if wire.h2ping_use_tls else None)
    return Alias(wire.alias_node or node, wire.alias_service)


def _http(wire: _Wire, tls: TLS) -> HTTP:
    check_url(wire.http)
    method = wire.method or "GET"
    if not _TOKEN.fullmatch(method):
        raise _BadError(f"Method {method[:60]!r} is no method of HTTP")
    headers = tuple(
        (name, value) for name, values in (wire.header or {}).items() for value in values or ()
    )
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or any(c in "\r\n\0" for c in value):
            raise _BadError(f"Header {name[:60]!r} cannot be sent")
    return HTTP(
        wire.http,
        method,
        headers,
        wire.body.encode("utf-8", "surrogatepass"),
        tls,
        follow=not wire.disable_redirects,
        kept=wire.output_max_size if wire.output_max_size > 0 else OUTPUT,
    )


def check_url(url: str) -> None:
    """Refuse what no request can be made of.

    Raises:
        ValueError: With the reason.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _BadError(f"HTTP {url[:200]!r} is no URL: {error}") from None
    if parts.scheme not in ("http", "https"):
        raise _BadError(f"HTTP {url[:200]!r}: unsupported protocol scheme {parts.scheme!r}")
    odd = url[:1] == " " or " " in parts.netloc or any(c < " " or c == "\x7f" for c in url)
    if not host or port == 0 or odd:
        raise _BadError(f"HTTP {url[:200]!r} is no URL: expected http(s)://HOST[:PORT]/PATH")
    _hostname("HTTP", host)


def _address(name: str, text: str) -> Address:
    host, colon, port = text.rpartition(":")
    if not colon:
        raise _BadError(f"{name} {text[:200]!r}: missing port in address")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise _BadError(f"{name} {text[:200]!r}: too many colons in address")
    port = _PORTS.get(port.lower(), port)
    if not (port.isascii() and port.isdecimal()) or not 0 < int(port[:9]) <= 65535:  # noqa: PLR2004
        raise _BadError(f"{name} {text[:200]!r}: invalid port")
    _hostname(name, host or "localhost")
    return Address(host or "localhost", int(port))


def _hostname(name: str, host: str) -> None:
    """Refuse what the resolver would choke on."""
    try:
        fits = len(host.encode("idna" if not host.isascii() else "ascii")) < 255  # noqa: PLR2004
    except UnicodeError:
        fits = False
    if not fits or any(not c.isprintable() or c.isspace() for c in host):
        raise _BadError(f"{name}: {host[:60]!r} is no name of a host")


def _seconds(name: str, value: str | float) -> float:
    """Read a duration as Consul's API takes it: Go's text, or nanoseconds."""
    try:
        seconds = go_duration.read(value) if isinstance(value, str) and value else float(value or 0)
    except ValueError as error:
        raise _BadError(f"{name}: {error}") from None
    if not isinstance(value, str):
        seconds /= 1e9
    if seconds < 0 or seconds != seconds:  # noqa: PLR0124 - not a number
        raise _BadError(f"{name}: {value!r} is negative")
    return min(seconds, 366 * 86400.0)


def _interval_or_default(wire: _Wire) -> float:
    try:
        return max(SHORTEST, _seconds("Interval", wire.interval) or INTERVAL)
    except _BadError:
        return INTERVAL
