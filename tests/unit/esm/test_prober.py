"""When probes run, and what is told of them; on a clock that does not wait."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import pytest

from lictor.esm import kinds, verdict
from lictor.esm.prober import Key, Prober, Report, Work
from lictor.esm.probes.failing import ProbeFailed, Unable
from tests.fakes import clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PASSING = verdict.Result("passing", "fine")


class Probe:
    """Does what a test says, and notes when."""

    def __init__(self, does: Callable[[], verdict.Result], takes: float = 0.0) -> None:
        """Begin."""
        self.times: list[float] = []
        self.does, self.takes = does, takes

    async def run(self) -> verdict.Result:
        """Run once."""
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.takes)
        return self.does()

    def late(self, timeout: float) -> str:
        """Say that the time was over."""
        return f"late after {timeout:g}s"


def fine() -> verdict.Result:
    """Pass."""
    return PASSING


def key(number: int) -> Key:
    """Name a check."""
    return (f"n{number}", "", "c", "", "")


@contextlib.asynccontextmanager
async def probing(
    probes: dict[str, Probe], interval: float = 10.0, limit: float = 5.0
) -> AsyncIterator[tuple[Prober, list[Report]]]:
    """Run a prober with a check for each probe, of the same name."""
    reports: list[Report] = []

    def make(spec: kinds.Spec) -> Probe:
        assert isinstance(spec.probe, kinds.Alias)
        return probes[spec.probe.node]

    prober = Prober(make, reports.append, verdict.Thresholds(), lambda: 0.5)
    prober.follow({(name, "", "c", "", ""): work(name, interval, limit) for name in probes})
    running = asyncio.create_task(prober.run())
    yield prober, reports
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def work(name: str, interval: float = 10.0, timeout: float = 5.0, status: str = "critical") -> Work:
    """Make what a prober is told."""
    return Work(kinds.Spec(kinds.Alias(name), interval, timeout), status)


def test_a_few_begin_at_once_and_then_have_places_of_their_own() -> None:
    """The first run at once, the second after a part of the interval, then each interval."""

    async def story() -> list[float]:
        probe = Probe(fine)
        async with probing({"a": probe}):
            await asyncio.sleep(36)
        return probe.times

    first, second, third, fourth = clock.run(story())[:4]
    assert first < 0.5
    assert second - first == pytest.approx(5.0, abs=0.3)
    assert third - second == pytest.approx(10.0, abs=0.3)
    assert fourth - third == pytest.approx(10.0, abs=0.3)


def test_what_says_the_same_is_told_once() -> None:
    """A report for the first result, and for each that differs from the last."""

    async def story() -> list[tuple[str, str]]:
        results = [PASSING, PASSING, verdict.Result("passing", "other"), PASSING]
        probe = Probe(lambda: results.pop(0) if results else PASSING)
        async with probing({"a": probe}, interval=1.0) as (_, reports):
            await asyncio.sleep(10)
        return [(report.status, report.output) for report in reports]

    told = [("passing", "fine"), ("passing", "other"), ("passing", "fine")]
    assert clock.run(story()) == told


def test_what_fails_and_what_is_late() -> None:
    """Is critical, with its words."""

    def fails() -> verdict.Result:
        raise ProbeFailed("refused")

    async def story() -> set[tuple[str, str]]:
        probes = {"a": Probe(fails), "b": Probe(fine, takes=60.0)}
        async with probing(probes) as (_, reports):
            await asyncio.sleep(20)
        return {(report.status, report.output) for report in reports}

    assert clock.run(story()) == {("critical", "refused"), ("critical", "late after 5s")}


def test_what_hangs_does_not_hold_up_others() -> None:
    """Each run is by itself."""

    async def story() -> list[float]:
        probes = {str(number): Probe(fine, takes=1000.0) for number in range(200)}
        quick = probes["quick"] = Probe(fine)
        async with probing(probes, interval=10.0, limit=900.0):
            await asyncio.sleep(100)
        return quick.times

    times = clock.run(story())
    assert len(times) >= 9


def test_what_we_cannot_do_says_nothing_of_the_endpoint() -> None:
    """No report, and a count."""

    def unable() -> verdict.Result:
        raise Unable("no more files")

    def broken() -> verdict.Result:
        raise ZeroDivisionError

    async def story() -> tuple[int, int]:
        async with probing({"a": Probe(unable), "b": Probe(broken)}) as (prober, reports):
            await asyncio.sleep(30)
            return len(reports), prober.stats.unable

    reports, count = clock.run(story())
    assert reports == 0
    assert count >= 4


def test_a_monitor_that_was_held_up_blames_nobody() -> None:
    """A limit of time that passed while we were held up does not count."""

    async def story() -> tuple[list[Report], int]:
        probe = Probe(fine, takes=3.0)
        async with probing({"a": probe}, interval=10.0, limit=5.0) as (prober, reports):
            await asyncio.sleep(1.0)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, clock.Loop)
            loop.stall(30.0)
            await asyncio.sleep(2.0)
            return list(reports), prober.stats.unable

    reports, _ = clock.run(story())
    assert all(report.status == "passing" for report in reports)


def test_a_check_that_is_gone_is_told_of_no_more() -> None:
    """Its run is broken off, too."""

    async def story() -> tuple[int, int]:
        probe = Probe(fine, takes=2.0)
        async with probing({"a": probe}) as (prober, reports):
            await asyncio.sleep(1.0)
            prober.follow({}, frozenset([("a", "", "c", "", "")]))
            await asyncio.sleep(60.0)
            return len(reports), len(probe.times)

    assert clock.run(story()) == (0, 1)


def test_runs_under_way_are_counted_to_the_end() -> None:
    """Those that are broken off before they have begun, too."""

    async def story() -> tuple[int, int]:
        probes = {str(number): Probe(fine, takes=3.0) for number in range(20)}
        async with probing(probes, interval=10.0) as (prober, _):
            await asyncio.sleep(1.0)
            under_way = prober.stats.running
            prober.follow({}, frozenset((name, "", "c", "", "") for name in probes))
            prober.follow({key(number): work("0") for number in range(5)})
            await asyncio.sleep(0.0)
            prober.follow({}, frozenset(key(number) for number in range(5)))
            await asyncio.sleep(1.0)
            return under_way, prober.stats.running

    assert clock.run(story()) == (20, 0)


def test_many_are_spread_over_the_interval() -> None:
    """Three thousand with an interval of ten seconds do not all begin at once."""

    async def story() -> list[float]:
        loop = asyncio.get_running_loop()
        begun: list[float] = []

        class One(Probe):
            async def run(self) -> verdict.Result:
                begun.append(loop.time())
                return PASSING

        import itertools  # noqa: PLC0415 - here alone

        places = (number / 3000 for number in itertools.cycle(range(3000)))
        prober = Prober(
            lambda _: One(fine), lambda _: None, verdict.Thresholds(), lambda: next(places)
        )
        prober.follow({key(number): work("x") for number in range(3000)})
        running = asyncio.create_task(prober.run())
        await asyncio.sleep(10.2)
        running.cancel()
        return begun

    begun = clock.run(story())
    assert len(begun) >= 3000
    for second in range(10):
        assert 200 < sum(second <= at < second + 1 for at in begun) < 400


def test_a_monitor_that_is_overloaded(caplog: pytest.LogCaptureFixture) -> None:
    """Says so in the log, and leaves nothing out."""

    async def story() -> tuple[float, list[int]]:
        probes = {str(number): Probe(fine) for number in range(20)}
        async with probing(probes, interval=2.0) as (prober, _):
            await asyncio.sleep(5.0)
            before = [len(probe.times) for probe in probes.values()]
            loop = asyncio.get_running_loop()
            assert isinstance(loop, clock.Loop)
            loop.stall(10.0)
            await asyncio.sleep(1.0)
            after = [len(probe.times) for probe in probes.values()]
            more = [now - then for now, then in zip(after, before, strict=True)]
            return prober.stats.lag, more

    log = logging.getLogger("lictor.esm")
    log.addHandler(caplog.handler)
    try:
        lag, more = clock.run(story())
    finally:
        log.removeHandler(caplog.handler)
    assert 8.0 < lag <= 10.0
    assert all(one >= 1 for one in more)
    assert "monitor is overloaded: probes begin" in caplog.text
