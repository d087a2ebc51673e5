"""The board: what the watch does and what stands, for whoever looks.

The loop writes on it; ``--listen`` reads it, for people and for metrics, in a thread of its own.
What is handed in is frozen, mappings included: whoever made them changes them no more.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import structs

from lictor.watch import reasons, status
from lictor.watch.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from lictor.watch.status import (
        Begun,
        Change,
        Counters,
        Group,
        Pause,
        Role,
        Run,
        Spread,
        Status,
        Timer,
        Watched,
    )

_SUCCESS = (Verdict.DONE, Verdict.HELD)
"""What is held is what a guard is for; there is a figure of its own for it."""


class Board:
    """What the watch does and what stands. Every method may be called from any thread."""

    def __init__(self, stack: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin alone, with no run and no group.

        Args:
            stack: Name of the stack.
            clock: Seconds that never go back, for :meth:`silence`.
        """
        self._stack, self._clock = stack, clock
        self._lock = threading.Lock()
        self._beat = clock()
        self._role, self._holder = status.Role.ALONE, ""
        self._paused: tuple[Pause, ...] = ()
        self._timers: tuple[Timer, ...] = ()
        self._watched = status.Watched()
        self._running: Begun | None = None
        self._last_success: datetime | None = None
        self._groups: dict[str, Group] = {}
        self._runs: deque[Run] = deque(maxlen=status.RUNS)
        self._changes: deque[Change] = deque(maxlen=status.CHANGES)
        self._outcomes = Counter[str]({verdict.value: 0 for verdict in Verdict})
        self._trips: Counter[str] = Counter()
        self._made: Counter[tuple[str, str]] = Counter()
        self._throttled: Counter[tuple[str, str]] = Counter()
        self._phases: dict[str, Spread] = {}

    def beat(self) -> None:
        """Say that the loop is alive; to be said every few seconds between runs."""
        with self._lock:
            self._beat = self._clock()

    def silence(self) -> float:
        """Tell how many seconds ago the loop gave its last sign of life: a beat, or of a run."""
        with self._lock:
            return self._clock() - self._beat

    def role(self, role: Role, holder: str = "") -> None:
        """Say what this watcher is now, and who holds the lock; empty for nobody."""
        with self._lock:
            self._role, self._holder = role, holder

    def pauses(self, paused: Iterable[Pause]) -> None:
        """Say what is to be left as it is from now on; nothing where that is over."""
        with self._lock:
            self._paused = tuple(paused)

    def watching(self, watched: Watched) -> None:
        """Say what Consul is asked from now on, and which questions it does not answer."""
        with self._lock:
            self._watched = watched

    def timers(self, timers: Iterable[Timer]) -> None:
        """Say which runs are due later."""
        with self._lock:
            self._timers = tuple(sorted(timers, key=lambda timer: (timer.due, timer.why)))

    def began(self, run: Begun) -> None:
        """Say that a run begins."""
        with self._lock:
            self._beat, self._running = self._clock(), run

    def ended(
        self, run: Run, groups: Mapping[str, Group] | None, changes: Iterable[Change] = ()
    ) -> None:
        """Say how a run ended, and what stands now.

        A guard trips when it begins to hold or refuse something in a group: that is counted here.

        Args:
            run: The run.
            groups: Name of the resource -> its group, for all groups of the stack: what is not
                there is forgotten. None where the run has not got so far: all stays as it was.
            changes: What happened to targets, oldest first.
        """
        with self._lock:
            self._beat, self._running = self._clock(), None
            self._runs.appendleft(run)
            self._outcomes[run.outcome] += 1
            if run.outcome in _SUCCESS:
                self._last_success = run.started + timedelta(seconds=run.seconds)
            for phase, seconds in run.phases.items():
                spread = self._phases.get(phase, status.Spread())
                self._phases[phase] = spread.with_one(seconds)
            latest: dict[str, datetime] = {}
            for change in changes:
                self._changes.appendleft(change)
                latest[change.group] = change.time
            self._settle(self._groups if groups is None else groups, latest)

    def called(self, service: str, operation: str, *, throttled: bool = False) -> None:
        """Count a call of AWS's API, made by anyone in this process.

        Args:
            service: As boto3 names it: ``elbv2``.
            operation: Such as ``RegisterTargets``.
            throttled: Whether AWS turned it away for the rate.
        """
        with self._lock:
            self._made[service, operation] += 1
            self._throttled[service, operation] += throttled

    def status(self) -> Status:
        """Return all of it, as it is at this moment."""
        with self._lock:
            return status.Status(
                stack=self._stack,
                role=self._role,
                holder=self._holder,
                paused=self._paused,
                running=self._running,
                last_success=self._last_success,
                groups=dict(self._groups),
                runs=tuple(self._runs),
                changes=tuple(self._changes),
                watched=self._watched,
                timers=self._timers,
                counters=self._counters(),
            )

    def _settle(self, groups: Mapping[str, Group], latest: Mapping[str, datetime]) -> None:
        """Take over what stands, with the time of each group's last change."""
        settled = {}
        for name in sorted(groups):
            group, before = groups[name], self._groups.get(name)
            self._trips.update(_guards(group) - (_guards(before) if before else set()))
            changed = latest.get(name) or group.changed or (before.changed if before else None)
            settled[name] = structs.replace(group, changed=changed)
        self._groups = settled

    def _counters(self) -> Counters:
        return status.Counters(
            runs=dict(self._outcomes),
            trips=dict(sorted(self._trips.items())),
            calls=tuple(
                status.Calls(*key, made=made, throttled=self._throttled[key])
                for key, made in sorted(self._made.items())
            ),
            phases=dict(sorted(self._phases.items())),
        )


def _guards(group: Group) -> set[str]:
    """Name the guards that hold or refuse something in a group."""
    found = {reasons.guard(reason) for reason in group.held.values()}
    if group.blocked:
        found.add(reasons.refusing(group.blocked.text))
    return found - {""}
