"""Asks one Consul from an event loop, with the calls, answers and errors of `lictor.consul.client`.

One pool for all that the monitor asks: Consul allows a client 200 connections by default and turns
away whoever has more, so the pool is bounded far below that, and what waits for a connection waits
here, in order, instead of failing there.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

import aiohttp

from lictor import errors
from lictor.consul import words
from lictor.consul.client import ANONYMOUS, Call, Reply
from lictor.consul.transport import is_loopback

if TYPE_CHECKING:
    from lictor.model import ConsulConnection

CONNECTIONS = 48
"""At most, of the 200 that Consul allows a client: others on this machine ask, too."""

LARGEST = 512 * 1024 * 1024
"""Bytes of an answer. 20,000 checks with long outputs are about 100 MB."""

_LAST = 90.0
"""Seconds after which no call of an old pool is under way any more."""

_SPREAD = 17 / 16
"""Consul adds up to a sixteenth of a wait."""


class Client:
    """Asks one Consul; for one event loop.

    Args:
        connection: How to reach it, and as whom.
        largest: Bytes of an answer that are read; what is larger is refused.
    """

    def __init__(self, connection: ConsulConnection, largest: int = LARGEST) -> None:
        self.connection = connection
        self._largest = largest
        self._session = _session(connection)
        self._base = _base(connection)
        self._old: list[aiohttp.ClientSession] = []
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for session in (self._session, *self._old):
            await session.close()

    def renew(self, connection: ConsulConnection) -> None:
        """Go on with another token or other certificates; calls under way end as they began.

        Raises:
            errors.ConsulUnreachable: Its certificates cannot be read; nothing changes.
        """
        session = _session(connection)
        old, self._session = self._session, session
        self.connection, self._base = connection, _base(connection)
        self._old.append(old)
        asyncio.get_running_loop().call_later(_LAST, self._close, old)

    def _close(self, session: aiohttp.ClientSession) -> None:
        """Close a pool that nobody uses any more."""
        self._old.remove(session)
        task = asyncio.get_running_loop().create_task(session.close(), name="close-old-pool")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    @property
    def remote(self) -> str:
        """Name the Consul that is asked, for messages."""
        return f"Consul at {self.connection.url}"

    async def send(self, call: Call) -> Reply:
        """Make a call, once.

        Raises:
            errors.ConsulUnreachable: No answer.
            errors.ConsulDenied: 401 or 403.
            errors.ConsulNotReady: A status that is not allowed.
        """
        connection = self.connection
        scope = (
            ("dc", connection.datacenter),
            ("ns", connection.namespace),
            ("partition", connection.partition),
        )
        asked = {name for name, _ in call.params}
        params = [*call.params, *((k, v) for k, v in scope if v and k not in asked)]
        limit = aiohttp.ClientTimeout(total=connection.timeout + call.wait * _SPREAD)
        try:
            async with self._session.request(
                call.method,
                self._base + call.path,
                params=params,
                data=call.body,
                timeout=limit,
                allow_redirects=False,
                server_hostname=connection.server_name or None,
            ) as response:
                body = await self._body(response)
                status, headers = response.status, response.headers
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self._unreachable(error) from error
        if status not in call.allowed:
            said = errors.remote_text(body.decode("utf-8", "replace"))
            known = connection.token not in ANONYMOUS
            raise words.refusal(
                self.remote, status, said, known=known, rights=call.rights, setting="token"
            )
        return Reply(status, headers, body)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        """Read an answer, unless it is larger than any of Consul's.

        Raises:
            errors.ConsulNotReady: It is.
        """
        pieces, size = [], 0
        async for piece in response.content.iter_any():
            pieces.append(piece)
            size += len(piece)
            if max(size, response.content_length or 0) > self._largest:
                response.close()
                raise errors.ConsulNotReady(
                    f"{self.remote} gave an answer larger than {self._largest >> 20} MiB;"
                    " is there a proxy in between?"
                )
        return b"".join(pieces)

    def _unreachable(self, error: BaseException) -> errors.ConsulUnreachable:
        """Say what is wrong with the way to Consul."""
        if isinstance(error, TimeoutError):
            return errors.ConsulUnreachable(
                f"{self.remote} did not answer in time; check http_addr and the agent"
            )
        root: BaseException = error
        while (inner := root.__cause__ or getattr(root, "os_error", None)) is not None:
            root = inner
        why = errors.remote_text(getattr(root, "strerror", None) or str(root) or repr(root))
        if isinstance(error, aiohttp.ClientSSLError):
            what = "check http_addr, ca_file, cert_file, key_file and tls_server_name"
            return errors.ConsulUnreachable(f"{self.remote} cannot be trusted: {why}; {what}")
        return errors.ConsulUnreachable(
            f"{self.remote} cannot be reached: {why}; check http_addr or CONSUL_HTTP_ADDR"
        )


def _base(connection: ConsulConnection) -> str:
    parts = urlsplit(connection.url)
    return "http://consul" if parts.scheme == "unix" else connection.url.rstrip("/")


def _session(connection: ConsulConnection) -> aiohttp.ClientSession:
    """Make a pool; nothing is connected yet.

    Raises:
        errors.ConsulUnreachable: A file of certificates cannot be used.
    """
    parts = urlsplit(connection.url)
    connector: aiohttp.BaseConnector
    if parts.scheme == "unix":
        connector = aiohttp.UnixConnector(unquote(parts.path), limit=CONNECTIONS)
    elif parts.scheme == "https":
        connector = aiohttp.TCPConnector(limit=CONNECTIONS, ssl=_tls(connection))
    else:
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    headers = {"Accept-Encoding": "identity"}
    if connection.token:
        headers["X-Consul-Token"] = connection.token
    user, _, password = connection.login.partition(":")
    return aiohttp.ClientSession(
        connector=connector,
        headers=headers,
        auth=aiohttp.BasicAuth(user, password) if user else None,
        read_bufsize=1 << 20,
        trust_env=parts.scheme != "unix" and not is_loopback(parts.hostname or ""),
    )


def _tls(connection: ConsulConnection) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(
            cafile=connection.ca_file or None, capath=connection.ca_path or None
        )
        if connection.cert_file:
            context.load_cert_chain(connection.cert_file, connection.key_file or None)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        names = ", ".join(
            filter(None, (connection.ca_file, connection.ca_path, connection.cert_file))
        )
        raise errors.ConsulUnreachable(
            f"Consul at {connection.url} cannot be asked: {why}; check ca_file, ca_path, cert_file"
            f" and key_file ({names})"
        ) from error
    if not connection.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
