"""What a monitor can be told to probe, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

INTERVAL = 30.0
"""Seconds between two runs where the definition tells none."""
SHORTEST = 1.0
"""Seconds between two runs at least."""
TIMEOUT = 10.0
"""Seconds a probe may take where the definition tells none."""
OUTPUT = 4096
"""Bytes of an answer's end that are kept where the definition tells no other number."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect.

    Attributes:
        host: Name or address, an IPv6 one without brackets.
        port: From 1 to 65535.
    """

    host: str
    port: int

    def __str__(self) -> str:
        """Write it as Go does."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class TLS:
    """How a server is trusted.

    Attributes:
        verify: Whether its certificate is checked.
        name: Name it is checked for and asked by; empty for the host's.
    """

    verify: bool = True
    name: str = ""


@dataclass(frozen=True, slots=True)
class HTTP:
    """A request whose status counts."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    tls: TLS = TLS()
    follow: bool = True
    kept: int = OUTPUT


@dataclass(frozen=True, slots=True)
class TCP:
    """A connection that comes about; with `tls` a handshake, too."""

    at: Address
    tls: TLS | None = None


@dataclass(frozen=True, slots=True)
class GRPC:
    """A call of grpc.health.v1 that says SERVING."""

    at: Address
    service: str = ""
    tls: TLS | None = None

    def __str__(self) -> str:
        """Write the target as the definition has it."""
        return f"{self.at}/{self.service}" if self.service else str(self.at)


@dataclass(frozen=True, slots=True)
class UDP:
    """A datagram that is not refused."""

    at: Address


@dataclass(frozen=True, slots=True)
class H2Ping:
    """A ping of HTTP/2 that is answered."""

    at: Address
    tls: TLS | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """What Consul says of another node or service."""

    node: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class Bad:
    """A definition that cannot be, and why."""

    reason: str


Probe: TypeAlias = HTTP | TCP | GRPC | UDP | H2Ping | Alias | Bad


@dataclass(frozen=True, slots=True)
class Spec:
    """What to probe, and when.

    Attributes:
        probe: What to do.
        interval: Seconds from the end of a run to the next.
        timeout: Seconds a run may take.
        deregister_after: Seconds of critical after which its service goes; 0 for never.
        successes: Good results beyond the first that make it pass; None for the monitor's setting.
        failures: Bad results beyond the first that make it critical; None for the same.
        warning: What is odd about it, and does no harm; empty for nothing.
    """

    probe: Probe
    interval: float = INTERVAL
    timeout: float = TIMEOUT
    deregister_after: float = 0.0
    successes: int | None = None
    failures: int | None = None
    warning: str = ""
