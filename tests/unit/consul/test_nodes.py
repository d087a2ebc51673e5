"""Where the nodes of a datacenter are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.consul import nodes
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.client import Client
    from tests.fakes.consul import Consul
    from tests.fakes.odd_consul import OddConsul


def test_the_nodes_of_a_datacenter(agent: Consul, make_client: Callable[..., Client]) -> None:
    """All of them, whatever runs there; an empty name is the agent's own datacenter."""
    agent.register("web", "nodes-1", "10.20.0.1")
    agent.register("api", "nodes-2", "10.20.0.2", status="critical")
    client = make_client(agent.url)
    assert {"10.20.0.1", "10.20.0.2", "127.0.0.1"} <= set(nodes.addresses(client, "dc1"))
    assert nodes.addresses(client, "") == nodes.addresses(client, "dc1")


def test_an_unknown_datacenter(agent: Consul, make_client: Callable[..., Client]) -> None:
    """It is an error, as for a service."""
    with pytest.raises(errors.ConsulError, match="No path to datacenter"):
        nodes.addresses(make_client(agent.url), "dc9")


def test_the_partition_is_the_connections(
    odd: OddConsul, make_client: Callable[..., Client]
) -> None:
    """Nodes belong to a partition, and to no namespace."""
    odd.answers(Odd(body=b'[{"Node": "n1", "Address": "10.0.0.1"}]'))
    client = make_client(odd.url, partition="p", namespace="n")
    assert nodes.addresses(client, "dc1") == ("10.0.0.1",)
    assert [asked.path for asked in odd.asked] == ["/v1/catalog/nodes?dc=dc1&partition=p"]
