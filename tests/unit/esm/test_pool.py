"""Processes that run probes, and what becomes of checks when one of them ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lictor.esm import definition, kinds, verdict
from lictor.esm.pool import Pool
from lictor.esm.prober import Key, Prober, Report, Work
from lictor.esm.probes import making
from lictor.esm.probes.dialing import Dialer
from lictor.esm.probes.trust import Trust
from tests.fakes import endpoint as endpoints
from tests.fakes.certificates import Authority
from tests.fakes.endpoint import answer

if TYPE_CHECKING:
    from collections.abc import Callable

KEY: Key = ("n", "", "c", "", "")


async def _nobody(_: kinds.Alias) -> Any:  # noqa: ANN401 - never called
    raise AssertionError


async def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)


def workers() -> list[int]:
    """Find the workers of this process."""
    found = []
    for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        with contextlib.suppress(OSError):
            if b"lictor.esm.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(int(pid))
    return found


def work(url: str, status: str) -> Work:
    """Make what a pool is told."""
    text = f'{{"HTTP": "{url}", "Interval": "1s", "Timeout": "1s"}}'.encode()
    spec = definition.read(text)
    assert spec is not None
    return Work(spec, status, text)


def test_a_worker_that_ends(tmp_path: Path) -> None:
    """Begins anew where the checks stood, and without files that are gone; both are told."""
    authority = Authority(tmp_path, "authority")
    reports: list[Report] = []
    thresholds = verdict.Thresholds(critical=2)
    trust = (str(authority.cert), "", "", "")
    own = Prober(
        lambda spec: making.make(spec, Dialer(Trust()), _nobody), reports.append, thresholds
    )

    async def story(endpoint: endpoints.Endpoint) -> int:
        pool = Pool(1, reports.append, own, thresholds, trust)
        running = asyncio.create_task(pool.run())
        pool.follow({KEY: work(endpoint.url, "critical")}, frozenset())
        await until(lambda: reports)
        assert reports.pop().status == "passing"
        assert pool.troubles() == []
        authority.cert.unlink()
        endpoint.says(answer("500 No"))
        (pid,) = workers()
        os.kill(pid, signal.SIGKILL)
        endpoint.requests.clear()
        await until(lambda: pool.troubles() == ["worker 0 is down"])
        await until(lambda: reports)
        failed = len(endpoint.requests)
        assert reports.pop().status == "critical"
        assert str(authority.cert) in pool.troubles()[0]
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        return failed

    with endpoints.start() as endpoint:
        assert asyncio.run(story(endpoint)) >= 3
