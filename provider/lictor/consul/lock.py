"""A lock in Consul that one of several watchers holds.

It is the lock of ``consul lock`` and of Consul's Go client: a key that a session has acquired,
marked by the same flags, so that each respects the other. Consul's locks are advisory, and one
that is lost is lost: whoever holds it looks at `held` before it begins anything.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul import blocking, endless, keys, lines, pace
from lictor.consul.client import Client, Patience
from lictor.consul.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.model import ConsulConnection

FLAGS = 0x2DDCCBC058A50C18
"""What marks a key as a lock, to ``consul lock`` as to us."""

_WAIT = 50.0
_SPACING = 0.1
_DELAYED = 0.3
_BACKOFF = pace.Backoff(most=3.0)
_PASSING = (errors.ConsulUnreachable, errors.ConsulNotReady)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock.

    Attributes:
        value: What it wrote.
        session: Consul's id of its session.
    """

    value: str
    session: str


class Lock:
    """Holds a key by a session, acquired again and again if it is lost, until it is released.

    Args:
        connection: Which Consul, and as whom. The token needs key:write and session:write.
        key: Such as ``lictor/PROJECT/STACK/lock``.
        value: What the others see of us: a name of the backend.
        lost: Told once for every time it is lost, in words, from a thread of its own; not told
            after `release`.
        ttl: Seconds after which a holder that is gone counts as gone, at the latest after twice
            as many. Consul takes 10 at least.
        lock_delay: Seconds for which nobody else gets it after that, for what the last holder may
            have under way.
        name: Of the session, for Consul's tools.
        clock: Seconds that never go back.
    """

    def __init__(  # noqa: PLR0913 - what a lock is
        self,
        connection: ConsulConnection,
        key: str,
        value: str,
        *,
        lost: Callable[[str], None],
        ttl: float = 10.0,
        lock_delay: float = 1.0,
        name: str = "lictor",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        limited = replace(connection, timeout=min(connection.timeout, ttl / 3))
        self._client = Client(limited, Patience(pauses=()))
        self._key = key
        self._value = value.encode()
        self._lost = lost
        self._ttl = ttl
        self._lock_delay = lock_delay
        self._name = name
        self._clock = clock
        self._changes = threading.Lock()
        self._line = lines.Line()
        self._over = threading.Event()
        self._trouble = ""
        self._candidate: Session | None = None  # of `acquire`
        self._session: Session | None = None  # that holds the key
        self._sentry: endless.Endless | None = None

    @property
    def held(self) -> bool:
        """Whether we hold it, for certain; false in the moment in which that becomes doubtful."""
        session = self._session
        return session is not None and session.alive

    @property
    def trouble(self) -> str:
        """Why Consul does not say who holds it, in words; empty if it does."""
        return self._trouble

    def holder(self) -> Holder | None:
        """Tell who holds it just now.

        Raises:
            errors.ConsulError: There is no answer that can be trusted.
        """
        return self._holder(keys.read(self._client, self._key))

    def acquire(self, met: Callable[[Holder], None] = lambda _: None) -> bool:
        """Wait until we hold it; False if it was released meanwhile.

        Consul may be away for as long as it likes: `trouble` tells.

        Args:
            met: Told of each other holder while we wait; what it raises ends the wait, so that a
                holder that works on another backend can be refused.

        Raises:
            errors.ConsulError: It can never be had like this: the token lacks a right, or the key
                is something else than a lock.
        """
        taken = False
        try:
            with self._line.spoken():
                taken = self._wait(met)
        finally:
            session, self._candidate = self._candidate, None
            with self._changes:
                taken = taken and not self._over.is_set()
                self._session = session if taken else None
            if session is not None and not taken:
                self._give_up(session)
        if taken and session is not None:
            self._guard(session)
        return taken

    def release(self) -> None:
        """Give it up, for good: it is free at once, and an `acquire` under way ends."""
        self._over.set()
        self._line.break_off()
        with self._changes:
            session, self._session = self._session, None
            sentry, self._sentry = self._sentry, None
        if sentry is not None:
            sentry.stop()
        if session is not None:
            self._give_up(session)

    def _wait(self, met: Callable[[Holder], None]) -> bool:
        """Try until the candidate holds the key, or nobody wants it any more."""
        failures, index = 0, 0
        while not self._over.is_set():
            try:
                taken, index, pause = self._try(index, met)
            except _PASSING as error:
                if self._over.is_set():
                    break
                failures, index, self._trouble = failures + 1, 0, str(error)
                chance = random.random()  # noqa: S311 - only to spread calls
                pause = _BACKOFF.pause(failures, chance)
            else:
                failures, self._trouble = 0, ""
                if taken:
                    return True
            self._over.wait(pause)
        return False

    def _try(self, index: int, met: Callable[[Holder], None]) -> tuple[bool, int, float]:
        """Wait until the key is free, and try to acquire it.

        Returns:
            Whether we hold it, the index to block on next, and how many seconds to pause before.
        """
        found = keys.read(self._client, self._key, index=index, wait=_WAIT)
        holder = self._holder(found)
        if self._candidate is not None and not self._candidate.alive:
            self._drop()
        if holder is not None and self._candidate is not None:
            if holder.session == self._candidate.id:  # an answer that had not come through
                return True, 0, 0.0
            self._drop()
        if holder is not None:
            met(holder)
            fell = blocking.told(index, found.index) is blocking.Told.FELL
            return False, 0 if fell else found.index, _SPACING
        if self._candidate is None:
            self._candidate = self._open()
        params = [("acquire", self._candidate.id), ("flags", str(FLAGS))]
        taken = keys.write(self._client, self._key, self._value, params)
        return taken, 0, _DELAYED  # somebody was faster, or the lock-delay is not over

    def _open(self) -> Session:
        """Make a session that shall hold the key."""
        return Session(
            self._client,
            name=self._name,
            ttl=self._ttl,
            lock_delay=self._lock_delay,
            gone=self._lose,
            clock=self._clock,
        )

    def _drop(self) -> None:
        """Do without the session that was made for nothing."""
        if self._candidate is not None:
            self._candidate.destroy()
            self._candidate = None

    def _guard(self, session: Session) -> None:
        """Watch the key for as long as the session holds it."""
        index = 0

        def look() -> float:
            nonlocal index
            asked, index = index, 0
            found = keys.read(self._client, self._key, index=asked, wait=_WAIT)
            holders = [pair.session for pair in found.pairs]
            if session.id not in holders:
                what = "released" if holders == [""] else "taken away" if holders else "deleted"
                self._lose(session, f"the key {self._key} was {what} by somebody else")
            if blocking.told(asked, found.index) is not blocking.Told.FELL:
                index = found.index
            return _SPACING

        with self._changes:
            if self._session is session:
                self._sentry = endless.Endless("consul-lock", look)
                self._sentry.start()

    def _lose(self, session: Session, why: str) -> None:
        """Tell that a session does not hold the key any more, if it did."""
        with self._changes:
            if self._session is not session:
                return
            self._session = None
            sentry, self._sentry = self._sentry, None
        try:
            self._lost(why)
        finally:
            session.destroy()
            if sentry is not None:
                sentry.stop()

    def _give_up(self, session: Session) -> None:
        """Let the key go before the session: so no lock-delay keeps the next one waiting."""
        with contextlib.suppress(errors.ConsulError):
            params = [("release", session.id), ("flags", str(FLAGS))]
            keys.write(self._client, self._key, self._value, params)
        session.destroy()

    def _holder(self, found: keys.Found) -> Holder | None:
        """Read who holds the key.

        Raises:
            errors.ConsulError: The key is something else than a lock.
        """
        for pair in found.pairs:
            if pair.flags != FLAGS:
                raise errors.ConsulError(
                    f"{self._client.remote}: the key {pair.key} is no lock;"
                    " delete it, or name another one with --lock-prefix"
                )
            if pair.session:
                return Holder((pair.value or b"").decode("utf-8", "replace"), pair.session)
        return None
