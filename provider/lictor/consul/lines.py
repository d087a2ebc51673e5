"""Calls that another thread can break off, as one must be that may be silent for minutes.

Python cannot stop a thread that waits for an answer, but the wait ends when the connection is
shut from elsewhere. So a thread that waits says which line it speaks on, connections note
themselves on it for as long as they wait, and whoever wants the thread back breaks the line.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import urllib3
import urllib3.connection

if TYPE_CHECKING:
    from collections.abc import Iterator


class Line:
    """What one thread speaks on; broken once, it stays so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: socket.socket | None = None
        self._broken = False

    @property
    def broken(self) -> bool:
        """Whether a failure on this line means nothing but that nobody wants the answer."""
        return self._broken

    @property
    def waiting(self) -> bool:
        """Whether an answer is waited for just now."""
        return self._waiting is not None

    def break_off(self) -> None:
        """End the wait that is under way, and refuse all that follow."""
        with self._lock:
            self._broken = True
            if self._waiting is not None:
                # the plain socket's own: a TLS socket's is not made for two threads
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._waiting, socket.SHUT_RDWR)

    @contextlib.contextmanager
    def spoken(self) -> Iterator[None]:
        """Let this thread's calls, while in the block, be broken off."""
        _SPOKEN.line = self
        try:
            yield
        finally:
            _SPOKEN.line = None

    @contextlib.contextmanager
    def waited(self, sock: socket.socket) -> Iterator[None]:
        """Note on which connection the answer is waited for.

        Raises:
            ConnectionAbortedError: The line is broken already.
        """
        with self._lock:
            if self._broken:
                raise ConnectionAbortedError("broken off")
            self._waiting = sock
        try:
            yield
        finally:
            with self._lock:
                self._waiting = None


class _Spoken(threading.local):
    """The line that a thread speaks on."""

    line: Line | None = None


_SPOKEN = _Spoken()


def _waited(sock: object) -> contextlib.AbstractContextManager[None]:
    """Note a connection on the line of this thread, where it has one."""
    plain = getattr(sock, "socket", sock)  # TLS within TLS, as to a proxy, is wrapped
    if _SPOKEN.line is None or not isinstance(plain, socket.socket):
        return contextlib.nullcontext()
    return _SPOKEN.line.waited(plain)


class Connection(urllib3.connection.HTTPConnection):
    """A connection whose wait can be broken off."""

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override] # as in urllib3
        """Wait for the answer, and read its head."""
        with _waited(self.sock):
            return super().getresponse()


class _TLSConnection(urllib3.connection.HTTPSConnection):
    """The same over TLS."""

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override] # as in urllib3
        """Wait for the answer, and read its head."""
        with _waited(self.sock):
            return super().getresponse()


class Pool(urllib3.HTTPConnectionPool):
    """A pool of such connections."""

    ConnectionCls = Connection


class _TLSPool(urllib3.HTTPSConnectionPool):
    """The same over TLS."""

    ConnectionCls = _TLSConnection


POOLS: dict[str, type[urllib3.HTTPConnectionPool]] = {"http": Pool, "https": _TLSPool}
"""Scheme -> pool, as urllib3's managers want it."""
