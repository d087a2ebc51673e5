"""What `/healthz` says."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any

import aiohttp

from lictor.consul.aio.client import Client
from lictor.consul.aio.presence import Instance
from lictor.esm import telemetry
from lictor.esm.belonging import WithAgent
from lictor.esm.board import Board
from lictor.esm.discovery import Discovery
from lictor.esm.doubt import Doubt
from lictor.esm.ledger import Ledger
from lictor.esm.pings import Pings, Rules
from lictor.esm.place import Place
from lictor.esm.prober import Stats
from lictor.esm.probes.names import Names
from lictor.esm.probes.ping import Pinger
from lictor.esm.sharing import Sharing
from lictor.esm.writer import Writer
from lictor.model import ConsulConnection
from lictor.settings.monitor import Monitor
from tests.fakes.consul import free_ports

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def board(client: Client) -> Board:
    """Make the board of a monitor for which all is well."""
    place = Place({"a": "b"}, "esm/", "esm/leader", "esm", "", "esm:one")
    ledger = Ledger(lambda _changed, _gone: None, lambda: 0.0, 300.0)
    rules = Rules("esm/", 10.0, 3600.0, coordinates=False)
    doubt = Doubt(lambda: 0.0, lambda _: None)
    pings = Pings(client, Pinger(Names(), raw=False), rules, lambda: NOON, doubt)
    discovery = Discovery(client, place, ledger, pings.follow, doubt)
    discovery.known = True
    belonging = WithAgent(client, Instance("esm", "", "esm:one"))
    belonging.registered = True
    writer = Writer(client, ledger, lambda _: "", doubt)
    sharing = Sharing(client, place, discovery, belonging.bound)
    return Board(Stats(), ledger, discovery, writer, sharing, pings, belonging)


def test_health_and_lag() -> None:
    """503 while probes begin late, and until that is over for a whole look; then 200."""
    (port,) = free_ports(1)

    async def asked(session: aiohttp.ClientSession) -> tuple[int, Any]:
        async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
            return answer.status, (await answer.json())["troubles"]

    async def story() -> list[tuple[int, Any]]:
        async with (
            Client(ConsulConnection("http://127.0.0.1:1")) as client,
            aiohttp.ClientSession() as session,
        ):
            one = board(client)
            told = Monitor(client_address=f"127.0.0.1:{port}")
            serving = asyncio.create_task(telemetry.serve(told, one))
            async with asyncio.timeout(10):
                while True:
                    with contextlib.suppress(aiohttp.ClientConnectionError):
                        said = [await asked(session)]
                        break
                    await asyncio.sleep(0.01)
            one.stats.lag = 6.0
            said.append(await asked(session))
            for _ in range(2):
                one.look()
                said.append(await asked(session))
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            return said

    late = (503, ["probes begin 6.0s late"])
    assert asyncio.run(story()) == [(200, []), late, late, (200, [])]
