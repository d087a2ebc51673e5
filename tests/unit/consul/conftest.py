"""Agents and the odd server for the tests of this folder, started once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from lictor.consul.client import Client, Patience
from lictor.model import ConsulConnection
from tests.fakes import odd_consul

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.consul import Consul

SOON = Patience(pauses=(0.01, 0.02), unreachable=1.0)
"""As patient as the real one, with pauses that no test notices."""


@pytest.fixture(scope="session")
def agent(consul: Consul) -> Consul:
    """Hand out the agent without ACLs."""
    return consul


@pytest.fixture(scope="session")
def acl_agent(guarded_consul: Consul) -> Consul:
    """Hand out the agent that denies by default."""
    return guarded_consul


@pytest.fixture(scope="session")
def odd_server() -> Iterator[odd_consul.OddConsul]:
    """Run the odd server."""
    with odd_consul.start() as running:
        yield running


@pytest.fixture
def odd(odd_server: odd_consul.OddConsul) -> odd_consul.OddConsul:
    """Hand out the odd server with good answers."""
    odd_server.answers(odd_consul.Odd())
    return odd_server


@pytest.fixture
def make_client() -> Callable[..., Client]:
    """Return a maker of clients: a URL, and settings of the connection."""

    def make(url: str, *, patience: Patience = SOON, **settings: object) -> Client:
        connection = ConsulConnection(url=url, timeout=5.0)
        return Client(dataclasses.replace(connection, **settings), patience)  # type: ignore[arg-type]

    return make
