"""A thread that does one thing again and again until it is told to stop, errors or not."""

from __future__ import annotations

import logging
import random
import threading
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul import lines, pace

if TYPE_CHECKING:
    from collections.abc import Callable

_LOG = logging.getLogger(__name__)
_END = 1.0


class Endless:
    """Runs a step for ever; begins with :meth:`start`.

    Args:
        name: Of the thread.
        step: Does the thing, in calls that may be broken off, and tells after how many seconds
            to do it again.
        backoff: How long to leave alone what has failed.
    """

    def __init__(
        self, name: str, step: Callable[[], float], backoff: pace.Backoff | None = None
    ) -> None:
        self._step = step
        self._backoff = backoff or pace.Backoff()
        self._line = lines.Line()
        self._over = threading.Event()
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def trouble(self) -> str:
        """Why the last step failed, in words; empty if it did not."""
        return self._trouble

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it; within a second, even where a call cannot be broken off."""
        self._over.set()
        self._line.break_off()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_END)

    def _run(self) -> None:
        failures = 0
        with self._line.spoken():
            while not self._over.is_set():
                pause, failures = self._tried(failures)
                self._over.wait(pause)

    def _tried(self, failures: int) -> tuple[float, int]:
        """Do the step once; tell how long to pause, and how often in a row it has failed."""
        try:
            pause, self._trouble = self._step(), ""
        except errors.ConsulError as error:
            self._trouble = str(error)
        except Exception as error:  # noqa: BLE001 - the thread lives on, whoever is at fault
            _LOG.warning("%s", self._thread.name, exc_info=True)
            self._trouble = f"{type(error).__name__}: {error}"
        else:
            return pause, 0
        chance = random.random()  # noqa: S311 - only to spread calls
        return self._backoff.pause(failures + 1, chance), failures + 1
