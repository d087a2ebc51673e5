"""What a real Consul says of transactions that it does not commit."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, TypeVar

import pytest

from lictor import errors
from lictor.consul.aio import checks, nodes, wire
from lictor.consul.aio.client import Client
from lictor.model import ConsulConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from tests.fakes.consul import Consul

T = TypeVar("T")
MINE, THEIRS = "txn-mine", "txn-theirs"
RULES = f"""
node_prefix "" {{ policy = "read" }}
service_prefix "" {{ policy = "read" }}
service "{MINE}" {{ policy = "write" }}
"""


@pytest.fixture
def ask(
    guarded_consul: Consul,
) -> Iterator[Callable[[Callable[[Client], Coroutine[None, None, T]]], T]]:
    """Ask with a token that may write one of two services, each with a check of its own."""
    consul, name = guarded_consul, f"p-{uuid.uuid4()}"
    for service in (MINE, THEIRS):
        consul.call(
            "PUT",
            "/v1/catalog/register",
            {
                "Node": service,
                "Address": "127.0.0.1",
                "Service": {"ID": service, "Service": service},
                "Checks": [
                    {"Node": service, "CheckID": "c", "Name": "c", "ServiceID": service},
                    {"Node": service, "CheckID": "of-node", "Name": "of node"},
                ],
            },
        )
    consul.call("PUT", "/v1/acl/policy", {"Name": name, "Rules": RULES})
    made = consul.call("PUT", "/v1/acl/token", {"Policies": [{"Name": name}]})

    def asked(question: Callable[[Client], Coroutine[None, None, T]]) -> T:
        async def run() -> T:
            connection = ConsulConnection(url=consul.url, token=made["SecretID"])
            async with Client(connection) as client:
                return await question(client)

        return asyncio.run(run())

    yield asked
    for node in (MINE, THEIRS):
        consul.deregister(node)


async def row(client: Client, node: str) -> wire.Row:
    """Read the check of a node's service."""
    found = await checks.current(client, wire.Row(node, "c", ""))
    return next(one for one in found if one.check_id == "c")


async def committed(client: Client, *rows: wire.Row) -> checks.Outcome:
    """Write that these pass."""
    writes = [checks.Write(one, "passing", "fine") for one in rows]
    return await checks.commit(client, checks.encoded(writes))


def test_one_that_is_denied(ask: Callable[..., checks.Outcome]) -> None:
    """Is told by its position; then nothing was written."""

    async def both(client: Client) -> checks.Outcome:
        rows = [await row(client, node) for node in (MINE, THEIRS)]
        outcome = await committed(client, *rows)
        assert (await row(client, MINE)).status == "critical"
        return outcome

    outcome = ask(both)
    assert outcome.bad == {1}
    assert "Permission denied" in outcome.refused[1]


def test_one_that_is_stale(ask: Callable[..., checks.Outcome]) -> None:
    """Is no refusal; a commit tells the new index."""

    async def twice(client: Client) -> checks.Outcome:
        one = await row(client, MINE)
        first = await committed(client, one)
        assert first.indexes == {0: (await row(client, MINE)).modify_index}
        return await committed(client, one)

    outcome = ask(twice)
    assert (outcome.stale, outcome.refused) == ([0], {})


def test_a_service_goes_as_it_is_known(ask: Callable[..., None], guarded_consul: Consul) -> None:
    """On the index of its check, and not where we may not; the node and its check stay."""

    async def gone(client: Client) -> None:
        one = await row(client, MINE)
        await committed(client, one)
        assert not await checks.deregister_service(client, one)
        assert await checks.deregister_service(client, await row(client, MINE))
        with pytest.raises(errors.ConsulDenied, match="service:write"):
            await checks.deregister_service(client, await row(client, THEIRS))

    ask(gone)
    assert guarded_consul.call("GET", f"/v1/catalog/node/{MINE}")["Services"] == {}
    left = guarded_consul.call("GET", f"/v1/health/node/{MINE}")
    assert [check["CheckID"] for check in left] == ["of-node"]


def test_a_denied_node_check(ask: Callable[..., None]) -> None:
    """As pings write it: an error, not somebody else's write."""

    async def write(client: Client) -> None:
        check = {"Node": MINE, "CheckID": "externalNodeHealth", "Name": "n", "Status": "passing"}
        with pytest.raises(errors.ConsulDenied, match="node:write"):
            await nodes.transact(client, [{"Check": {"Verb": "cas", "Check": check}}])

    ask(write)


def test_one_that_is_too_large(ask: Callable[..., None]) -> None:
    """Among others it is to be told by halves; alone it is refused."""

    async def write(client: Client) -> None:
        one = await row(client, MINE)
        outputs = ("fine", "x" * 600_000)
        small, large = checks.encoded([checks.Write(one, "passing", text) for text in outputs])
        assert (await checks.commit(client, [small, large])).divide
        assert "too large" in (await checks.commit(client, [large])).refused[0]

    ask(write)
