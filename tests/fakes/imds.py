"""An instance's metadata service, version 2 alone: no answer without a token."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOKEN = "a-token"  # noqa: S105 - nobody's
_HEADER = "X-aws-ec2-metadata-token"


ENDPOINT = "AWS_EC2_METADATA_SERVICE_ENDPOINT"


def of_instance(
    ident: str, address: str, zone: str, tags: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return what an instance is told: path below `latest/meta-data/` -> what stands there."""
    return {
        "instance-id": ident,
        "local-ipv4": address,
        "placement/region": zone[:-1],
        "placement/availability-zone": zone,
        **{f"tags/instance/{key}": value for key, value in (tags or {}).items()},
    }


@contextlib.contextmanager
def start(texts: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Run a service until the block ends; yield the variables that make AWS's tools ask it.

    Args:
        texts: Path below `latest/meta-data/` -> what stands there.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            asked = self.path == "/latest/api/token" and f"{_HEADER}-ttl-seconds" in self.headers
            self._answer(_TOKEN if asked else None, 400)

        def do_GET(self) -> None:
            if self.headers.get(_HEADER) != _TOKEN:
                self._answer(None, 401)
            else:
                self._answer(texts.get(self.path.removeprefix("/latest/meta-data/")), 404)

        def _answer(self, text: str | None, otherwise: int) -> None:
            body = (text or "").encode()
            self.send_response(otherwise if text is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield {
            "AWS_EC2_METADATA_DISABLED": "false",
            ENDPOINT: f"http://127.0.0.1:{server.server_port}",
        }
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
