"""``--listen``: the status server, in a thread of its own.

It only shows: the loop runs on when the server is slow, and the page tells when the loop is.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from aiohttp import web

from lictor import errors
from lictor.watch import routes

if TYPE_CHECKING:
    from types import TracebackType

    from lictor.watch.routes import Offer

_LAST_ANSWERS = 1.0
"""So long, in seconds, answers under way may take when the server closes."""

_PORTS = range(65536)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens.

    Attributes:
        host: Name or address; empty for every address of this machine.
        port: 0 for any that is free.
    """

    host: str
    port: int

    def __str__(self) -> str:
        """Write it as it was read."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: str) -> Address:
    """Read ``HOST:PORT``, ``[IPv6]:PORT`` or ``:PORT``.

    Raises:
        errors.SettingsError: It is none of these.
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if (
        not colon
        or not (port.isascii() and port.isdecimal() and int(port) in _PORTS)
        or (":" in host) is not bracketed
    ):
        raise errors.SettingsError(
            f"--listen {text!r}: an address with a port is wanted, such as 127.0.0.1:9099,"
            " [::1]:9099, or :9099 for every address of this machine"
        )
    return Address(host[1:-1] if bracketed else host, int(port))


def start(where: Address, offer: Offer) -> Listener:
    """Begin to listen, and answer from now on.

    Raises:
        errors.ListenFailed: The address is not ours, or in use.
    """
    bound = _bound(where)
    host, port = bound.getsockname()[:2]
    at = ipaddress.ip_address(host.partition("%")[0])
    app = routes.application(offer, loopback=at.is_loopback)
    return Listener(bound, app, Address(host, port))


class Listener:
    """A server that answers until it is closed."""

    def __init__(self, bound: socket.socket, app: web.Application, at: Address) -> None:
        """Answer what comes in at a socket that listens; it is closed with the server."""
        self._at = at
        self._loop = asyncio.new_event_loop()
        self._over = self._loop.create_future()
        self._thread = threading.Thread(
            target=self._run, args=(bound, app), name="lictor-listen", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the page is, with the port that was found free."""
        return f"http://{self._at}/"

    def close(self) -> None:
        """Answer no more. May be called more than once."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end)
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _run(self, bound: socket.socket, app: web.Application) -> None:
        try:
            self._loop.run_until_complete(self._serve(bound, app))
        finally:
            self._loop.close()

    async def _serve(self, bound: socket.socket, app: web.Application) -> None:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_LAST_ANSWERS)
        await runner.setup()
        try:
            await web.SockSite(runner, bound).start()
            await self._over
        finally:
            await runner.cleanup()


def _bound(where: Address) -> socket.socket:
    """Open the socket here, where who asked for it can still be told that it does not open."""
    any_family = not where.host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if any_family or ":" in where.host else socket.AF_INET
    try:
        found = socket.getaddrinfo(
            where.host or None, where.port, family, socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        at = str(found[0][4][0]), where.port
        return socket.create_server(at, family=family, dualstack_ipv6=any_family)
    except OSError as error:
        raise errors.ListenFailed(f"--listen {where}: {_why(where, error)}") from error


def _why(where: Address, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"{where.host} is no address of this machine: {error.strerror}"
    known = {
        errno.EADDRINUSE: f"port {where.port} is in use; choose another, or stop what has it",
        errno.EACCES: f"port {where.port} is for root alone; choose one from 1024",
        errno.EADDRNOTAVAIL: f"{where.host} is no address of this machine",
    }
    return known.get(error.errno or 0) or str(error.strerror)
