"""What is written to a Consul that refuses, is away, or has given our nodes to others."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import pytest

from lictor.consul.aio import checks, wire
from lictor.consul.aio.client import Client
from lictor.esm.doubt import Doubt
from lictor.esm.ledger import Ledger, key_of
from lictor.esm.prober import Report
from lictor.esm.tending import Tending
from lictor.esm.writer import Writer
from lictor.model import ConsulConnection
from tests.fakes import odd_consul
from tests.fakes.odd_catalog import DENIED, OddCatalog
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.fakes.odd_consul import OddConsul

AWAY = Odd(status=500, body=b"No cluster leader")
LEAVES = {"HTTP": "http://h/", "Interval": "1s", "DeregisterCriticalServiceAfter": "60s"}


@pytest.fixture(scope="module")
def server() -> Iterator[OddConsul]:
    """Run the server that all share."""
    with odd_consul.start() as running:
        yield running


@pytest.fixture
def catalog(server: OddConsul) -> OddCatalog:
    """Hand out a catalog of the test's own."""
    made = OddCatalog()
    server.obeys(made)
    return made


class World:
    """A ledger, what writes it, and a clock that a test moves on."""

    def __init__(self, client: Client) -> None:
        """Begin without checks."""
        self.skipped = 0.0
        self.client = client
        self.ledger = Ledger(lambda *_: None, self.time, 300.0, lambda: 0.5)
        self.doubt = Doubt(time.monotonic, self.ledger.resume)
        self.writer = Writer(client, self.ledger, lambda _: "127.0.0.1", self.doubt)
        self.tending = Tending(client, self.ledger, self.doubt)

    def time(self) -> float:
        """Tell the time of the ledger."""
        return time.monotonic() + self.skipped

    async def rows(self, catalog: OddCatalog) -> list[wire.Row]:
        """Read all checks."""
        nodes = [wire.Row(node, "c", "") for node in catalog.checks]
        return [row for node in nodes for row in await checks.current(self.client, node)]

    async def learns(self, catalog: OddCatalog) -> list[wire.Row]:
        """Take what Consul says."""
        rows = await self.rows(catalog)
        self.ledger.learn(rows)
        return rows

    def reports(self, status: str, *rows: wire.Row) -> None:
        """Take results."""
        for row in rows:
            self.ledger.report(Report(key_of(row), status, ""))


@contextlib.asynccontextmanager
async def working(server: OddConsul) -> AsyncIterator[World]:
    """Run what writes."""
    async with Client(ConsulConnection(url=server.url)) as client:
        world = World(client)
        tasks = [asyncio.create_task(part.run()) for part in (world.writer, world.tending)]
        try:
            yield world
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def until(holds: Callable[[], object], what: str) -> None:
    """Wait for something."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - a thread's work, which rings for nobody
            await asyncio.sleep(0.01)
    assert holds(), what


def says(catalog: OddCatalog, status: str) -> set[str]:
    """Tell of which nodes Consul says so."""
    return {node for node, check in catalog.checks.items() if check["Status"] == status}


def test_one_that_is_refused_holds_up_nobody(
    server: OddConsul, catalog: OddCatalog, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are written; it rests, is told of once, and is written when it may be."""
    for number in range(5):
        catalog.has(f"n{number}", "critical", Definition={"HTTP": "http://h/"})
    catalog.refuses["n3"] = DENIED

    async def write() -> None:
        async with working(server) as world:
            world.reports("passing", *await world.learns(catalog))
            await until(lambda: len(says(catalog, "passing")) == 4, "the others")
            assert says(catalog, "critical") == {"n3"}
            assert [len(one) for one in catalog.transactions] == [5, 4]
            assert len(caplog.messages) == 1
            assert "checks=n3//c" in caplog.text
            assert "set token to one with node_prefix" in caplog.text
            del catalog.refuses["n3"]
            await until(lambda: not says(catalog, "critical"), "the one")
            assert catalog.transactions[2:] == [["n3"]]

    asyncio.run(write())


def test_one_that_consul_cannot_read_holds_up_nobody(
    server: OddConsul, catalog: OddCatalog, caplog: pytest.LogCaptureFixture
) -> None:
    """Consul does not say which one is too large, or broken: halves tell."""
    for number in range(9):
        catalog.has(f"n{number}", "critical", Definition={"HTTP": "http://h/"})
    catalog.unreadable = {"n3"}

    async def write() -> None:
        async with working(server) as world:
            world.reports("passing", *await world.learns(catalog))
            await until(lambda: len(says(catalog, "passing")) == 8, "the others")
            await until(lambda: "checks=n3//c: " in caplog.text, "a line")
            assert "too large" in caplog.text
            assert len(catalog.transactions) == 7

    asyncio.run(write())


def test_one_that_cannot_be_read_again_holds_up_nobody(
    server: OddConsul, catalog: OddCatalog, caplog: pytest.LogCaptureFixture
) -> None:
    """Where rights were narrowed it rests, and is not taken for gone."""
    for node in "ab":
        catalog.has(node, "critical", Definition={"HTTP": "http://h/"})

    async def write() -> None:
        async with working(server) as world:
            rows = await world.learns(catalog)
            catalog.has("a", "critical", Output="of somebody else")
            cut = {"X-Consul-Results-Filtered-By-ACLs": "true"}
            catalog.fails["/v1/health/node/a"] = Odd(headers=cut)
            world.reports("passing", *rows)
            await until(lambda: "checks=a//c: " in caplog.text, "a line")
            assert says(catalog, "passing") == {"b"}
            catalog.fails.clear()
            await until(lambda: says(catalog, "passing") == {"a", "b"}, "the one")

    asyncio.run(write())


def test_an_error_that_is_no_staleness_is_not_tried_without_end(
    server: OddConsul, catalog: OddCatalog, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told of, and left alone for a while; so is a stale one of which nothing is new."""
    for node, why in (("a", "Missing service registration"), ("b", "index is stale")):
        catalog.has(node, "critical", Definition={"HTTP": "http://h/"})
        catalog.refuses[node] = why

    async def write() -> None:
        async with working(server) as world:
            world.reports("passing", *await world.learns(catalog))
            await until(lambda: len(caplog.messages) == 2, "lines")
            assert "Missing service registration" in caplog.text
            asked = len(server.asked)
            await asyncio.sleep(0.3)  # far shorter than the rest, far longer than a try
            assert len(server.asked) == asked

    asyncio.run(write())


def test_one_that_goes_alone_holds_up_nobody(
    server: OddConsul, catalog: OddCatalog, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal of the catalog's own call is that check's alone."""
    catalog.has("alone", "critical", Definition={"UDP": "h:1"})
    catalog.has("n", "critical", Definition={"HTTP": "http://h/"})
    catalog.fails["/v1/catalog/register"] = Odd(status=403, body=b"Permission denied")

    async def write() -> None:
        async with working(server) as world:
            world.reports("passing", *await world.learns(catalog))
            await until(lambda: says(catalog, "passing") == {"n"}, "the other")
            await until(lambda: "checks=alone//c" in caplog.text, "a line")

    asyncio.run(write())


def test_nothing_is_written_in_doubt(server: OddConsul, catalog: OddCatalog) -> None:
    """What probes said meanwhile is written after it, if the node is ours still."""
    catalog.has("a", "passing", Definition={"HTTP": "http://h/"})
    catalog.has("b", "passing", Definition={"HTTP": "http://h/"})

    async def write() -> None:
        async with working(server) as world:
            rows = await world.learns(catalog)
            world.doubt.arises()
            world.reports("critical", *rows)
            await asyncio.sleep(0.3)  # seven times as long as changes are gathered
            assert not catalog.transactions
            world.ledger.learn([row for row in rows if row.node == "a"])
            world.doubt.settles(world.doubt.count)
            await until(lambda: says(catalog, "critical"), "a write")
            assert catalog.transactions == [["a"]]

    asyncio.run(write())


def test_a_write_that_failed_is_a_doubt(server: OddConsul, catalog: OddCatalog) -> None:
    """Consul may have been away for long enough for others to have our nodes."""
    catalog.has("a", "passing", Definition={"HTTP": "http://h/"})
    catalog.fails["/v1/txn"] = AWAY

    async def write() -> None:
        async with working(server) as world:
            world.reports("critical", *await world.learns(catalog))
            await until(lambda: world.doubt.open, "doubt")
            del catalog.fails["/v1/txn"]
            await asyncio.sleep(0.5)  # longer than the pause after a first failure
            assert not catalog.transactions

    asyncio.run(write())


def dead(catalog: OddCatalog, **more: Any) -> None:  # noqa: ANN401 - JSON
    """Have a check of a service that is to be taken out some day."""
    service = {"ServiceID": "s", "ServiceName": "s", "Definition": LEAVES}
    catalog.has("a", "critical", **service, **more)


def test_a_service_is_taken_out(server: OddConsul, catalog: OddCatalog) -> None:
    """When it has been critical for too long, on the index that we know, and once."""
    dead(catalog)

    async def tend() -> None:
        async with working(server) as world:
            world.reports("critical", *await world.learns(catalog))
            world.skipped += 61
            await until(lambda: catalog.deregistered, "an end")
            dead(catalog)
            await world.learns(catalog)
            world.skipped += 61
            await until(lambda: len(catalog.deregistered) == 2, "another end")

    asyncio.run(tend())


def test_a_service_that_somebody_wrote_stays(server: OddConsul, catalog: OddCatalog) -> None:
    """Whoever did may know better; its time begins anew."""
    dead(catalog)

    async def tend() -> None:
        async with working(server) as world:
            world.reports("critical", *await world.learns(catalog))
            dead(catalog, Output="of another instance")
            world.skipped += 61
            (entry,) = world.ledger.entries.values()
            await until(lambda: entry.row.output == "of another instance", "a look")
            assert not world.ledger.overdue()
            assert not catalog.deregistered

    asyncio.run(tend())


def test_no_service_is_taken_out_in_doubt(server: OddConsul, catalog: OddCatalog) -> None:
    """Nor before its probe had time to run again."""
    dead(catalog)

    async def tend() -> None:
        async with working(server) as world:
            world.reports("critical", *await world.learns(catalog))
            world.doubt.arises()
            world.skipped += 61
            asked = len(server.asked)
            await asyncio.sleep(1.2)  # more than a tick
            assert len(server.asked) == asked
            world.doubt.settles(world.doubt.count)
            assert not world.ledger.overdue()

    asyncio.run(tend())


def test_a_refused_end_is_not_tried_each_second(
    server: OddConsul, catalog: OddCatalog, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told of, with a pause that grows."""
    dead(catalog)
    catalog.refuses["a"] = DENIED

    async def tend() -> None:
        async with working(server) as world:
            world.reports("critical", *await world.learns(catalog))
            world.skipped += 61
            await until(lambda: "could not deregister service s on node a" in caplog.text, "a line")
            (entry,) = world.ledger.entries.values()
            assert not world.ledger.overdue()
            world.skipped += 1.5
            assert [one for _, one in world.ledger.overdue()] == [entry]

    asyncio.run(tend())
