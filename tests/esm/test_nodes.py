"""Nodes that are pinged: status, coordinates, and their end; on a real Consul."""

from __future__ import annotations

import asyncio
import base64
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lictor.consul.aio.client import Client
from lictor.consul.aio.wire import Node
from lictor.esm import gotime
from lictor.esm.doubt import Doubt
from lictor.esm.pings import Pings, Rules
from lictor.esm.probes.failing import ProbeFailed, Unable
from lictor.esm.probes.ping import REMEDY
from lictor.model import ConsulConnection
from tests.fakes import monitor as monitors
from tests.fakes.consul import free_ports
from tests.fakes.monitor import until, value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.consul import Consul
    from tests.fakes.monitor import Catalog, Monitor

pytestmark = pytest.mark.xdist_group("esm-shared")

HEALTH = "externalNodeHealth"
SETTINGS = {
    **monitors.apart("nodes"),
    "node_probe_interval": "1s",
    "node_reconnect_timeout": "1h",
    "ping_type": "socket",
}


@pytest.fixture(scope="module")
def pinging(consul: Consul, folder: Path) -> Iterator[Monitor]:
    """Run a monitor that pings every second."""
    with monitors.start(consul, folder, SETTINGS) as running:
        running.says("Obtained leadership")
        yield running


@pytest.fixture
def nodes(consul: Consul, pinging: Monitor) -> Catalog:
    """Return its catalog."""
    assert pinging.process.poll() is None
    return monitors.catalog(consul, SETTINGS)


def probed(nodes: Catalog, *, alive: bool = True, **meta: str) -> str:
    """Register a node that a connection tells alive: echoes need rights that tests may lack."""
    port = nodes.consul.address.rpartition(":")[2]
    address = "127.0.0.1" if alive else "nothing.invalid"
    return nodes.node(
        address=address, **{"external-probe": "true", "external-probe-tcp": port, **meta}
    )


def test_a_node_that_is_there(nodes: Catalog) -> None:
    """Gets a check of the node's own, with consul-esm's id and texts."""
    check = nodes.becomes(probed(nodes), "passing", HEALTH)
    assert check["Name"] == "External Node Status"
    assert check["Output"] == "Node alive or reachable"
    assert check["ServiceID"] == ""


def test_a_node_that_is_not_there(nodes: Catalog) -> None:
    """Is critical, and when it died is kept in Consul, in consul-esm's form."""
    before = datetime.now(UTC)  # noqa: TID251 - what a monitor writes is compared with the clock
    name = probed(nodes, alive=False)
    check = nodes.becomes(name, "critical", HEALTH)
    assert check["Output"] == "Node not live or unreachable"
    died = gotime.read(value(nodes.consul, f"esm-nodes/probes/{name}") or b"")
    assert died is not None
    assert timedelta(seconds=-1) < died - before < timedelta(seconds=20)


def test_a_closed_port_tells_of_a_node(nodes: Catalog) -> None:
    """Who refuses a connection is there."""
    (port,) = free_ports(1)
    name = nodes.node(**{"external-probe": "true", "external-probe-tcp": str(port)})
    nodes.becomes(name, "passing", HEALTH)


@pytest.mark.long
def test_a_node_that_comes_back(nodes: Catalog) -> None:
    """Passes again, and the time of its death is forgotten."""
    name = probed(nodes, alive=False)
    nodes.becomes(name, "critical", HEALTH)
    assert value(nodes.consul, f"esm-nodes/probes/{name}")
    port = nodes.consul.address.rpartition(":")[2]
    meta = {"external-probe": "true", "external-probe-tcp": port}
    nodes.node(name, address="127.0.0.1", **meta)
    nodes.becomes(name, "passing", HEALTH)
    until(lambda: value(nodes.consul, f"esm-nodes/probes/{name}") is None, "the key to go")


def test_a_node_without_the_meta(nodes: Catalog) -> None:
    """Only `external-probe` of exactly true has a node pinged."""
    plain = nodes.node()
    odd = nodes.node(**{"external-probe": "True"})
    nodes.becomes(probed(nodes), "passing", HEALTH)
    assert nodes.read(plain, HEALTH) == {}
    assert nodes.read(odd, HEALTH) == {}


@pytest.mark.long
def test_nothing_is_written_twice(nodes: Catalog) -> None:
    """A node that stays as it is costs no write."""
    name = probed(nodes)
    index = nodes.becomes(name, "passing", HEALTH)["ModifyIndex"]
    time.sleep(3.0)
    assert nodes.read(name, HEALTH)["ModifyIndex"] == index


@pytest.mark.long
def test_a_node_that_was_dead_for_too_long(nodes: Catalog, folder: Path) -> None:
    """Is taken out with all that is on it, no restart needed."""
    name = probed(nodes, alive=False)
    nodes.check({"TCP": "127.0.0.1:1"}, node=name + "-x")
    nodes.consul.call(
        "PUT",
        "/v1/catalog/register",
        {
            "Node": name,
            "Address": "nothing.invalid",
            "SkipNodeUpdate": True,
            "Service": {"Service": "on-it"},
        },
    )
    nodes.becomes(name, "critical", HEALTH)
    with monitors.start(
        nodes.consul,
        folder,
        {
            **SETTINGS,
            **monitors.apart("reaper"),
            "node_reconnect_timeout": "2s",
            "external_node_meta": {"node-of-reaper": "true"},
        },
    ):
        other = monitors.catalog(nodes.consul, monitors.apart("reaper"))
        reaped = other.node(address="nothing.invalid", **{"external-probe": "true"})
        other.becomes(reaped, "critical", HEALTH)
        until(lambda: not nodes.consul.call("GET", f"/v1/catalog/node/{reaped}"), "the node to go")
        until(lambda: value(nodes.consul, f"esm-reaper/probes/{reaped}") is None, "its key to go")
    assert nodes.consul.call("GET", f"/v1/catalog/node/{name}")


def died_long_ago(nodes: Catalog, name: str, row: dict[str, Any] | None = None) -> None:
    """Leave the time of a death two hours ago, and a row of the catalog with it."""
    died = datetime.now(UTC) - timedelta(hours=2)  # noqa: TID251 - compared with the clock
    key = {
        "Verb": "set",
        "Key": f"esm-nodes/probes/{name}",
        "Value": base64.b64encode(gotime.write(died)).decode(),
    }
    operations: list[dict[str, Any]] = [{"KV": key}]
    if row is not None:
        operations.append({"Check": {"Verb": "set", "Check": row}})
    nodes.consul.call("PUT", "/v1/txn", operations)


def test_a_death_that_another_monitor_has_written(nodes: Catalog) -> None:
    """Counts: consul-esm's time is read, and a node that has been dead for long is taken out."""
    name = f"long-dead-{time.monotonic_ns()}"
    nodes.node(name, address="nothing.invalid")
    row = {
        "Node": name,
        "CheckID": HEALTH,
        "Name": "External Node Status",
        "Status": "critical",
        "Output": "Node not live or unreachable",
    }
    died_long_ago(nodes, name, row)
    nodes.node(name, address="nothing.invalid", **{"external-probe": "true"})
    until(lambda: not nodes.consul.call("GET", f"/v1/catalog/node/{name}"), "the node to go")


def test_a_death_of_another_node_of_that_name(nodes: Catalog) -> None:
    """Does not count: a node that was taken out while dead, and is registered again, is new."""
    name = f"born-again-{time.monotonic_ns()}"
    died_long_ago(nodes, name)
    before = datetime.now(UTC)  # noqa: TID251 - what a monitor writes is compared with the clock
    nodes.node(name, address="nothing.invalid", **{"external-probe": "true"})
    nodes.becomes(name, "critical", HEALTH)
    died = gotime.read(value(nodes.consul, f"esm-nodes/probes/{name}") or b"")
    assert died is not None
    assert died - before > timedelta(seconds=-1)


def test_coordinates(nodes: Catalog) -> None:
    """A node that answers gets a place in the network, so that `consul rtt` knows it."""
    name = probed(nodes)
    nodes.becomes(name, "passing", HEALTH)

    def placed() -> bool:
        found = nodes.consul.call("GET", "/v1/coordinate/nodes")
        return any(one["Node"] == name for one in found)

    until(placed, "the coordinate", 30)


def test_an_echo(consul: Consul, folder: Path) -> None:
    """A node is pinged by ICMP; without the right to, nothing is said of it but in the log."""
    settings = {**SETTINGS, **monitors.apart("echo")}
    catalog = monitors.catalog(consul, settings)
    name = catalog.node(address="127.0.0.1", **{"external-probe": "true"})
    with monitors.start(consul, folder, settings) as running:
        until(
            lambda: catalog.status(name, HEALTH) or "no right to ping" in running.printed(),
            "an echo",
        )
        assert (catalog.status(name, HEALTH) == "passing") is (
            "no right to ping" not in running.printed()
        )


class Powerless:
    """Has no right to send any echo."""

    async def echo(self, _: str) -> float:
        """Refuse."""
        raise Unable(REMEDY)

    async def connect(self, _host: str, _port: int) -> float:
        """Refuse."""
        raise Unable(REMEDY)


def test_no_right_to_ping(consul: Consul) -> None:
    """A node that cannot be pinged is neither alive nor dead."""
    catalog = monitors.Catalog(consul, {"node-of-nobody": "true"})
    name = catalog.node(**{"external-probe": "true"})

    async def pinged() -> Pings:
        async with Client(ConsulConnection(consul.url)) as client:
            rules = Rules("esm-nobody/", 0.1, 1.0, coordinates=True)
            doubt = Doubt(lambda: 0.0, lambda _: None)
            pings = Pings(client, Powerless(), rules, lambda: datetime.now(UTC), doubt)  # noqa: TID251
            pings.follow({name: (Node(name, "127.0.0.1"), None)})
            running = asyncio.create_task(pings.run())
            while pings.unable < 3:  # noqa: ASYNC110 - a count that nobody announces
                await asyncio.sleep(0.01)
            running.cancel()
            return pings

    pings = asyncio.run(pinged())
    assert pings.count == 0
    assert catalog.read(name, HEALTH) == {}
    assert value(consul, f"esm-nobody/probes/{name}") is None


class Silent(Powerless):
    """Hears nothing of anybody."""

    async def echo(self, _: str) -> float:
        """Wait in vain."""
        raise ProbeFailed("no answer")


def test_a_node_that_may_be_anothers(consul: Consul) -> None:
    """Nothing is written of it until our list has been read again."""
    catalog = monitors.Catalog(consul, {"node-of-doubt": "true"})
    name = catalog.node(**{"external-probe": "true"})

    async def story() -> None:
        async with Client(ConsulConnection(consul.url)) as client:
            doubt = Doubt(lambda: 0.0, lambda _: None)
            rules = Rules("esm-doubt/", 0.05, 3600.0, coordinates=False)
            pings = Pings(client, Silent(), rules, lambda: datetime.now(UTC), doubt)  # noqa: TID251
            doubt.arises()
            pings.follow({name: (Node(name, "127.0.0.1"), None)})
            running = asyncio.create_task(pings.run())
            while pings.count < 3:  # noqa: ASYNC110 - a count that nobody announces
                await asyncio.sleep(0.01)
            assert catalog.read(name, HEALTH) == {}
            doubt.settles(doubt.count)
            while not await asyncio.to_thread(catalog.read, name, HEALTH):  # noqa: ASYNC110 - the same
                await asyncio.sleep(0.01)
            running.cancel()

    asyncio.run(asyncio.wait_for(story(), 30))
    assert catalog.status(name, HEALTH) == "critical"
