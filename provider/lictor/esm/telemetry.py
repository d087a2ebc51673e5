"""Tells others how the monitor does: `/metrics`, `/healthz`, statsd and DogStatsD."""

from __future__ import annotations

import asyncio
import logging
import platform
import socket
from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client import exposition

from lictor import errors
from lictor.esm.metrics import Exposition, Filter, Statsd
from lictor.settings.monitor import statsd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lictor.esm.board import Board
    from lictor.settings.monitor import Monitor, Telemetry

_LOG = logging.getLogger("lictor.esm")
_EVERY = 5.0


async def serve(told: Monitor, board: Board) -> None:
    """Answer at `client_address`, for ever.

    Raises:
        errors.SettingsError: It cannot be listened at.
    """
    application = web.Application()
    exposed = Exposition(board.points, told.telemetry, platform.node())

    async def metrics(_: web.Request) -> web.Response:
        headers = {"Content-Type": exposition.CONTENT_TYPE_LATEST}
        return web.Response(body=exposed.text(), headers=headers)

    async def health(_: web.Request) -> web.Response:
        troubles = board.troubles()
        body = {"healthy": not troubles, "leader": board.sharing.leads, "troubles": troubles}
        return web.json_response(body, status=503 if troubles else 200)

    async def tasks(_: web.Request) -> web.Response:
        names = sorted(task.get_name() for task in asyncio.all_tasks())
        return web.Response(text="\n".join(names) + "\n")

    application.router.add_get("/healthz", health)
    if told.telemetry.prometheus:
        application.router.add_get("/metrics", metrics)
    if told.enable_debug:
        application.router.add_get("/debug/pprof/", tasks)
    host, _, port = told.client_address.rpartition(":")
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host.strip("[]") or None, int(port)).start()
        except OSError as error:
            raise errors.SettingsError(f"client_address {told.client_address}: {error}") from None
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def warnings(telemetry: Telemetry) -> list[str]:
    """Say which of the settings do nothing."""
    found = [f"telemetry: {name} is accepted and does nothing" for name in telemetry.ignored()]
    found += [
        f"telemetry: prefix_filter: {rule!r} begins with neither + nor -"
        for rule in Filter(telemetry).bad
    ]
    return found


async def push(told: Monitor, board: Board, pause: float = _EVERY) -> None:
    """Send to statsd and DogStatsD, and look at the lag, for ever."""
    telemetry, host = told.telemetry, platform.node()
    ways: list[tuple[Statsd, str]] = []
    if telemetry.statsd_address:
        ways.append((Statsd(telemetry, host, tagged=False), telemetry.statsd_address))
    if telemetry.dogstatsd_addr:
        ways.append((Statsd(telemetry, host, tagged=True), telemetry.dogstatsd_addr))
    failing: set[str] = set()
    while True:
        for writer, address in ways:
            try:
                await _send(writer.datagrams(board.points()), address)
                failing.discard(address)
            except (OSError, ValueError) as error:
                level = logging.DEBUG if address in failing else logging.WARNING
                _LOG.log(level, "metrics cannot be sent to %s: %s", address, error)
                failing.add(address)
        await asyncio.sleep(pause)
        board.look()


async def _send(datagrams: Sequence[bytes], address: str) -> None:
    if address.startswith("unix://"):
        _all(datagrams, socket.AF_UNIX, address.removeprefix("unix://"))
        return
    host, port = statsd(address)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    _all(datagrams, found[0][0], found[0][4])


def _all(datagrams: Sequence[bytes], family: int, at: Any) -> None:  # noqa: ANN401 - of either family
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0)
        for datagram in datagrams:
            sock.sendto(datagram, at)
