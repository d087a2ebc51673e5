"""A server of HTTP/2: gRPC's health, and pings."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
import h2.exceptions

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


class Speaker:
    """A running server.

    Attributes:
        status: What it says of its service; None to close the stream with an error of gRPC.
        asked: What came in streams.
        port: Where it listens, on 127.0.0.1.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Begin to listen."""
        self.status: int | None = 1
        self.asked: list[bytes] = []
        self._tls = tls
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.port = self._sock.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._sock.accept()
            except OSError:
                return
            threading.Thread(target=self._speak, args=(line,), daemon=True).start()

    def _speak(self, plain: socket.socket) -> None:
        with plain, contextlib.suppress(OSError, h2.exceptions.H2Error):
            line = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            with line:
                self._spoken(line)

    def _spoken(self, line: socket.socket) -> None:
        speaker = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        speaker.initiate_connection()
        line.sendall(speaker.data_to_send())
        while data := line.recv(65536):
            for event in speaker.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    self.asked.append(bytes(event.data))
                if isinstance(event, h2.events.StreamEnded):
                    self._answer(speaker, event.stream_id)
            line.sendall(speaker.data_to_send())

    def _answer(self, speaker: h2.connection.H2Connection, stream: int) -> None:
        first = [(":status", "200"), ("content-type", "application/grpc")]
        if self.status is None:
            error = [*first, ("grpc-status", "5"), ("grpc-message", "unknown service")]
            speaker.send_headers(stream, error, end_stream=True)
            return
        speaker.send_headers(stream, first)
        message = bytes((8, self.status))
        speaker.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message)
        speaker.send_headers(stream, [("grpc-status", "0")], end_stream=True)


@contextlib.contextmanager
def start(tls: ssl.SSLContext | None = None) -> Iterator[Speaker]:
    """Run a server on a free port until the block ends."""
    running = Speaker(tls)
    try:
        yield running
    finally:
        running.close()
