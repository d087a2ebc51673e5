"""A small HTTP server for the answers that a real Consul will not give on demand.

It knows nothing of Consul but the headers of a good answer. A test scripts it: one `Odd` for
each request to come, the last one for all further requests.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

GOOD = {
    "Content-Type": "application/json",
    "X-Consul-Default-ACL-Policy": "allow",
    "X-Consul-Effective-Consistency": "leader",
    "X-Consul-Index": "15",
    "X-Consul-KnownLeader": "true",
    "X-Consul-LastContact": "0",
}
"""What a healthy agent sends with an answer."""


@dataclass(frozen=True, slots=True)
class Odd:
    """One answer.

    Attributes:
        status: Its status.
        body: Its body.
        headers: Laid over the good ones; None takes one away.
        length: The length it claims, where that is not the body's.
        repeat: The body is sent this many times over.
        trickle: The body is sent byte by byte, with this pause between two, in seconds.
        hang: No answer at all until the server ends.
        reset: The connection is reset instead of an answer.
    """

    status: int = 200
    body: bytes = b"[]"
    headers: Mapping[str, str | None] = field(default_factory=dict)
    length: int | None = None
    repeat: int = 1
    trickle: float = 0.0
    hang: bool = False
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came: its path with the query as sent, its headers, and what was written."""

    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def index(self) -> int:
        """The index that it blocks on; 0 if it does not."""
        return int(dict(parse_qsl(urlsplit(self.path).query)).get("index", "0"))


class Blocking:
    """A rule for `OddConsul.obeys`: blocks as Consul does, and says what a test wants.

    Attributes:
        fault: Given instead of every answer; None for none.
        deaf: Whether it forgets to block.
    """

    def __init__(self, body: bytes = b"[]", index: int = 15) -> None:
        """Begin with this answer."""
        self.fault: Odd | None = None
        self.deaf = False
        self._body = body
        self._index = index
        self._changed = threading.Condition()

    def says(self, body: bytes, index: int) -> None:
        """Say something else from now on."""
        with self._changed:
            self._body, self._index = body, index
            self._changed.notify_all()

    def fails(self, fault: Odd | None) -> None:
        """Fail from now on, calls under way included; None: not any more."""
        with self._changed:
            self.fault = fault
            self._changed.notify_all()

    def __call__(self, asked: Asked) -> Odd:
        """Answer a request when there is something new, or its wait is over."""
        query = dict(parse_qsl(urlsplit(asked.path).query))
        index, seconds = asked.index, int(query.get("wait", "0ms").removesuffix("ms")) / 1000
        with self._changed:
            if not self.deaf:
                self._changed.wait_for(lambda: self.fault or index != self._index, seconds)
            headers = {"X-Consul-Index": str(self._index)}
            return self.fault or Odd(body=b"[]" if index else self._body, headers=headers)


class OddConsul:
    """A running server."""

    def __init__(self, url: str) -> None:
        """Begin with good, empty answers."""
        self.url = url
        self.asked: list[Asked] = []
        self.ended = threading.Event()
        self._script: list[Odd] = [Odd()]
        self._rule: Callable[[Asked], Odd] | None = None
        self._lock = threading.Lock()

    def answers(self, *script: Odd) -> None:
        """Give these answers, one a request, and the last to all that follow."""
        with self._lock:
            self.asked.clear()
            self._rule = None
            self._script = list(script)

    def obeys(self, rule: Callable[[Asked], Odd]) -> None:
        """Answer each request as a rule says, which may take its time and is asked by threads."""
        self.answers(Odd())
        self._rule = rule

    def next(self, asked: Asked) -> Odd:
        """Note a request and choose its answer."""
        with self._lock:
            self.asked.append(asked)
            rule = self._rule
            if rule is None:
                return self._scripted()
        return rule(asked)

    def _scripted(self) -> Odd:
        return self._script.pop(0) if len(self._script) > 1 else self._script[0]


@contextlib.contextmanager
def start(tls: ssl.SSLContext | None = None) -> Iterator[OddConsul]:
    """Run a server on a free port of the loopback until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    scheme = "http"
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    odd = OddConsul(f"{scheme}://127.0.0.1:{server.server_address[1]}")
    server.odd = odd
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="odd-consul")
    thread.start()
    try:
        yield odd
    finally:
        odd.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def server_tls(cert: Path, key: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    """Make a server's side of TLS; with `client_ca`, clients must show a certificate of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class _Server(ThreadingHTTPServer):
    """Ends at once, and says nothing of clients that go away."""

    daemon_threads = True
    odd: OddConsul

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Leave a broken connection to the client that broke it."""


class _Handler(BaseHTTPRequestHandler):
    """Gives the scripted answer to whatever is asked."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Answer, or do not."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        answer = self.server.odd.next(Asked(self.path, dict(self.headers), body))
        if answer.hang:
            self.close_connection = True
            self.server.odd.ended.wait()
        elif answer.reset:
            self.close_connection = True
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        else:
            self._answer(answer)

    def do_PUT(self) -> None:
        """Take what is written, and answer as to a question."""
        self.do_GET()

    def do_POST(self) -> None:
        """Answer as to a question."""
        self.do_GET()

    def _answer(self, answer: Odd) -> None:
        """Send an answer, in the way that it says."""
        self.send_response(answer.status)
        for name, value in {**GOOD, **answer.headers}.items():
            if value is not None:
                self.send_header(name, value)
        size = len(answer.body) * answer.repeat if answer.length is None else answer.length
        if "Transfer-Encoding" not in answer.headers:
            self.send_header("Content-Length", str(size))
        self.end_headers()
        self.close_connection = answer.length is not None
        if answer.trickle:
            for byte in answer.body:
                self.wfile.write(bytes([byte]))
                if self.server.odd.ended.wait(answer.trickle):
                    return
        for _ in range(0 if answer.trickle else answer.repeat):
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the base's name
        """Say nothing."""
