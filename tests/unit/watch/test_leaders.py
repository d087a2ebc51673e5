"""Whose leaders are watched, and whom a new one concerns."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from lictor.model import ConsulConnection
from lictor.resources.run import Led
from lictor.watch.inbox import Changed, Inbox
from lictor.watch.leaders import Leaders
from tests.fakes import odd_consul
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.odd_consul import OddConsul

DEADLINE = 20.0


@pytest.fixture
def consul() -> Iterator[OddConsul]:
    """Run a server that says who leads."""
    with odd_consul.start() as running:
        leads(running, "10.0.0.1:8300")
        yield running


@pytest.fixture
def leaders() -> Iterator[Leaders]:
    """Make what is tested, and end its threads."""
    made = Leaders(Inbox())
    yield made
    made.follow({})


def leads(consul: OddConsul, leader: str) -> None:
    """Have somebody lead."""
    consul.answers(Odd(body=json.dumps(leader).encode()))


def heard(leaders: Leaders) -> Changed:
    """Wait for a word."""
    word = leaders.inbox.get(DEADLINE)
    assert isinstance(word, Changed)
    return word


def test_a_new_leader_concerns_those_that_follow_it(consul: OddConsul, leaders: Leaders) -> None:
    """Who is known is not told; a watch is shared, and ends with the last that needs it."""
    connection = ConsulConnection(consul.url)
    led = Led(connection, "dc2", "10.0.0.1:8300")
    leaders.follow({"one": led, "two": led, "other": Led(connection, "", "10.0.0.1:8300")})
    assert leaders.watched() == (2, [])
    leads(consul, "10.0.0.2:8300")
    words = sorted((heard(leaders) for _ in range(2)), key=lambda word: word.reason)
    assert [word.reason for word in words] == [
        "the leader is 10.0.0.2:8300",
        "the leader of dc2 is 10.0.0.2:8300",
    ]
    assert [word.urns for word in words] == [frozenset({"other"}), frozenset({"one", "two"})]
    leaders.follow({}, also=["two"])
    assert leaders.watched() == (1, [])
    leads(consul, "10.0.0.3:8300")
    assert heard(leaders).urns == frozenset({"two"})
    leaders.follow({})
    assert leaders.watched() == (0, [])


def test_nobody_says_who_leads(consul: OddConsul, leaders: Leaders) -> None:
    """That is shown."""
    consul.answers(Odd(status=500, body=b"rpc error"))
    leaders.follow({"one": Led(ConsulConnection(consul.url), "dc2")})
    end = time.monotonic() + DEADLINE
    while not (failing := leaders.watched()[1]):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert failing[0].question == "the leader of dc2"
    assert "rpc error" in failing[0].text
