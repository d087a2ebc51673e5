"""An endpoint of somebody else: it answers what a test says, byte for byte, or does not."""

from __future__ import annotations

import contextlib
import itertools
import socket
import socketserver
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

    Rule = Callable[[bytes], Iterable[bytes]]
    """From a request to the pieces of what is sent back."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Make an answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def hang(_: bytes) -> Iterator[bytes]:
    """Answer nothing, for longer than anybody waits."""
    time.sleep(30)
    yield b""


def forever(_: bytes) -> Iterator[bytes]:
    """Answer without end."""
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    for number in itertools.count():
        time.sleep(0.02)
        yield f"{number} ".encode()


def flood(_: bytes) -> Iterator[bytes]:
    """Answer without end, as fast as can be."""
    yield b"HTTP/1.1 200 OK\r\n\r\n"
    while True:
        yield b"x" * 65536


class Endpoint:
    """A running server.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        requests: What came, whole.
        names: Names that clients asked for by TLS.
    """

    def __init__(self, port: int, scheme: str) -> None:
        """Begin by answering 200."""
        self.port = port
        self.requests: list[bytes] = []
        self.times: list[float] = []
        self.names: list[str | None] = []
        self._scheme = scheme
        self._rule: Rule = lambda _: [OK]

    @property
    def url(self) -> str:
        """Its URL."""
        return f"{self._scheme}://127.0.0.1:{self.port}/"

    def says(self, text: bytes | Rule) -> None:
        """Answer so from now on."""
        self._rule = (lambda _: [text]) if isinstance(text, bytes) else text

    def respond(self, request: bytes) -> Iterable[bytes]:
        """Note a request, and answer it."""
        self.requests.append(request)
        self.times.append(time.monotonic())
        return self._rule(request)


@contextlib.contextmanager
def start(tls: ssl.SSLContext | None = None) -> Iterator[Endpoint]:
    """Run an endpoint on a free port until the block ends."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        endpoint = Endpoint(server.server_address[1], "https" if tls else "http")
        server.endpoint = endpoint
        server.tls = tls
        if tls is not None:
            tls.sni_callback = lambda _, name, __: endpoint.names.append(name)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    endpoint: Endpoint
    tls: ssl.SSLContext | None

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Leave a broken connection to whoever broke it."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        line: socket.socket = self.request
        line.settimeout(30)
        if self.server.tls is not None:
            line = self.server.tls.wrap_socket(line, server_side=True)
        with line, contextlib.suppress(OSError):
            request = self._request(line)
            if request:
                for piece in self.server.endpoint.respond(request):
                    line.sendall(piece)
            line.shutdown(socket.SHUT_RDWR)

    def _request(self, line: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = line.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        for header in head.split(b"\r\n"):
            if header.lower().startswith(b"content-length:"):
                length = int(header.partition(b":")[2])
                while len(body) < length:
                    body += line.recv(65536)
        return head + b"\r\n\r\n" + body
