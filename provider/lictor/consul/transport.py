"""python-consul2's HTTP client, given what it lacks: Unix sockets, limits and our own settings.

Its ``Consul`` class lets the environment overrule explicit arguments (``CONSUL_HTTP_ADDR`` beats
the address it is given), so only its HTTP client is used; ``settings.connections`` has already
decided between config and environment. Of the environment only the proxy variables count, as
they do for Consul's own command line, and never for the loopback or a socket.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode, urlsplit

import requests
import requests.adapters
import requests.utils
import urllib3
import urllib3.connection
import urllib3.exceptions
from consul import std

from lictor.consul import lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lictor.model import ConsulConnection

LARGEST = 128 * 1024 * 1024
"""Bytes of an answer, unpacked. 5,000 instances with their checks are about 15 MB."""

WHOLE = 6.0
"""Limit for a whole answer, in timeouts: each wait is limited, and so is their sum."""

_SOCKET_HOST = "http+unix://consul"
_PIECE = 64 * 1024
_AGAIN = 4096


class TooLarge(requests.RequestException):
    """An answer that never seems to end."""


class Transport(std.HTTPClient):  # type: ignore[misc] # python-consul2 has no types
    """One HTTP client for one Consul; a connection pool of its own, safe between threads.

    Args:
        connection: How to reach it.
        kept: How many connections are kept open between calls.
    """

    def __init__(
        self, connection: ConsulConnection, kept: int = requests.adapters.DEFAULT_POOLSIZE
    ) -> None:
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
        self.base_uri = connection.url.rstrip("/")
        self.session.trust_env = False
        self.session.max_redirects = 0  # a redirect would carry the token to somebody else
        self._again: dict[str, requests.PreparedRequest] = {}
        adapter = _Adapter(connection.timeout * WHOLE, kept)
        near = parts.scheme == "unix" or is_loopback(parts.hostname or "")
        if parts.scheme == "unix":
            self.base_uri = _SOCKET_HOST
            adapter = _SocketAdapter(unquote(parts.path), connection.timeout * WHOLE, kept)
        if near:
            self.session.headers["Accept-Encoding"] = "identity"  # to pack it would take longer
        else:
            self.session.proxies = requests.utils.get_environ_proxies(connection.url)
        self.session.mount(self.base_uri, adapter)
        if not connection.verify:  # the user's word, not to be repeated at every call
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def uri(self, path: str, params: Sequence[tuple[str, str]] | None = None) -> str:
        """Build a URL from a path that is already quoted (the base class would quote it again)."""
        query = f"?{urlencode(params)}" if params else ""
        return f"{self.base_uri}{path}{query}"

    def ask(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None,
        headers: Mapping[str, str],
        wait: float,
    ) -> requests.Response:
        """Make a call, as the base class's verbs do, whose answer may be long in coming.

        Args:
            method: HTTP's verb.
            url: As `uri` makes it.
            body: What is sent with it.
            headers: Sent with it.
            wait: How long Consul may hold the answer back, in seconds, beyond the usual limit.
        """
        request = requests.Request(method, url, headers=headers, data=body)
        response: requests.Response = self.session.send(
            self._prepared(request) if wait else self.session.prepare_request(request),
            verify=self.verify,
            cert=self.cert,
            timeout=(self.timeout, self.timeout + wait),
        )
        return response

    def _prepared(self, request: requests.Request) -> requests.PreparedRequest:
        """Make ready what is asked again and again: this is a third of what asking costs."""
        found = self._again.get(request.url)
        if found is None:
            if len(self._again) >= _AGAIN:
                self._again.clear()
            found = self._again[request.url] = self.session.prepare_request(request)
        return found


class _Adapter(requests.adapters.HTTPAdapter):
    """Reads each answer whole, within limits of time and size that requests does not have."""

    def __init__(self, limit: float, kept: int) -> None:
        self._limit = limit
        super().__init__(pool_maxsize=kept)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests'
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = lines.POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:  # noqa: ANN401 - requests'
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = lines.POOLS
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401 - the signature is requests'
        **kwargs: Any,  # noqa: ANN401 - the same
    ) -> requests.Response:
        connecting, waiting = kwargs["timeout"]
        end = time.monotonic() + self._limit + waiting - connecting
        response = super().send(request, *args, **{**kwargs, "stream": True})
        try:
            # requests keeps what was read there, and reads nothing more when it is set
            response._content = _read(response.raw, end)  # noqa: SLF001
        finally:
            response.close()
        return response


def _read(raw: Any, end: float) -> bytes:  # noqa: ANN401 - a urllib3 answer, untyped in requests
    """Read an answer piece by piece, so that one that trickles in cannot hold us."""
    pieces, size = [], 0
    while piece := raw.read1(_PIECE, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            raise TooLarge(f"more than {LARGEST >> 20} MiB in one answer")
        if time.monotonic() > end:
            raise requests.ReadTimeout
    return b"".join(pieces)


def is_loopback(host: str) -> bool:
    """Whether a host is this one, for which no proxy is ever asked."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


class _SocketAdapter(_Adapter):
    """Sends every request of a session to one Unix socket."""

    def __init__(self, path: str, limit: float, kept: int) -> None:
        self._pool = _SocketPool(path, kept)
        super().__init__(limit, kept)

    def get_connection_with_tls_context(
        self,
        *_args: Any,  # noqa: ANN401 - the signature is requests'
        **_kwargs: Any,  # noqa: ANN401 - the same
    ) -> urllib3.HTTPConnectionPool:
        return self._pool


class _SocketPool(lines.Pool):
    """A pool whose connections go to a Unix socket."""

    def __init__(self, path: str, kept: int) -> None:
        super().__init__("consul", maxsize=kept)
        self._path = path

    def _new_conn(self) -> urllib3.connection.HTTPConnection:
        return _SocketConnection(self._path)


class _SocketConnection(lines.Connection):
    """A connection over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("consul")
        self._path = path

    def _new_conn(self) -> socket.socket:
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            limit = self.timeout
            connected.settimeout(limit if isinstance(limit, (int, float)) else None)
            connected.connect(self._path)
        except BaseException:
            connected.close()
            raise
        return connected
