"""EC2's instance metadata service, version 2: a token first, then each question with it."""

from __future__ import annotations

import contextlib
import http.server
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOKEN = "AQAEAFakedTokenOfAnInstance=="  # noqa: S105 - of nothing
_ROOT = "/latest/meta-data/"


def of_instance(
    ident: str, address: str, zone: str, tags: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return what an instance is told: path under `meta-data/` -> text."""
    return {
        "instance-id": ident,
        "local-ipv4": address,
        "placement/region": zone[:-1],
        "placement/availability-zone": zone,
        **{f"tags/instance/{key}": value for key, value in (tags or {}).items()},
    }


@contextlib.contextmanager
def start(answers: Mapping[str, str]) -> Iterator[str]:
    """Answer until the block ends; gives the service's URL. No token, or a wrong one, is a 401."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            lasting = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
            known = self.path == "/latest/api/token" and lasting.isdigit()
            self._answer(*((200, _TOKEN) if known else (400, "")))

        def do_GET(self) -> None:
            if self.headers.get("X-aws-ec2-metadata-token") != _TOKEN:
                self._answer(401, "")
                return
            text = answers.get(self.path.removeprefix(_ROOT))
            self._answer(*((404, "") if text is None else (200, text)))

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
