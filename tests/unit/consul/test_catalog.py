"""Nodes of the catalog on a real agent: what is written is read again, all of it or nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.consul import catalog, records
from lictor.model import (
    CatalogCheck,
    CatalogNode,
    CatalogService,
    Definition,
    Drop,
    Entry,
    Put,
)
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.client import Client
    from tests.fakes.consul import Consul
    from tests.fakes.odd_consul import OddConsul

WHOLE = Definition(
    http="https://x/health",
    method="HEAD",
    header={"X-A": ("1", "2")},
    body="b",
    tcp="x:1",
    tcp_use_tls=True,
    grpc="x:3/y",
    grpc_use_tls=True,
    tls_server_name="n",
    tls_skip_verify=True,
    interval=90.0,
    timeout=2.5,
    deregister_critical_service_after=259200.0,
)
SURE = {"X-Consul-Effective-Consistency": "consistent"}


def entry(name: str) -> Entry:
    """Make a node with everything that can be said."""
    return Entry(
        CatalogNode(name, "db.example.com", {"external-node": "true"}),
        {"w": CatalogService("w", "web", "10.0.0.1", 443, ("a", "b"), {"k": "v"})},
        {
            "c": CatalogCheck("c", "http", "w", "why", WHOLE),
            "d": CatalogCheck("d", "node", definition=Definition(tcp="x:1")),
        },
    )


def puts(made: Entry) -> tuple[Put, ...]:
    """Write all of it where nothing stands."""
    return tuple(Put(part, 0) for part in made.parts().values())


def test_what_is_written_is_read(agent: Consul, make_client: Callable[..., Client]) -> None:
    """Every field; indexes come back in order; a node that is not there is none."""
    client, made = make_client(agent.url), entry("all of it/äöü")
    assert catalog.read(client, made.node.name) is None
    indexes = catalog.write(client, made, puts(made), "dc1")
    found = catalog.read(client, made.node.name, "dc1")
    assert found == made
    assert [part.index for part in found.parts().values()] == list(indexes)
    assert {check.status for check in found.checks.values()} == {"critical"}


def test_indexes_of_what_is_set_beside_what_goes(
    agent: Consul, make_client: Callable[..., Client]
) -> None:
    """Only what is set has one."""
    client, made = make_client(agent.url), entry("mixed")
    catalog.write(client, made, puts(made))
    there = catalog.read(client, "mixed")
    assert there is not None
    node, gone = replace(there.node, address="other"), there.checks["d"]
    operations = (Drop(gone, gone.index), Put(node, there.node.index))
    (index,) = catalog.write(client, made, operations)
    after = catalog.read(client, "mixed")
    assert after is not None
    assert (after.node.index, after.node.address) == (index, "other")
    assert set(after.checks) == {"c"}


@pytest.mark.parametrize("key", ["node", "service:w", "check:c"])
@pytest.mark.parametrize("kind", [Put, Drop])
def test_all_or_nothing(
    agent: Consul, make_client: Callable[..., Client], key: str, kind: type[Put | Drop]
) -> None:
    """One part that has moved on, and nothing is done."""
    client, made = make_client(agent.url), entry(f"{key}-{kind.__name__}")
    catalog.write(client, made, puts(made))
    there = catalog.read(client, made.node.name)
    assert there is not None
    fresh = CatalogCheck("new", "new", definition=Definition(tcp="x:9"))
    stale = kind(there.parts()[key], 1)
    with pytest.raises(errors.CatalogConflict, match="index is stale"):
        catalog.write(client, made, (Put(fresh, 0), stale))
    after = catalog.read(client, made.node.name)
    assert after == there
    assert [p.index for p in after.parts().values()] == [p.index for p in there.parts().values()]


def test_what_consul_does_not_take(agent: Consul, make_client: Callable[..., Client]) -> None:
    """In its own words; a datacenter that there is not; a token without rights."""
    client, made = make_client(agent.url), entry("refused")
    lost = Put(CatalogService("s", "s", meta={"k" * 200: "v"}), 0)
    with pytest.raises(errors.ConsulError, match="does not take the node: "):
        catalog.write(client, made, (Put(made.node, 0), lost))
    assert catalog.read(client, "refused") is None
    with pytest.raises(errors.ConsulError, match="No path to datacenter"):
        catalog.read(client, "refused", "mars")


def test_a_token_that_may_not(acl_agent: Consul, make_client: Callable[..., Client]) -> None:
    """The right that is missing is named, for reads and for writes."""
    made = entry("denied")
    with pytest.raises(errors.ConsulDenied, match="node:write on the node, and service:write"):
        catalog.write(make_client(acl_agent.url), made, puts(made))
    with pytest.raises(errors.ConsulDenied, match="node:read on the node"):
        catalog.read(make_client(acl_agent.url), "denied")


def test_answers_that_are_none(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """Broken ones, and those that may be wrong."""
    client = make_client(odd.url)
    odd.answers(Odd(headers=SURE), Odd(body=b"<html>", headers=SURE))
    with pytest.raises(errors.ConsulNotReady, match="is there a proxy in between"):
        catalog.read(client, "x")
    odd.answers(Odd(headers={**SURE, "X-Consul-Results-Filtered-By-ACLs": "true"}))
    with pytest.raises(errors.ConsulDenied, match="left out results"):
        catalog.read(client, "x")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 0), ("10s", 10), ("1m30s", 90), ("2.5s", 2.5), ("72h0m0s", 259200), ("150ms", 0.15)],
)
def test_durations_as_go_writes_them(text: str, seconds: float) -> None:
    """Of several units."""
    assert records.seconds(text) == pytest.approx(seconds)
