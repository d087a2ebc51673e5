"""A keeper of secrets that costs nothing: Vault's transit engine, as far as Pulumi asks it.

Pulumi's passphrase provider derives its key in 0.2 s of CPU, in every command of the CLI. A stack
of the tests has its data key kept here instead, which answers at once (and hides nothing).
"""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDER = "hashivault://lictor"
_MARK = "vault:v1:"


class _Transit(BaseHTTPRequestHandler):
    """Encrypts by a mark before the text."""

    def do_PUT(self) -> None:
        """Encrypt or decrypt what is sent."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "/decrypt/" in self.path:
            data = {"plaintext": asked["ciphertext"].removeprefix(_MARK)}
        else:
            data = {"ciphertext": _MARK + asked["plaintext"]}
        body = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT  # noqa: N815 - http.server's names

    def log_message(self, *_said: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def start() -> Iterator[dict[str, str]]:
    """Run it; yield the environment that leads the CLI to it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Transit) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            yield {"VAULT_ADDR": url, "VAULT_TOKEN": "none"}
        finally:
            server.shutdown()
            serving.join()
