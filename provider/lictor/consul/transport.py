"""python-consul2's HTTP client, given what it lacks: Unix sockets and our own settings.

Its ``Consul`` class lets the environment overrule explicit arguments (``CONSUL_HTTP_ADDR`` beats
the address it is given), so only its HTTP client is used; ``settings.connections`` has already
decided between config and environment.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import requests
import requests.adapters
import urllib3
import urllib3.connection
from consul import std

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lictor.model import ConsulConnection

_SOCKET_HOST = "http+unix://consul"


class Transport(std.HTTPClient):  # type: ignore[misc] # python-consul2 has no types
    """One HTTP client for one Consul; a connection pool of its own, safe between threads."""

    def __init__(self, connection: ConsulConnection) -> None:
        parts = urlsplit(connection.url)
        client_cert = (connection.cert_file, connection.key_file or None)
        super().__init__(
            host=parts.hostname or "consul",
            port=parts.port or 0,
            scheme=parts.scheme,
            verify=(connection.ca_file or True) if connection.verify else False,
            cert=client_cert if connection.cert_file else None,
            timeout=connection.timeout,
        )
        self.base_uri = connection.url
        if parts.scheme == "unix":
            self.base_uri = _SOCKET_HOST
            self.session.mount(_SOCKET_HOST, _SocketAdapter(parts.path))

    def uri(self, path: str, params: Sequence[tuple[str, str]] | None = None) -> str:
        """Build a URL from a path that is already quoted (the base class would quote it again)."""
        query = f"?{urlencode(params)}" if params else ""
        return f"{self.base_uri}{path}{query}"


class _SocketAdapter(requests.adapters.HTTPAdapter):
    """Sends every request of a session to one Unix socket."""

    def __init__(self, path: str) -> None:
        self._path = path
        super().__init__()

    def get_connection_with_tls_context(
        self,
        *_args: Any,  # noqa: ANN401 - the signature is requests'
        **_kwargs: Any,  # noqa: ANN401 - the same
    ) -> urllib3.HTTPConnectionPool:
        return _SocketPool(self._path)


class _SocketPool(urllib3.HTTPConnectionPool):
    """A pool whose connections go to a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("consul")
        self._path = path

    def _new_conn(self) -> urllib3.connection.HTTPConnection:
        return _SocketConnection(self._path)


class _SocketConnection(urllib3.connection.HTTPConnection):
    """A connection over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("consul")
        self._path = path

    def _new_conn(self) -> socket.socket:
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.settimeout(self.timeout if isinstance(self.timeout, float) else None)
        connected.connect(self._path)
        return connected
