"""What speaks HTTP/2: the health call of gRPC, and the ping.

On the h2 library rather than grpcio: that one cannot leave a certificate unchecked, which
`TLSSkipVerify` asks for, knows no ping, and brings threads and 20 MiB of its own.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from lictor.esm import verdict
from lictor.esm.probes.failing import ProbeFailed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lictor.esm.kinds import GRPC, TLS, Address, H2Ping
    from lictor.esm.probes.dialing import Dialer, Line

_STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_CODES = (
    *("OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound"),
    *("AlreadyExists", "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted"),
    *("OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated"),
)
_PING = b"lictor!!"
_LARGEST = 64 * 1024


class GRPCProbe:
    """Calls grpc.health.v1.Health/Check."""

    __slots__ = ("_dialer", "_spec")

    def __init__(self, spec: GRPC, dialer: Dialer) -> None:
        self._spec = spec
        self._dialer = dialer

    async def run(self) -> verdict.Result:
        """Call once."""
        spec = self._spec
        message = await self._called()
        status = _status(message)
        if status == 1:
            return verdict.Result(verdict.PASSING, f"gRPC check {spec}: success")
        said = _STATUSES.get(status, str(status))
        return verdict.Result(verdict.CRITICAL, f"gRPC {spec} serving status: {said}")

    def late(self, timeout: float) -> str:
        """Say that the time was over."""
        return (
            f"gRPC {self._spec}: rpc error: code = DeadlineExceeded desc = context deadline"
            f" exceeded after {timeout:g}s"
        )

    async def _called(self) -> bytes:
        spec = self._spec
        name = spec.service.encode()
        message = b"\x0a" + _varint(len(name)) + name if name else b""
        async with _speaking(self._dialer, spec.at, spec.tls) as session:
            headers = [
                (":method", "POST"),
                (":scheme", "https" if spec.tls else "http"),
                (":path", "/grpc.health.v1.Health/Check"),
                (":authority", (spec.tls.name if spec.tls else "") or str(spec.at)),
                ("te", "trailers"),
                ("content-type", "application/grpc"),
                ("user-agent", "Consul Health Check"),
            ]
            data = b"\0" + struct.pack(">I", len(message)) + message
            try:
                session.speaker.send_headers(1, headers)
                session.speaker.send_data(1, data, end_stream=True)
            except h2.exceptions.H2Error as error:  # a name of a service that no frame holds
                raise ProbeFailed(f"gRPC {str(spec)[:200]}: cannot be sent: {error}") from None
            return await _answered(session, str(spec))


class H2PingProbe:
    """Sends a ping of HTTP/2."""

    __slots__ = ("_dialer", "_spec")

    def __init__(self, spec: H2Ping, dialer: Dialer) -> None:
        self._spec = spec
        self._dialer = dialer

    async def run(self) -> verdict.Result:
        """Ping once."""
        async with _speaking(self._dialer, self._spec.at, self._spec.tls) as session:
            session.speaker.ping(_PING)
            async for event in session.events():
                if isinstance(event, h2.events.PingAckReceived) and event.ping_data == _PING:
                    text = f"HTTP2 ping of {self._spec.at} was successful"
                    return verdict.Result(verdict.PASSING, text)
        raise ProbeFailed(f"HTTP2 ping of {self._spec.at} failed: EOF")

    def late(self, timeout: float) -> str:
        """Say that the time was over."""
        return f"HTTP2 ping of {self._spec.at} failed: no answer within {timeout:g}s"


class _Session:
    """A connection on which HTTP/2 has begun."""

    def __init__(self, line: Line) -> None:
        self.speaker = h2.connection.H2Connection(
            h2.config.H2Configuration(header_encoding="utf-8")
        )
        self.speaker.initiate_connection()
        self._line = line

    async def events(self) -> AsyncIterator[h2.events.Event]:
        """Send what waits to be sent, and yield what comes."""
        while True:
            await self._line.send(self.speaker.data_to_send())
            data = await self._line.receive()
            if not data:
                return
            try:
                events = self.speaker.receive_data(data)
            except (h2.exceptions.H2Error, ValueError) as error:
                raise ProbeFailed(f"http2: this is no HTTP/2: {error}"[:200]) from None
            for event in events:
                if isinstance(event, h2.events.ConnectionTerminated):
                    raise ProbeFailed(f"http2: server sent GOAWAY: {event.error_code!s}")
                yield event


class _speaking:  # noqa: N801 - read as a function
    """Connects for the length of a block."""

    def __init__(self, dialer: Dialer, at: Address, tls: TLS | None) -> None:
        self._dialer, self._at, self._tls = dialer, at, tls
        self._line: Line | None = None

    async def __aenter__(self) -> _Session:
        self._line = await self._dialer.dial(
            self._at.host, self._at.port, self._tls, protocol="h2" if self._tls else ""
        )
        return _Session(self._line)

    async def __aexit__(self, *_: object) -> None:
        if self._line is not None:
            self._line.close()


async def _answered(session: _Session, target: str) -> bytes:
    """Wait for the message that answers a call."""
    data, said = b"", dict[str, str]()
    async for event in session.events():
        if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
            said.update((str(name), str(value)) for name, value in event.headers)
        elif isinstance(event, h2.events.DataReceived):
            data += event.data
            if len(data) > _LARGEST:
                break
            session.speaker.acknowledge_received_data(event.flow_controlled_length, 1)
        elif isinstance(event, h2.events.StreamReset):
            raise ProbeFailed(f"gRPC {target}: stream reset: {event.error_code!s}")
        elif isinstance(event, h2.events.StreamEnded):
            break
    code = said.get("grpc-status", "")
    if code == "0" and len(data) >= 5:  # noqa: PLR2004 - gRPC's prefix
        return data[5:]
    if code.isdecimal() and 0 < int(code) < len(_CODES):
        raise ProbeFailed(
            f"rpc error: code = {_CODES[int(code)]} desc = {said.get('grpc-message', '')[:200]}"
        )
    status = said.get(":status", "")
    raise ProbeFailed(
        f"gRPC {target}: no answer of gRPC{f', HTTP status {status}' if status else ''}"
    )


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _status(message: bytes) -> int:
    """Read the one field of a HealthCheckResponse; 0 where it is left out."""
    return message[1] if len(message) >= 2 and message[0] == 0x08 else 0  # noqa: PLR2004 - a field
