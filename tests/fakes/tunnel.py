"""A CONNECT proxy behind which a host of AWS's is the stand-in, over TLS.

Consul takes no endpoint of ours: it asks `ec2.REGION.api.aws` on port 443. `HTTPS_PROXY` brings it
here, and the certificate is of an authority that `AWS_CA_BUNDLE` names.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.aws.client import StandIn

_CHUNK = 65_536


@dataclass(frozen=True)
class Tunnel:
    """A running proxy.

    Attributes:
        url: What `HTTPS_PROXY` names.
        bundle: What `AWS_CA_BUNDLE` names.
        asked: Every host that was asked for, the refused ones too.
    """

    url: str
    bundle: Path
    asked: list[str] = field(default_factory=list)

    def environment(self, aws: StandIn) -> dict[str, str]:
        """Return the variables that bring an unmodified program here, with credentials."""
        known = aws.environment()
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")
        return {
            **{name: known[name] for name in names},
            "HTTPS_PROXY": self.url,
            "AWS_CA_BUNDLE": str(self.bundle),
        }


@contextlib.contextmanager
def start(aws: StandIn, folder: Path, *hosts: str) -> Iterator[Tunnel]:
    """Run a proxy that knows these hosts until the block ends; its certificates go to a folder."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    bundle = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    asked: list[str] = []
    behind = urlsplit(aws.url)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            host = _connect(self.request)
            asked.append(host)
            if host not in {f"{known}:443" for known in hosts}:
                self.request.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                return
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with (
                contextlib.suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as near,
                socket.create_connection((behind.hostname, behind.port)) as far,
            ):
                threading.Thread(target=_pump, args=(far, near), daemon=True).start()
                _pump(near, far)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Tunnel(f"http://127.0.0.1:{server.server_address[1]}", bundle, asked)
        finally:
            server.shutdown()
            thread.join()


def _connect(near: socket.socket) -> str:
    """Read a CONNECT request to its empty line, no byte more; return host and port."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = near.recv(1)
        if not byte:
            break
        head += byte
    words = head.split(b"\r\n", 1)[0].decode(errors="replace").split()
    return words[1] if len(words) > 1 and words[0] == "CONNECT" else ""


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Carry bytes until one side has no more."""
    with contextlib.suppress(OSError):
        while chunk := source.recv(_CHUNK):
            sink.sendall(chunk)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)
