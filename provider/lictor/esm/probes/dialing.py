"""Connections of probes: a new one for each run, as light as can be.

A plain one is a socket that the loop tells us about, without a transport, protocol and streams of
asyncio: measured on a run of the HTTP probe these cost more than all else together (310 us of CPU
against 160), and a thousand runs a second shall fit into a part of a core. TLS goes through
asyncio's streams, where the handshake costs most anyway.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import TYPE_CHECKING, Protocol

from lictor.esm.probes import failing, names
from lictor.esm.probes.failing import ProbeFailed

if TYPE_CHECKING:
    from lictor.esm.kinds import TLS
    from lictor.esm.probes.trust import Trust

PIECE = 64 * 1024
_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY, errno.EINTR)
_HEAD_START = 0.3
"""Seconds that an address has before the next one is tried beside it, as Go's dialer has it."""


class Line(Protocol):
    """A connection."""

    async def send(self, data: bytes) -> None:
        """Send all of it."""

    async def receive(self) -> bytes:
        """Wait for what comes next; nothing at the end."""

    def close(self) -> None:
        """End it, without waiting."""


class Dialer:
    """Connects probes.

    Attributes:
        trust: How TLS is spoken; may be replaced while probes run.
        names: Looks hosts up.
    """

    def __init__(self, trust: Trust) -> None:
        self.trust = trust
        self.names = names.Names()

    async def dial(
        self, host: str, port: int, tls: TLS | None = None, *, protocol: str = ""
    ) -> Line:
        """Connect; whoever calls sets a limit of time.

        Raises:
            ProbeFailed: It cannot be connected to.
            failing.Unable: For a reason of our own.
        """
        found = names.literal(host) or await self.names.addresses(host)
        sock = await first(found, port)
        if tls is None:
            return _Plain(sock, f"{host}:{port}")
        return await self._secured(sock, host, port, tls, protocol)

    async def tunnel(self, proxy: tuple[str, int, str], host: str, port: int, tls: TLS) -> Line:
        """Connect over TLS through a proxy: its host, its port, and its login in base64.

        Raises:
            ProbeFailed: The proxy does not let us, or what is behind it.
            failing.Unable: For a reason of our own.
        """
        sock = await first(await self.names.addresses(proxy[0]), proxy[1])
        line = _Plain(sock, f"{proxy[0]}:{proxy[1]}")
        login = f"Proxy-Authorization: Basic {proxy[2]}\r\n" if proxy[2] else ""
        where = f"{host}:{port}"
        said = b""
        try:
            await line.send(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n{login}\r\n".encode())
            while b"\r\n\r\n" not in said and len(said) < PIECE:
                piece = await line.receive()
                said += piece or b"\r\n\r\n"
        except BaseException:
            line.close()
            raise
        status = said.split(b"\r\n")[0].decode("ascii", "replace")
        if status.split(" ")[1:2] != ["200"]:
            line.close()
            raise ProbeFailed(f"proxyconnect tcp: {status[:100] or 'EOF'}")
        return await self._secured(sock, host, port, tls, "")

    async def _secured(
        self, sock: socket.socket, host: str, port: int, tls: TLS, protocol: str
    ) -> Line:
        context = self.trust.context(verify=tls.verify, protocol=protocol)
        try:
            reader, writer = await asyncio.open_connection(
                sock=sock, ssl=context, server_hostname=tls.name or host
            )
        except OSError as error:
            sock.close()
            raise failing.of(error, "connect", f"{host}:{port}") from None
        except ValueError as error:  # a server name that ssl does not take
            sock.close()
            raise ProbeFailed(f"tls: {error}") from None
        except BaseException:
            sock.close()
            raise
        return _Secured(reader, writer, f"{host}:{port}")


async def first(found: names.Found, port: int) -> socket.socket:
    """Connect to the first address that lets us; the next is tried beside one that is slow.

    Raises:
        ProbeFailed: None does; what became of the first one.
        failing.Unable: The same, for a reason of our own.
    """
    if len(found) == 1:
        return await connected(*found[0], port)
    tasks: list[asyncio.Task[socket.socket]] = []
    won: asyncio.Task[socket.socket] | None = None
    try:
        while won is None:
            if len(tasks) < len(found):
                tasks.append(asyncio.create_task(connected(*found[len(tasks)], port)))
            pending = [task for task in tasks if not task.done()]
            if not pending:
                break
            wait = _HEAD_START if len(tasks) < len(found) else None
            await asyncio.wait(pending, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            won = next((task for task in tasks if _connected(task)), None)
        if won is None:
            raise tasks[0].exception() or ProbeFailed("dial tcp: no address")
        return won.result()
    finally:
        for task in tasks:
            if task is not won and _connected(task):
                task.result().close()
            task.cancel()


def _connected(task: asyncio.Task[socket.socket]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


async def connected(family: int, address: str, port: int) -> socket.socket:
    """Connect a socket, and leave none open that is not."""
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise failing.of(error, "connect", address) from None
    try:
        sock.settimeout(0)
        code = sock.connect_ex((address, port))
        if code in _UNDER_WAY:
            if not _there(sock):
                await _ready(sock)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except OSError as error:
        sock.close()
        raise failing.of(error, "connect", f"{address}:{port}") from None
    except BaseException:
        sock.close()
        raise
    if code:
        sock.close()
        where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        raise failing.of(OSError(code, os.strerror(code)), "connect", where)
    return sock


def _there(sock: socket.socket) -> bool:
    """Whether a connection has come about already, as one within this machine has."""
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _ready(sock: socket.socket) -> None:
    """Wait until a socket can be written to."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    number = sock.fileno()  # with the socket itself the loop would write a text of it each time
    loop.add_writer(number, _set, future)
    try:
        await future
    finally:
        loop.remove_writer(number)


class _Plain:
    """A socket."""

    __slots__ = ("_sock", "_where")

    def __init__(self, sock: socket.socket, where: str) -> None:
        self._sock = sock
        self._where = where

    async def send(self, data: bytes) -> None:
        try:
            sent = self._sock.send(data)
            while sent < len(data):
                await _ready(self._sock)
                data = data[sent:]
                sent = self._sock.send(data)
        except OSError as error:
            raise failing.of(error, "write", self._where) from None

    async def receive(self) -> bytes:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        number = self._sock.fileno()
        loop.add_reader(number, _set, future)
        try:
            await future
        finally:
            loop.remove_reader(number)
        try:
            return self._sock.recv(PIECE)
        except OSError as error:
            raise failing.of(error, "read", self._where) from None

    def close(self) -> None:
        self._sock.close()


class _Secured:
    """Streams over TLS."""

    __slots__ = ("_reader", "_where", "_writer")

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, where: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._where = where

    async def send(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise failing.of(error, "write", self._where) from None

    async def receive(self) -> bytes:
        try:
            return await self._reader.read(PIECE)
        except OSError as error:
            raise failing.of(error, "read", self._where) from None

    def close(self) -> None:
        self._writer.transport.abort()
