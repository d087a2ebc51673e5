"""A proxy for TLS, as companies have it, which knows one host: so names can be any."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = 65536


@contextlib.contextmanager
def start(name: str, port: int, asked: list[bytes] | None = None) -> Iterator[str]:
    """Run a proxy that leads to `name` (HOST:PORT) on a port of the loopback; yield its URL.

    What each client asked for is noted, whole, where there is a list for it.
    """
    heads = [] if asked is None else asked
    door = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                client, _ = door.accept()
                threading.Thread(
                    target=_lead, args=(client, name, port, heads), daemon=True
                ).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        over.set()
        with contextlib.suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join(5)


def _lead(client: socket.socket, name: str, port: int, asked: list[bytes]) -> None:
    """Lead one connection to where it wants, if that is the host that is known."""
    with client, contextlib.suppress(OSError):
        head = client.recv(_HEAD)
        asked.append(head)
        if not head.startswith(f"CONNECT {name} ".encode()):
            client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port)) as server:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            _pass_on(client, server)


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    ways = {one: other, other: one}
    while True:
        ready, _, _ = select.select(list(ways), [], [])
        for source in ready:
            data = source.recv(_HEAD)
            if not data:
                return
            ways[source].sendall(data)
