"""A look at Consul and AWS for the page, not more often than they bear.

However many pages are open, one look is made at a time, and none for a while after it. A page is
not kept waiting for a slow one: it gets what was seen last.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from datetime import datetime  # noqa: TC003 - msgspec reads the annotations
from typing import TYPE_CHECKING

from msgspec import structs

from lictor import errors
from lictor.watch.agreement import Row  # noqa: TC001 - the same
from lictor.watch.status import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_REST = 0.5


class Seen(Value, frozen=True):
    """Consul's view beside the load balancer's, as it was seen last.

    Attributes:
        rows: Targets, those on which the two differ first.
        as_of: When they were seen, in UTC; None before the first look has ended well.
        error: Why the last look failed; empty when it did not.
    """

    rows: tuple[Row, ...] = ()
    as_of: datetime | None = None
    error: str = ""


class Glance:
    """Looks when asked, and when it is time. Belongs to the event loop that it is used in."""

    def __init__(
        self,
        look: Callable[[], Sequence[Row]],
        now: Callable[[], datetime],
        clock: Callable[[], float],
        *,
        fresh: float,
        patience: float,
    ) -> None:
        """Look for the first time when somebody asks.

        Args:
            look: Asks Consul and AWS; called in a thread of its own.
            now: The time, in UTC.
            clock: Seconds that never go back.
            fresh: For how long after a look none is made, in seconds; half a second a group where
                that is longer: a look is one call of AWS's API a group.
            patience: How long who asks waits for a look under way, in seconds.
        """
        self._look, self._now, self._clock = look, now, clock
        self._fresh, self._patience = fresh, patience
        self._last, self._due = Seen(), clock()
        self._pending: asyncio.Future[None] | None = None

    async def seen(self) -> Seen:
        """Return what was seen last, after a new look where it is time for one."""
        if self._pending is None and self._clock() >= self._due:
            self._pending = self._begin()
        if self._pending is not None:
            await asyncio.wait({self._pending}, timeout=self._patience)
        return self._last

    def _begin(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def work() -> None:
            seen = self._answer()
            with suppress(RuntimeError):  # the server has closed in between: nobody asks any more
                loop.call_soon_threadsafe(self._arrived, seen, done)

        # A daemon: a call that hangs must not keep the process from ending.
        threading.Thread(target=work, name="lictor-glance", daemon=True).start()
        return done

    def _answer(self) -> Seen:
        try:
            return Seen(tuple(self._look()), self._now())
        except errors.LictorError as error:
            return Seen(error=str(error))
        except Exception as error:  # noqa: BLE001 - a page that tells of a fault beats none
            text = f"{type(error).__name__}: {errors.remote_text(str(error))}"
            return Seen(error=f"lictor failed unexpectedly ({text})")

    def _arrived(self, seen: Seen, done: asyncio.Future[None]) -> None:
        self._last = structs.replace(self._last, error=seen.error) if seen.error else seen
        groups = len({row.group for row in self._last.rows})
        self._due = self._clock() + max(self._fresh, groups * _REST)
        self._pending = None
        done.set_result(None)
