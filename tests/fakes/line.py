"""A line of TCP to a server, which a test cuts and mends."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 65_536


class Line:
    """A running line.

    Attributes:
        address: Host and port of its near end.
    """

    def __init__(self, far: str, door: socket.socket) -> None:
        """Begin whole."""
        host, port = door.getsockname()
        self.address = f"{host}:{port}"
        self._far = far
        self._door = door
        self._whole = True
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def cut(self) -> None:
        """End all connections, and take no more."""
        with self._lock:
            self._whole = False
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Take connections again."""
        self._whole = True

    def serve(self) -> None:
        """Take connections until the door is shut."""
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        host, _, port = self._far.rpartition(":")
        with self._lock:
            if not self._whole:
                near.close()
                return
            far = socket.create_connection((host, int(port)))
            self._open |= {near, far}
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()
        with self._lock, near, far:
            self._open -= {near, far}


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK):
            sink.sendall(chunk)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def start(far: str) -> Iterator[Line]:
    """Run a line to HOST:PORT until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        line = Line(far, door)
        thread = threading.Thread(target=line.serve, daemon=True)
        thread.start()
        try:
            yield line
        finally:
            line.cut()
            with contextlib.suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)
            thread.join(5)
