"""Names of hosts to addresses, so that a resolver that hangs holds up nobody but who asked for it.

`getaddrinfo` blocks and cannot be broken off. The event loop's own pool has a handful of threads,
which a few names that hang would keep; here each name under way has a thread of its own, shared by
all that wait for it, and ends with the process at the latest.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import socket
import threading
from typing import TypeAlias

from lictor.esm.probes.failing import ProbeFailed, Unable

Found: TypeAlias = list[tuple[int, str]]
"""Families of addresses, and addresses, in the resolver's order."""

_MOST = 256


@functools.lru_cache(maxsize=65536)
def literal(host: str) -> Found | None:
    """Tell the address that a text is already; None for a name."""
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return None
    return [(socket.AF_INET if version == 4 else socket.AF_INET6, host)]  # noqa: PLR2004 - IP's own


class Names:
    """Looks names up; for one event loop."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[Found]] = {}

    async def addresses(self, host: str) -> Found:
        """Look a name up.

        Raises:
            ProbeFailed: It has no address.
            Unable: Too many names hang already, or there is no thread for another one.
        """
        known = literal(host)
        if known is not None:
            return known
        future = self._under_way.get(host)
        if future is None:
            if len(self._under_way) >= _MOST:
                raise Unable(f"lookup {host}: {_MOST} names are being looked up already")
            future = self._begun(host)
        return await asyncio.shield(future)

    def _begun(self, host: str) -> asyncio.Future[Found]:
        """Begin to look a name up; what could not begin is not waited for."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Found] = loop.create_future()
        thread = threading.Thread(
            target=_look_up, args=(host, loop, future), name=f"lookup-{host[:40]}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:
            raise Unable(f"lookup {host}: {error}") from None
        self._under_way[host] = future
        future.add_done_callback(lambda done: self._done(host, done))
        return future

    def _done(self, host: str, future: asyncio.Future[Found]) -> None:
        del self._under_way[host]
        if not future.cancelled():
            future.exception()  # whoever waited may have given up


def _look_up(host: str, loop: asyncio.AbstractEventLoop, future: asyncio.Future[Found]) -> None:
    found: Found = []
    error: Exception | None = None
    try:
        for family, _, _, _, at in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
            if (family, str(at[0])) not in found:
                found.append((family, str(at[0])))
    except socket.gaierror as failure:
        missing = failure.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", 0))
        why = "no such host" if missing else (failure.strerror or "failed").lower()
        error = ProbeFailed(f"dial tcp: lookup {host}: {why}")
    except (OSError, UnicodeError) as failure:
        error = ProbeFailed(f"dial tcp: lookup {host}: {failure}")

    def tell() -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(found)

    try:
        loop.call_soon_threadsafe(tell)
    except RuntimeError:
        return  # the loop has ended
