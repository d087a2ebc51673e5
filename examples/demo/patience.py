"""Waiting for facts, with a limit, in a way that Ctrl-C ends.

A signal only leaves a note, and every wait looks for it. So nothing is torn out of the middle of
what it does, and what was started is always known to somebody who ends it.
"""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

T = TypeVar("T")

_PAUSE = 0.05


class Failed(Exception):
    """The demo cannot go on; the text is for the person at the terminal."""


class Interrupted(Exception):
    """Somebody asked the demo to stop."""


class Patience:
    """Waits until something is so, until it takes too long, or until a signal comes."""

    def __init__(self) -> None:
        """Hear no signals yet."""
        self.signal = 0

    def listen(self) -> None:
        """Note Ctrl-C, a request to end, and a terminal that is closed (but not under nohup)."""
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, self._note)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._note)

    def _note(self, sign: int, _frame: FrameType | None) -> None:
        self.signal = self.signal or sign

    def check(self) -> None:
        """Go no further when a signal came.

        Raises:
            Interrupted: One came.
        """
        if self.signal:
            raise Interrupted

    def until(self, probe: Callable[[], T | None], seconds: float) -> T | None:
        """Return the first answer of `probe` that is true, or None when it took too long.

        Raises:
            Interrupted: A signal came first.
        """
        end = time.monotonic() + seconds
        while True:
            self.check()
            found = probe()
            if found:
                return found
            if time.monotonic() > end:
                return None
            time.sleep(_PAUSE)
