"""The lock that makes one of several monitors the leader.

It is that of consul-esm and of Consul's own client, a key with flags that a session has acquired.
The session ends with the check of the instance, so that the lock of one that was killed is free
as soon as it counts as dead, and not a TTL later.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from lictor import errors
from lictor.consul import blocking, pace
from lictor.consul.aio import wire
from lictor.consul.client import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lictor.consul.aio.client import Client
    from lictor.consul.aio.wire import Pair

FLAGS = 0x2DDCCBC058A50C18
TTL = 15.0
DELAY = 1.0
"""Seconds for which nobody gets the lock of one that is gone: what it wrote is checked against its
session by Consul, so that there is nothing to wait out."""

_WAIT = 50.0
_AGAIN = 0.5
_RIGHTS = 'session_prefix "" write and key_prefix write on the path'
_FOUND = (HTTPStatus.OK, HTTPStatus.NOT_FOUND)


async def session(client: Client, name: str, ttl: float, bound: Mapping[str, object]) -> str:
    """Make a session; return its id."""
    body = {
        "Name": name,
        "TTL": f"{ttl:g}s",
        "Behavior": "release",
        "LockDelay": f"{DELAY:g}s",
        **bound,
    }
    call = Call("/v1/session/create", (), "PUT", wire.encoded(body), rights=_RIGHTS)
    return wire.decoded(wire.SESSION, (await client.send(call)).body, client.remote).id


async def renewed(client: Client, ident: str) -> bool:
    """Renew a session; False where there is none any more."""
    path = f"/v1/session/renew/{ident}"
    call = Call(path, (), "PUT", b"", allowed=_FOUND, rights=_RIGHTS)
    return (await client.send(call)).status == HTTPStatus.OK


class Lock:
    """Wants to hold a key.

    Args:
        client: Whom to ask.
        key: Of the lock.
        bound: What our session ends with: checks, and the node they are of.
        trouble: Told of each failure.
    """

    def __init__(
        self,
        client: Client,
        key: str,
        bound: Mapping[str, object],
        trouble: Callable[[errors.ConsulError], None],
    ) -> None:
        self.session = ""
        self._client = client
        self._key = key
        self._bound = bound
        self._trouble = trouble

    async def acquire(self) -> None:
        """Wait until we hold it, whatever fails on the way."""
        backoff, failures = pace.Backoff(most=5.0), 0
        while True:
            try:
                if await self._tried():
                    return
                failures = 0
            except errors.ConsulError as error:
                failures += 1
                self._trouble(error)
                chance = random.random()  # noqa: S311 - only to spread calls
                await asyncio.sleep(backoff.pause(failures, chance))

    async def lost(self) -> str:
        """Hold it until it is lost, and tell why. The session is kept alive meanwhile."""
        fresh = asyncio.get_running_loop().time()
        index = 0
        while True:
            loop = asyncio.get_running_loop()
            try:
                if loop.time() - fresh > TTL / 3:
                    if not await renewed(self._client, self.session):
                        return "its session has ended"
                    fresh = loop.time()
                pair, index = await self._read(index, TTL / 3)
            except errors.ConsulError as error:
                self._trouble(error)
                if loop.time() - fresh > TTL:
                    return "Consul does not answer"
                index = 0
                await asyncio.sleep(1.0)
                continue
            if pair is None or pair.session != self.session:
                return "somebody else has the key, or it was deleted"

    async def release(self) -> None:
        """Let it go, at once where Consul answers."""
        session, self.session = self.session, ""
        if not session:
            return
        with contextlib.suppress(errors.ConsulError):
            await self._put(self._path, [("release", session)], b"")
        with contextlib.suppress(errors.ConsulError):
            await self._put(f"/v1/session/destroy/{session}", [], b"")

    @property
    def _path(self) -> str:
        return f"/v1/kv/{quote(self._key)}"

    async def _tried(self) -> bool:
        """Try once, and wait for the end of whoever has it."""
        if not self.session or not await renewed(self._client, self.session):
            self.session = await session(self._client, "Consul API Lock", TTL, self._bound)
        pair, index = await self._read(0, 0.0)
        if pair is not None and pair.flags != FLAGS and (pair.value or pair.session):
            raise errors.ConsulNotReady(
                f"{self._client.remote}: the key {self._key} is no lock; set consul_kv_path to"
                " another place, or delete it"
            )
        if pair is None or not pair.session or pair.session == self.session:
            params = [("acquire", self.session), ("flags", str(FLAGS))]
            if await self._put(self._path, params, b"") == b"true":
                return True
            await asyncio.sleep(_AGAIN)  # the lock-delay of whoever had it
            return False
        await self._read(index, TTL / 3)  # shorter than the session, which the next try renews
        return False

    async def _read(self, index: int, wait: float) -> tuple[Pair | None, int]:
        params: list[tuple[str, str]] = [("consistent", "")]
        params += blocking.params(index, wait) if index else []
        call = Call(self._path, params, allowed=_FOUND, wait=wait if index else 0.0, rights=_RIGHTS)
        reply = await self._client.send(call)
        found = blocking.index(reply.headers)
        if reply.status == HTTPStatus.NOT_FOUND:
            return None, found
        pairs = wire.decoded(wire.PAIRS, reply.body, self._client.remote)
        return pairs[0] if pairs else None, found

    async def _put(self, path: str, params: Sequence[tuple[str, str]], body: bytes) -> bytes:
        reply = await self._client.send(Call(path, params, "PUT", body, rights=_RIGHTS))
        return reply.body.strip()
