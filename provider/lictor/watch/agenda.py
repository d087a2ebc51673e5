"""When the next run begins: pure, of the times that it is told.

An isolated change runs at once. One that comes soon after another, or during a run, is gathered
with what follows, until it has been quiet for a while, but not for ever. A run that failed is
tried again after a growing, jittered pause; a change does not wait for that.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How changes are gathered and failures repeated, in seconds.

    Attributes:
        quiet: A burst has ended when nothing has come for so long.
        most: Nor is it gathered longer than this.
        resync: How often state is compared with AWS; 0 for never.
    """

    quiet: float = 0.2
    most: float = 2.0
    resync: float = 600.0


@dataclass
class Agenda:
    """What is to be done, and when; times are seconds of one monotonic clock.

    Attributes:
        patience: How changes are gathered and failures repeated.
        draw: Draws from 0 to 1, for the jitter.
    """

    patience: Patience
    draw: random.Random = field(default_factory=random.Random)
    _reasons: dict[str, None] = field(default_factory=dict)
    _first: float = 0.0
    _last: float | None = None
    _retry: float | None = None
    _timer: float | None = None
    _resync: float | None = None
    _failures: int = 0

    def note(self, reason: str, now: float) -> None:
        """Note that something changed."""
        if not self._reasons:
            isolated = self._last is None or now - self._last > self.patience.quiet
            self._first = now - self.patience.most if isolated else now
        self._reasons[reason] = None
        self._last = now

    def due(self) -> float | None:
        """Tell when the next run begins; None while there is nothing to do."""
        moments = [self._retry, self._timer, self._resync]
        if self._reasons and self._last is not None:
            moments.append(min(self._last + self.patience.quiet, self._first + self.patience.most))
        return min((moment for moment in moments if moment is not None), default=None)

    def take(self, now: float) -> tuple[str, ...]:
        """Take the reasons of the run that begins now."""
        reasons = list(self._reasons)
        for name in ("retry", "timer", "resync"):
            moment = getattr(self, f"_{name}")
            if moment is not None and moment <= now:
                reasons.append(name)
                setattr(self, f"_{name}", None)
        self._reasons.clear()
        return tuple(reasons)

    def ended(
        self, now: float, *, again: bool, timer: float | None = None, owed: bool = False
    ) -> None:
        """Note how a run ended.

        Args:
            now: When it ended.
            again: Whether it has to be tried again though nothing changes.
            timer: When something that is held is due; None for never.
            owed: Whether it was to compare state with AWS, and did not get through. That is made
                up for soon, but not with the first try: what fails may be the comparison alone,
                and changes have to get through.
        """
        self._timer = timer
        self._failures = self._failures + 1 if again else 0
        pause = min(FIRST_PAUSE * 2 ** (self._failures - 1), LONGEST_PAUSE) if again else 0.0
        self._retry = now + pause * (1 + self.draw.random()) / 2 if again else None
        if self._resync is None and self.patience.resync:
            most = LONGEST_PAUSE if owed else self.patience.resync
            self._resync = now + min(self.patience.resync, most)
