"""A session of Consul's, renewed for as long as it is wanted.

Its life hangs on renewals alone: the usual check of the agent's node is left out, so that neither
a slow gossip nor the restart of an agent ends what is alive, and TTL means what it says.
"""

from __future__ import annotations

import contextlib
import json
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from lictor import errors
from lictor.consul import endless, pace, wire
from lictor.consul.client import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.client import Client

RIGHTS = "session:write on the agent's node"
"""What a token needs to hold a session."""

_RENEWALS = 3


class Session:
    """A session that lives until it is destroyed, by us or by others, or cannot be renewed.

    Args:
        client: Which Consul; its limits shall be well below `ttl`.
        name: Shown by ``consul``'s tools.
        ttl: Seconds without a renewal after which Consul may end it, at the latest after twice as
            many. Consul takes 10 to 86400.
        lock_delay: Seconds for which what it held stays locked if it does not end by itself.
        gone: Told once, in words, why it is no more, from a thread of its own; not told after
            `destroy`. Where renewals fail, that is `ttl` after the last one was sent: before
            Consul can have given anything to somebody else.
        clock: Seconds that never go back.

    Raises:
        errors.ConsulError: It could not be made.
    """

    def __init__(  # noqa: PLR0913 - what a session is
        self,
        client: Client,
        *,
        name: str,
        ttl: float,
        lock_delay: float,
        gone: Callable[[Session, str], None],
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._ttl = ttl
        self._gone = gone
        self._clock = clock
        self._once = threading.Lock()
        self._over = False
        self._until = clock() + ttl
        self.id = self._create(name, lock_delay)
        backoff = pace.Backoff(first=ttl / 20, most=ttl / 10)
        self._threads = (
            endless.Endless("consul-session", self._renew, backoff),
            endless.Endless("consul-session-end", self._expire),
        )
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """Whether nobody else can have what it holds. True no longer than that is certain."""
        return not self._over and self._clock() < self._until

    def destroy(self) -> None:
        """End it; where Consul cannot be reached, its TTL does."""
        if self._claim():
            self._rest()
            with contextlib.suppress(errors.ConsulError):
                self._client.send(self._call("destroy"))

    def _create(self, name: str, lock_delay: float) -> str:
        wanted = {
            "Name": name,
            "TTL": f"{round(self._ttl * 1000)}ms",
            "LockDelay": f"{round(lock_delay * 1000)}ms",
            "Behavior": "release",
            "NodeChecks": [],
        }
        body = json.dumps(wanted).encode()
        path, params = "/v1/session/create", self._params()
        reply = self._client.send(Call(path, params, "PUT", body, rights=RIGHTS))
        return wire.session_id(reply.body, remote=self._client.remote)

    def _renew(self) -> float:
        """Renew it once."""
        sent = self._clock()
        reply = self._client.send(self._call("renew"))
        if reply.status == HTTPStatus.NOT_FOUND:
            self._end(f"{self._client.remote} knows the session no more")
        self._until = sent + self._ttl
        return self._ttl / _RENEWALS

    def _expire(self) -> float:
        """End it when it has not been renewed in time."""
        left = self._until - self._clock()
        if left <= 0:
            trouble = self._threads[0].trouble
            self._end(f"not renewed for {self._ttl:.0f} s{': ' if trouble else ''}{trouble}")
        return left

    def _end(self, why: str) -> None:
        """Tell that it is gone, once."""
        if self._claim():
            self._gone(self, why)
            self._rest()

    def _claim(self) -> bool:
        """Mark it as over; False if it is so already."""
        with self._once:
            was, self._over = self._over, True
        return not was

    def _rest(self) -> None:
        """End the threads."""
        for thread in self._threads:
            thread.stop()

    def _call(self, verb: str) -> Call:
        path = f"/v1/session/{verb}/{quote(self.id, safe='')}"
        allowed = (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
        return Call(path, self._params(), "PUT", allowed=allowed, rights=RIGHTS)

    def _params(self) -> list[tuple[str, str]]:
        connection = self._client.connection
        pairs = [
            ("dc", connection.datacenter),
            ("ns", connection.namespace),
            ("partition", connection.partition),
        ]
        return [(name, value) for name, value in pairs if value]
