"""Whether the loop lives, for `/healthz` and for systemd's watchdog."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from lictor.notify import Notifier
    from lictor.watch.board import Board

SILENCE = 60.0
"""The loop counts as dead without a sign of life for so long, in seconds."""
LONGEST_RUN = 1800.0
"""The same while a run is under way, which the loop waits for."""


def stalled(board: Board, silence: float = SILENCE, longest_run: float = LONGEST_RUN) -> str:
    """Say for how long the loop has given no sign of life; empty while that is in order."""
    silent = board.silence()
    if silent < (longest_run if board.status().running else silence):
        return ""
    return f"the loop has said nothing for {silent:.0f} s"


class Pulse:
    """Tells systemd that the watch lives, as often as its watchdog wants, while it does.

    Args:
        notifier: Tells it; nothing happens where no watchdog was asked for.
        board: What the loop says of itself.
    """

    def __init__(self, notifier: Notifier, board: Board) -> None:
        self._notifier, self._board = notifier, board
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lictor-pulse", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        if self._notifier.pause is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._over.set()

    def _beat(self) -> None:
        while not self._over.wait(self._notifier.pause):
            if not stalled(self._board):
                self._notifier.alive(_said(self._board))


def _said(board: Board) -> str:
    """Word how the watch is."""
    seen = board.status()
    last = f", last run {seen.runs[0].outcome}: {seen.runs[0].text}" if seen.runs else ""
    return f"{seen.role}, {len(seen.groups)} groups{last}"
