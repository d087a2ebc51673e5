"""When nodes are pinged, and what our own limits say of them: nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from lictor.consul.aio.client import Client
from lictor.consul.aio.wire import Node
from lictor.esm.doubt import Doubt
from lictor.esm.kinds import UDP, Address
from lictor.esm.pings import RATE, Pings, Rules
from lictor.esm.probes import dialing
from lictor.esm.probes.dialing import Dialer
from lictor.esm.probes.failing import Unable
from lictor.esm.probes.names import Found, Names
from lictor.esm.probes.ping import Pinger
from lictor.esm.probes.simple import UDPProbe
from lictor.esm.probes.trust import Trust
from lictor.model import ConsulConnection
from tests.fakes import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Echoes:
    """Notes when it was asked, and fails in a way that a test chooses."""

    def __init__(self, error: Exception) -> None:
        """Begin."""
        self.times: list[float] = []
        self.error = error

    async def echo(self, _: str) -> float:
        """Note the time, and fail."""
        self.times.append(asyncio.get_running_loop().time())
        raise self.error

    async def connect(self, host: str, _port: int) -> float:
        """Do the same."""
        return await self.echo(host)


def pinged(echoes: Echoes, count: int, seconds: float) -> list[float]:
    """Ping so many nodes every ten seconds for so long; tell when they were asked."""

    async def story() -> None:
        async with Client(ConsulConnection("http://127.0.0.1:1")) as client:
            rules = Rules("esm/", 10.0, 3600.0, coordinates=False)
            pings = Pings(client, echoes, rules, lambda: NOON, Doubt(lambda: 0.0, lambda _: None))
            pings.follow({str(n): (Node(str(n), "127.0.0.1"), None) for n in range(count)})
            running = asyncio.create_task(pings.run())
            await asyncio.sleep(seconds)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    clock.run(story())
    return echoes.times


def test_a_node_that_is_new() -> None:
    """Is pinged at once, and then has a place of its own in the interval."""
    first, second, third = pinged(Echoes(Unable("no right")), 1, 29.9)[:3]
    assert first < 0.5
    assert second - first <= 10.3
    assert third - second == pytest.approx(10.0, abs=0.3)


@pytest.mark.parametrize("count", [500, 2000])
def test_many_nodes_are_spread(count: int) -> None:
    """No second has much more than its part."""
    times = pinged(Echoes(Unable("no right")), count, 40.0)
    for second in range(40):
        assert sum(second <= at < second + 1 for at in times) < RATE + 2 * count / 10


def test_a_ping_that_fails_in_a_way_of_its_own() -> None:
    """Is not the last one of its node."""
    assert len(pinged(Echoes(ZeroDivisionError()), 1, 40.0)) >= 4


@contextlib.contextmanager
def no_more_files() -> Iterator[None]:
    """Let this process open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("raw", [True, False])
def test_a_ping_for_which_there_is_no_file(*, raw: bool) -> None:
    """Says nothing of the node."""

    async def story() -> None:
        pinger = Pinger(Names(), raw=raw)
        with no_more_files(), pytest.raises(Unable):
            await pinger.echo("127.0.0.1")

    asyncio.run(story())


def test_a_datagram_for_which_there_is_no_file() -> None:
    """Says nothing of the endpoint."""

    async def story() -> None:
        probe = UDPProbe(UDP(Address("127.0.0.1", 9)), Dialer(Trust()), 1.0)
        with no_more_files(), pytest.raises(Unable, match="raise the limit"):
            await probe.run()

    asyncio.run(story())


def test_a_name_for_which_there_is_no_thread() -> None:
    """Is looked up as soon as there is one."""

    async def story() -> Found:
        names = Names()
        usual = threading.stack_size(1 << 45)  # more than any machine has
        try:
            with pytest.raises(Unable, match="thread"):
                await names.addresses("localhost")
        finally:
            threading.stack_size(usual)
        async with asyncio.timeout(10):
            return await names.addresses("localhost")

    assert asyncio.run(story())


class Both(Names):
    """Knows one name, with an address of each family; that of IPv6 leads nowhere."""

    async def addresses(self, _: str) -> Found:
        """Tell both."""
        return [(socket.AF_INET6, "2001:db8::1"), (socket.AF_INET, "127.0.0.1")]


def test_a_node_with_addresses_of_both_families() -> None:
    """Is asked at that of IPv4, as consul-esm does: who refuses there is there."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        pinger = Pinger(Both(), raw=False)
        assert asyncio.run(pinger.connect("both.example", nobody.getsockname()[1])) < 1.0


@contextlib.contextmanager
def deaf(address: str, port: int) -> Iterator[None]:
    """Let nothing answer at an address, neither yes nor no: a listener whose queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        while True:
            one = stack.enter_context(socket.socket())
            one.settimeout(0.2)
            try:
                one.connect((address, port))
            except TimeoutError:
                break
        yield


def test_an_address_that_is_dead_beside_one_that_is_not() -> None:
    """Costs a moment: a limit of a second is enough."""
    found: Found = [(socket.AF_INET, "127.0.0.2"), (socket.AF_INET, "127.0.0.1")]

    async def story() -> tuple[str, int]:
        async with asyncio.timeout(1.0):
            sock = await dialing.first(found, port)
        with sock:
            where: tuple[str, int] = sock.getpeername()
            return where

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with deaf("127.0.0.2", port):
            assert asyncio.run(story()) == ("127.0.0.1", port)


def test_addresses_that_all_refuse() -> None:
    """The first one's words count."""
    found: Found = [(socket.AF_INET, "127.0.0.2"), (socket.AF_INET, "127.0.0.1")]
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with pytest.raises(Exception, match=rf"dial tcp 127.0.0.2:{port}: .*refused"):
            asyncio.run(dialing.first(found, port))
