"""Probes that are run as a monitor runs them, on sockets of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

from lictor.esm import kinds, verdict
from lictor.esm.kinds import Address, Spec
from lictor.esm.prober import Prober, Report, Work
from lictor.esm.probes import making
from lictor.esm.probes.dialing import Dialer
from lictor.esm.probes.trust import Trust

if TYPE_CHECKING:
    import pytest


async def _nobody(_: kinds.Alias) -> Any:  # noqa: ANN401 - never called
    raise AssertionError


def reports(*probes: kinds.Probe) -> list[Report]:
    """Follow probes of these, and return the first report of each, in their order."""

    async def story() -> list[Report]:
        found: dict[str, Report] = {}
        all_there = asyncio.Event()

        def told(report: Report) -> None:
            found.setdefault(report.key[0], report)
            if len(found) == len(probes):
                all_there.set()

        dialer = Dialer(Trust())
        prober = Prober(lambda spec: making.make(spec, dialer, _nobody), told, verdict.Thresholds())
        prober.follow(
            {
                (str(number), "", "c", "", ""): Work(Spec(probe, timeout=5.0), "passing")
                for number, probe in enumerate(probes)
            }
        )
        running = asyncio.create_task(prober.run())
        try:
            async with asyncio.timeout(20):
                await all_there.wait()
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        return [found[str(number)] for number in range(len(probes))]

    return asyncio.run(story())


def test_a_proxy_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the checks that need it critical, and no others; the reason is their output."""
    monkeypatch.setenv("http_proxy", "http://proxy:abc")
    with socket.create_server(("127.0.0.1", 0)) as server:
        at = Address("127.0.0.1", server.getsockname()[1])
        bad, good = reports(kinds.HTTP("http://far.example/"), kinds.TCP(at))
    assert bad.status == "critical"
    assert "the proxy that HTTP_PROXY names cannot be used" in bad.output
    assert good.status == "passing"


def test_a_service_whose_name_no_frame_holds() -> None:
    """Is critical, with a reason that is not as long."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        at = Address("127.0.0.1", server.getsockname()[1])
        (report,) = reports(kinds.GRPC(at, "x" * 20_000))
    assert report.status == "critical"
    assert "cannot be sent" in report.output
    assert len(report.output) < 500
