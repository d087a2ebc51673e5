"""Runs probes when they are due, and tells what changed.

One task starts what is due; each run is a task of its own, so that none waits for another one or
for Consul. What cannot be started in time starts late, in order, and the lag is measured and told:
nothing is left out.
"""

from __future__ import annotations

import asyncio
import logging
import random
import resource
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from lictor.esm import verdict
from lictor.esm.kinds import Bad
from lictor.esm.probes.failing import ProbeFailed, Unable
from lictor.esm.schedule import Schedule, following

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lictor.esm.kinds import Spec
    from lictor.esm.probes.making import Runs
    from lictor.esm.verdict import Result, Standing, Thresholds

_LOG = logging.getLogger("lictor.esm")

Key: TypeAlias = tuple[str, str, str, str, str]
"""Node, service id, check id, namespace, partition."""

TICK = 0.005
"""Seconds between two looks at what is due at least: a wake-up for each probe would cost more than
these few milliseconds of lag are worth."""

RATE = 100.0
"""New checks a second: a few begin at once, many are spread over their interval."""

_BATCH = 64
_LONGEST = 0.25
_STALL = 0.25
_SPARE = 256
_LAG = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """A check that shall be run.

    Attributes:
        spec: What to do.
        status: What Consul says of it now; thresholds count from there.
        definition: What the first was read from, for those who read it again.
        notes: The same.
    """

    spec: Spec
    status: str
    definition: bytes = b""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check has come to."""

    key: Key
    status: str
    output: str


@dataclass(slots=True)
class Stats:
    """What was done so far.

    Attributes:
        runs: Probes that ended.
        lag: Most seconds by which a probe began late since this was last taken.
        unable: Runs that came to nothing for a reason of our own.
        running: Probes under way.
        checks: How many are followed.
    """

    runs: int = 0
    lag: float = 0.0
    unable: int = 0
    running: int = 0
    checks: int = 0


@dataclass(slots=True, eq=False)
class _Check:
    key: Key
    spec: Spec
    runs: Runs
    standing: Standing
    told: Result | None = None
    task: asyncio.Task[None] | None = None
    fresh: bool = False
    gone: bool = field(default=False)


class Prober:
    """Runs the checks that it is told to follow.

    Args:
        make: Makes what runs a definition.
        report: Told of the first result of a check, and of each that changes what is known of it.
        thresholds: For checks that have none of their own; may be replaced.
        chance: From 0 to 1, to spread runs.
    """

    def __init__(
        self,
        make: Callable[[Spec], Runs],
        report: Callable[[Report], None],
        thresholds: Thresholds,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.thresholds = thresholds
        self.stats = Stats()
        self._make = make
        self._report = report
        self._chance = chance
        self._checks: dict[Key, _Check] = {}
        self._schedule: Schedule[_Check] = Schedule()
        self._most = max(_SPARE, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE)
        self._stalls: list[tuple[float, float]] = []
        self._warned = 0.0

    def follow(self, changed: Mapping[Key, Work], gone: frozenset[Key] = frozenset()) -> None:
        """Begin to run some checks, anew where they run already, and end others at once."""
        for key in (*gone, *changed):
            old = self._checks.pop(key, None)
            if old is not None:
                old.gone = True
                if old.task is not None:
                    old.task.cancel()
        now = asyncio.get_running_loop().time()
        for number, (key, work) in enumerate(changed.items()):
            status = work.status if work.status != verdict.WARNING else verdict.PASSING
            check = _Check(key, work.spec, self._made(work.spec), verdict.Standing(status))
            self._checks[key] = check
            soon = len(changed) / RATE
            interval = work.spec.interval
            check.fresh = soon < interval
            wait = number / RATE if check.fresh else self._chance() * interval
            self._schedule.add(now + wait, check)
        self.stats.checks = len(self._checks)

    def _made(self, spec: Spec) -> Runs:
        """Make what runs a definition, also where it cannot be run: that says so at each run."""
        try:
            return self._make(spec)
        except ValueError as error:
            return self._make(replace(spec, probe=Bad(str(error))))

    async def run(self) -> None:
        """Start what is due, for ever."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                now = loop.time()
                full = self._start(loop, now)
                wait = 0.0 if full else max(TICK, min(self._schedule.due() - now, _LONGEST))
                await asyncio.sleep(wait)
                late = loop.time() - now - wait
                if late > _STALL:
                    self._stalls = [*self._stalls[-9:], (loop.time(), late)]
        finally:
            self.follow({}, frozenset(self._checks))

    def _start(self, loop: asyncio.AbstractEventLoop, now: float) -> bool:
        """Start some of what is due; tell whether there is more."""
        started = 0
        for due, check in self._schedule.take(now):
            if check.gone:
                continue
            self.stats.lag = max(self.stats.lag, now - due)
            if self.stats.running >= self._most:
                self._schedule.add(due, check)
                self._overloaded(now, f"{self._most} probes are under way, the limit of open files")
                return False
            check.task = loop.create_task(self._run(check, due))
            started += 1
            if started >= _BATCH:
                break
        if self.stats.lag > _LAG:
            self._overloaded(now, f"probes begin {self.stats.lag:.1f}s late")
        return started >= _BATCH

    async def _run(self, check: _Check, due: float) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        result: Result | None = None
        self.stats.running += 1
        try:
            async with asyncio.timeout(check.spec.timeout):
                result = await check.runs.run()
        except TimeoutError:
            result = self._timed_out(check, begun)
        except ProbeFailed as error:
            result = verdict.Result(verdict.CRITICAL, str(error))
        except Unable as error:
            self._unable(loop.time(), str(error))
        except Exception:  # noqa: BLE001 - one check's fault is not the others'
            _LOG.exception("probe failed in a way of its own: check=%s", check.key)
            self.stats.unable += 1
        finally:
            self.stats.running -= 1
            self.stats.runs += 1
            check.task = None
        if result is not None:
            self._settle(check, result)
        interval = check.spec.interval
        if check.fresh:  # it began early: from now on it has a place of its own in the interval
            check.fresh = False
            interval *= self._chance()
        self._schedule.add(following(due, begun, loop.time(), interval), check)

    def _settle(self, check: _Check, result: Result) -> None:
        """Take a result into account, and tell what changed by it."""
        spec, ours = check.spec, self.thresholds
        thresholds = ours
        if spec.successes is not None or spec.failures is not None:
            thresholds = verdict.Thresholds(
                ours.passing if spec.successes is None else spec.successes,
                ours.critical if spec.failures is None else spec.failures,
            )
        check.standing = verdict.step(check.standing, result.status, thresholds)
        if check.standing.status == result.status and result != check.told:
            check.told = result
            self._report(Report(check.key, result.status, result.output))

    def _timed_out(self, check: _Check, begun: float) -> Result | None:
        """Say that an endpoint was too slow, unless we were."""
        slow = sum(late for at, late in self._stalls if at > begun)
        if slow > check.spec.timeout / 4:
            now = asyncio.get_running_loop().time()
            self._unable(now, f"this monitor was held up for {slow:.1f}s; results do not count")
            return None
        return verdict.Result(verdict.CRITICAL, check.runs.late(check.spec.timeout))

    def _unable(self, now: float, why: str) -> None:
        self.stats.unable += 1
        self._warn(now, f"a probe came to nothing: {why}")

    def _overloaded(self, now: float, why: str) -> None:
        self._warn(now, f"monitor is overloaded: {why}")

    def _warn(self, now: float, what: str) -> None:
        if now - self._warned > 10 or not self._warned:  # noqa: PLR2004 - seconds
            self._warned = now
            _LOG.warning("%s", what)
