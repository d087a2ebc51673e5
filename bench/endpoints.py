"""Endpoints that the monitor's benchmark checks: any number of paths, told to fail, counted.

A process of its own on bare sockets and epoll, so that it costs less than what it measures.
``/N`` is endpoint N; ``/control?...`` makes endpoints fail and tells what was counted.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import subprocess
import sys
import time
import urllib.request
from array import array
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_UP = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
_DOWN = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndown"


class Endpoints:
    """A running process.

    Attributes:
        url: Of endpoint 0, without the 0.
    """

    def __init__(self, url: str) -> None:
        """Remember where it is."""
        self.url = url

    def control(self, **query: object) -> Any:  # noqa: ANN401 - JSON
        """Make endpoints fail (`down`: all, none, or a number), forget (`reset`), and tell."""
        text = "&".join(f"{key}={value}" for key, value in query.items())
        with urllib.request.urlopen(f"{self.url}control?{text}", timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read())


@contextlib.contextmanager
def start(count: int) -> Iterator[Endpoints]:
    """Run so many endpoints until the block ends."""
    command = [sys.executable, "-m", "bench.endpoints", str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            yield Endpoints(process.stdout.readline().strip())
        finally:
            process.kill()


class _Server:
    """The process's own side."""

    def __init__(self, count: int) -> None:
        self.sock = socket.create_server(("127.0.0.1", 0), backlog=8192)
        self.sock.settimeout(0)
        self._down = bytearray(count)
        self._last = array("d", bytes(8 * count))
        self._gaps = array("f")
        self._hits = 0
        self._seen = 0

    def serve(self) -> None:
        poll = select.epoll()
        poll.register(self.sock, select.EPOLLIN)
        lines: dict[int, socket.socket] = {}
        while True:
            for number, _ in poll.poll():
                if number == self.sock.fileno():
                    self._accept(poll, lines)
                    continue
                line = lines.pop(number)
                poll.unregister(number)
                with contextlib.suppress(OSError, IndexError), line:  # whoever hung up meanwhile
                    line.sendall(self._answer(line.recv(4096)))

    def _accept(self, poll: select.epoll, lines: dict[int, socket.socket]) -> None:
        for _ in range(64):
            try:
                line, _ = self.sock.accept()
            except BlockingIOError:
                return
            lines[line.fileno()] = line
            poll.register(line.fileno(), select.EPOLLIN)

    def _answer(self, data: bytes) -> bytes:
        path = data.split(b" ", 2)[1]
        if path.startswith(b"/control"):
            body = json.dumps(self._control(path.decode())).encode()
            return b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        number = int(path[1:])
        now = time.monotonic()
        last = self._last[number]
        if last:
            self._gaps.append(now - last)
        else:
            self._seen += 1
        self._last[number] = now
        self._hits += 1
        return _DOWN if self._down[number] else _UP

    def _control(self, path: str) -> dict[str, object]:
        query = {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
        down = query.get("down", "")
        if down in ("all", "none"):
            self._down = bytearray((b"\1" if down == "all" else b"\0") * len(self._down))
        elif down:
            self._down[int(down)] = 1
        gaps = sorted(self._gaps)
        told: dict[str, object] = {
            "hits": self._hits,
            "seen": self._seen,
            "gaps": [gaps[int(len(gaps) * part)] if gaps else 0.0 for part in (0.5, 0.95, 0.99)],
            "now": time.monotonic(),
        }
        if query.get("since"):
            since = float(query["since"])
            told["old"] = sum(last < since for last in self._last)
        if query.get("reset"):
            self._gaps, self._hits = array("f"), 0
        if query.get("reset") == "all":
            self._seen, self._last = 0, array("d", bytes(8 * len(self._last)))
        return told


if __name__ == "__main__":
    server = _Server(int(sys.argv[1]))
    sys.stdout.write(f"http://127.0.0.1:{server.sock.getsockname()[1]}/\n")
    sys.stdout.flush()
    server.serve()
