"""TCP and UDP: a connection that comes about, a datagram that nobody refuses."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from lictor.esm import verdict
from lictor.esm.probes import failing

if TYPE_CHECKING:
    from lictor.esm.kinds import TCP, UDP
    from lictor.esm.probes.dialing import Dialer

_SILENCE = 1.0
"""Seconds in which a datagram is refused, if it is: whoever listens need not answer."""


class TCPProbe:
    """Connects, with a handshake of TLS where the definition has one, and hangs up."""

    __slots__ = ("_dialer", "_spec")

    def __init__(self, spec: TCP, dialer: Dialer) -> None:
        self._spec = spec
        self._dialer = dialer

    async def run(self) -> verdict.Result:
        """Connect once."""
        at = self._spec.at
        line = await self._dialer.dial(at.host, at.port, self._spec.tls)
        line.close()
        return verdict.Result(verdict.PASSING, f"TCP connect {at}: Success")

    def late(self, timeout: float) -> str:
        """Say that the time was over."""
        return f"dial tcp {self._spec.at}: i/o timeout after {timeout:g}s"


class UDPProbe:
    """Sends a datagram; only a refusal, or silence of the network's end, is critical."""

    __slots__ = ("_dialer", "_spec", "_timeout")

    def __init__(self, spec: UDP, dialer: Dialer, timeout: float) -> None:
        self._spec = spec
        self._dialer = dialer
        self._timeout = timeout

    async def run(self) -> verdict.Result:
        """Send once, and wait for a refusal or an answer."""
        at = self._spec.at
        family, address = (await self._dialer.names.addresses(at.host))[0]
        loop = asyncio.get_running_loop()
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.settimeout(0)
                await loop.sock_connect(sock, (address, at.port))
                await loop.sock_sendall(sock, b"ping")
                async with asyncio.timeout(min(_SILENCE, self._timeout / 2)):
                    await loop.sock_recv(sock, 2048)
        except TimeoutError:
            pass  # nobody says no
        except OSError as error:
            text = f"read udp {at}: {str(error.strerror or error).lower()}"
            raise failing.in_words(error, text) from None
        return verdict.Result(verdict.PASSING, f"UDP connect {at}: Success")

    def late(self, timeout: float) -> str:
        """Say that the time was over."""
        return f"dial udp {self._spec.at}: i/o timeout after {timeout:g}s"
