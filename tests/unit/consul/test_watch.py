"""One question, watched turn by turn against answers that a real Consul does not give on demand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lictor.consul import questions
from lictor.consul.client import Client, Patience
from lictor.consul.watch import Change, Watch
from lictor.model import ConsulConnection, ConsulService, PreparedQuery, Source
from tests.fakes.odd_consul import Asked, Blocking, Odd

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.odd_consul import OddConsul

WEB = ConsulService("web")
SHORT = 0.02


def instance(node: str, status: str = "passing", output: str = "") -> dict[str, Any]:
    """Say what Consul says of an instance."""
    return {
        "Node": {"Node": node, "Address": "10.0.0.1", "Datacenter": "dc1"},
        "Service": {"ID": "web", "Service": "web", "Port": 80},
        "Checks": [{"CheckID": "c", "ServiceID": "web", "Status": status, "Output": output}],
    }


def body(*instances: dict[str, Any]) -> bytes:
    """Say it in bytes."""
    return json.dumps(instances).encode()


class Clock:
    """A clock that a test sets."""

    now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


class Watched:
    """A watch with a server of its own, driven by hand."""

    def __init__(self, odd: OddConsul, question: Source = WEB, age: float | None = None) -> None:
        """Begin with one instance."""
        self.rule = Blocking(body(instance("a")))
        odd.obeys(self.rule)
        self.odd = odd
        self.clock = Clock()
        self.watch = Watch(question, age=age, view=questions.whole, clock=self.clock)
        self._client = Client(ConsulConnection(odd.url, timeout=5.0), Patience(()))

    def turn(self) -> Change | None:
        """Take a turn, with a wait that is soon over."""
        self.watch.begin()
        return self.watch.turn(self._client, SHORT)

    def begun(self) -> Watched:
        """Take the first turn, and forget what was asked."""
        assert self.turn() is not None
        self.odd.asked.clear()
        return self

    @property
    def asked(self) -> list[int]:
        """The index of each request since; 0 for a plain read."""
        return [asked.index for asked in self.odd.asked]


@pytest.fixture
def watched(odd: OddConsul) -> Watched:
    """Return a watch that has not begun."""
    return Watched(odd)


def test_the_first_answer_is_a_reset(watched: Watched) -> None:
    """The index is taken before the read, so that nothing lies between them."""
    change = watched.turn()
    assert change is not None
    assert (change.moved, change.reset, change.error) == (True, True, "")
    assert change.answer is not None
    assert [found.node for found in change.answer.instances] == ["a"]
    assert watched.asked == [1, 0]
    assert watched.watch.state.index == 15


def test_no_news_is_no_read(watched: Watched) -> None:
    """A wait that is over costs the bell and nothing else."""
    watched.begun()
    assert watched.turn() is None
    assert watched.asked == [15]


def test_the_bell_brings_no_body(watched: Watched) -> None:
    """A filter that nothing passes keeps it small; the read has none."""
    watched.begun()
    watched.rule.says(body(instance("b")), 16)
    watched.turn()
    bell, read = watched.odd.asked
    assert "filter=" in bell.path
    assert "filter=" not in read.path


def test_a_change_is_one_read(watched: Watched) -> None:
    """It rings as moved and not as a reset."""
    watched.begun()
    watched.rule.says(body(instance("a"), instance("b")), 16)
    change = watched.turn()
    assert change is not None
    assert (change.moved, change.reset) == (True, False)
    assert watched.asked == [15, 0]
    assert watched.turn() is None
    assert watched.asked == [15, 0, 16]


@pytest.mark.parametrize(
    "same",
    [body(instance("a", output="other")), body(instance("a"))],
    ids=["output", "index alone"],
)
def test_what_lictor_does_not_see_rings_nothing(watched: Watched, same: bytes) -> None:
    """The index moved, and the answer is the same to us; it is looked at once more, later."""
    watched.begun()
    watched.rule.says(same, 16)
    doubts = []
    for _ in range(3):
        assert watched.turn() is None
        doubts.append(watched.watch.state.doubt)
    assert doubts == [True, False, False]
    assert watched.asked == [15, 0, 16, 0, 16]


def test_a_read_that_came_too_early_is_made_good(watched: Watched) -> None:
    """The bell was faster than what the leader answers: the second look finds the change."""
    watched.begun()
    watched.rule.says(body(instance("a")), 16)
    assert watched.turn() is None
    watched.rule.says(body(instance("b")), 16)
    change = watched.turn()
    assert change is not None
    assert change.moved


def test_order_means_nothing(watched: Watched) -> None:
    """An answer in another order is the same."""
    watched.rule.says(body(instance("a"), instance("b")), 15)
    watched.begun()
    watched.rule.says(body(instance("b"), instance("a")), 16)
    assert watched.turn() is None


def test_an_index_that_fell_is_a_reset(watched: Watched) -> None:
    """Consul began anew: ask from the beginning, and say so even where nothing changed."""
    watched.begun()
    watched.rule.says(body(instance("a")), 3)
    change = watched.turn()
    assert change is not None
    assert (change.moved, change.reset) == (False, True)
    assert watched.asked == [15, 1, 0]
    assert watched.watch.state.index == 3


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Odd(status=429, body=b"Your IP is issuing too many"), "limits its requests"),
        (Odd(status=500, body=b"rpc error"), "answered 500: rpc error"),
        (Odd(status=503, body=b"x"), "answered 503"),
        (Odd(status=403, body=b"ACL not found"), "refuses the anonymous token"),
        (Odd(reset=True), "cannot be reached"),
    ],
    ids=["429", "500", "503", "403", "reset"],
)
def test_a_failure_is_told_at_the_second_time(watched: Watched, fault: Odd, text: str) -> None:
    """Once is nothing to speak of; what goes on is told once, and its end with a reset."""
    watched.begun()
    watched.rule.fails(fault)
    assert watched.turn() is None
    change = watched.turn()
    assert change is not None
    assert change.answer is None
    assert change.error.startswith("service web: Consul at http")
    assert text in change.error
    assert "\n" not in change.error
    assert watched.turn() is None
    assert watched.watch.state.failures == 3
    watched.rule.fails(None)
    change = watched.turn()
    assert change is not None
    assert (change.moved, change.reset, change.error) == (False, True, "")
    assert watched.watch.state.failures == 0


def test_one_failure_is_a_reset_all_the_same(watched: Watched) -> None:
    """Nobody knows what happened while the connection was away."""
    watched.begun()
    watched.rule.fails(Odd(reset=True))
    assert watched.turn() is None
    watched.rule.fails(None)
    change = watched.turn()
    assert change is not None
    assert change.reset


def test_a_bell_without_a_leader_is_heard(watched: Watched) -> None:
    """Consul's streaming backend never names a leader; the plain read must."""
    watched.begun()
    heard: list[int] = []

    def streaming(asked: Asked) -> Odd:
        heard.append(asked.index)
        known = "false" if asked.index or len(heard) > 2 else "true"
        headers = {"X-Consul-KnownLeader": known, "X-Consul-Index": str(15 + len(heard))}
        return Odd(body=body(instance("b")), headers=headers)

    watched.odd.obeys(streaming)
    change = watched.turn()
    assert change is not None
    assert change.moved
    assert watched.turn() is None
    change = watched.turn()
    assert change is not None
    assert "has no leader" in change.error


def test_a_broken_body_is_no_answer(watched: Watched) -> None:
    """The bell rang, and what was read then cannot be read."""
    watched.begun()
    watched.rule.says(b"<html>", 16)
    assert watched.turn() is None
    change = watched.turn()
    assert change is not None
    assert "cannot be read" in change.error


def test_an_old_answer_is_asked_for_again(odd: OddConsul) -> None:
    """Whatever the bell should miss is seen in the end."""
    watched = Watched(odd, age=60.0).begun()
    watched.clock.now += 50.0
    watched.turn()
    assert watched.asked == [15]
    watched.clock.now += 10.0
    assert watched.turn() is None
    assert watched.asked == [15, 15, 0]


def test_a_bell_that_does_not_block_is_slowed_down(watched: Watched) -> None:
    """A proxy that forgets to wait, or an index that runs, cannot make a busy loop."""
    watched.begun()
    watched.rule.deaf = True
    pauses = []
    for _ in range(30):
        watched.turn()
        pauses.append(watched.watch.pause(2.0))
    assert pauses[:20] == [0.0] * 20
    assert pauses[-1] >= 4.0


def test_a_failing_watch_backs_off(watched: Watched) -> None:
    """Longer each time, up to fifteen seconds."""
    watched.rule.fails(Odd(status=500))
    pauses = []
    for _ in range(12):
        watched.turn()
        pauses.append(watched.watch.pause(2.0))
    assert pauses[0] <= 0.3
    assert 5.0 <= pauses[-1] <= 15.0


def test_a_turn_that_was_broken_off_is_no_failure(watched: Watched) -> None:
    """Nobody wanted its answer; the next turn goes on where it was."""
    watched.begun()
    watched.watch.begin()
    watched.watch.line.break_off()
    client = Client(ConsulConnection(watched.odd.url), Patience(()))
    assert watched.watch.turn(client, 60.0) is None
    assert watched.watch.state.failures == 0
    assert watched.turn() is None
    assert watched.asked[-1] == 15


class Query:
    """A prepared query of which a test says what it finds where."""

    def __init__(self) -> None:
        """Begin with the service `web`."""
        self.service = "web"
        self.nodes = [instance("a")]

    def __call__(self, asked: Asked) -> Odd:
        """Answer the query; a bell always rings."""
        if "/query/" not in asked.path:
            return Odd(headers={"X-Consul-Index": str(asked.index + 1)})
        found = {"Service": self.service, "Nodes": self.nodes, "Datacenter": "dc1"}
        return Odd(body=json.dumps(found).encode())


def test_a_prepared_query_is_executed_when_its_service_moves(odd: OddConsul) -> None:
    """The bell is that of the service that the answer names, in the datacenter that answered."""
    watched, query = Watched(odd, PreparedQuery("q"), age=30.0), Query()
    odd.obeys(query)
    change = watched.turn()
    assert change is not None
    assert change.reset
    query.nodes = [instance("b")]
    odd.asked.clear()
    change = watched.turn()
    assert change is not None
    assert (change.moved, change.reset) == (True, False)
    bell, execution = (asked.path for asked in odd.asked)
    assert bell.startswith("/v1/health/service/web?dc=dc1&filter=")
    assert execution.startswith("/v1/query/q/execute")


def test_a_prepared_query_that_names_another_service(odd: OddConsul) -> None:
    """Its definition was changed: from then on the other service is what rings."""
    watched, query = Watched(odd, PreparedQuery("q"), age=30.0), Query()
    odd.obeys(query)
    watched.turn()
    query.service = "api"
    assert watched.turn() is None
    odd.asked.clear()
    assert watched.turn() is None
    bells = [asked.path for asked in odd.asked if "/health/" in asked.path]
    assert bells
    assert all(path.startswith("/v1/health/service/api?") for path in bells)


def test_a_prepared_query_is_polled(odd: OddConsul) -> None:
    """A bell that is silent is not waited for longer than the poll is due."""
    watched, query = Watched(odd, PreparedQuery("q"), age=0.05), Query()
    odd.obeys(query)
    watched.begun()

    def silent(asked: Asked) -> Odd:
        if "/query/" in asked.path:
            return query(asked)
        assert "wait=50ms" in asked.path
        return Odd(headers={"X-Consul-Index": str(asked.index)})

    odd.obeys(silent)
    watched.clock.now += 0.05
    watched.watch.begin()
    client = Client(ConsulConnection(odd.url), Patience(()))
    query.nodes = []
    change = watched.watch.turn(client, 60.0)
    assert change is not None
    assert change.moved


def test_questions_are_asked_once() -> None:
    """What is looked at only after the answer came makes no other question."""
    sources: list[Source] = [
        ConsulService("web", tags=("a",), datacenters=("dc1", "dc2")),
        ConsulService("web", exclude_tags=("b",), require_service_check=True),
        ConsulService("web", filter="x"),
        PreparedQuery("q"),
        PreparedQuery("q", datacenter="dc1"),
        PreparedQuery("q", allow_failover=True),
    ]
    connection = ConsulConnection(datacenter="dc1")
    assert questions.of(sources, connection) == (
        PreparedQuery("q", datacenter="dc1"),
        PreparedQuery("q", datacenter="dc1", allow_failover=True),
        ConsulService("web", datacenters=("dc1",)),
        ConsulService("web", datacenters=("dc2",)),
        ConsulService("web", datacenters=("dc1",), filter="x"),
    )


def test_names_that_no_path_can_carry(odd: OddConsul) -> None:
    """The bell says so as the read does, without asking for something else."""
    watched: Callable[[], Change | None] = Watched(odd, ConsulService("..")).turn
    assert watched() is None
    change = watched()
    assert change is not None
    assert "cannot be asked for a service of that name" in change.error
    assert odd.asked == []
