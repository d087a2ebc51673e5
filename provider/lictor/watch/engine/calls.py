"""The engine's calls that are being served: a run has ended only when they have.

A CLI that is killed leaves its calls behind: they go on, with a plan that is old by then, while the
next run makes another.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Calls:
    """Counts the calls under way; safe between threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count a call while it is served."""
        with self._changed:
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def ended(self, seconds: float) -> bool:
        """Wait until all have ended, for so long; tell whether they have."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, seconds)
