"""Many questions watched at once, on real agents that change, die, restart and forbid."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

import pytest

from lictor.consul.watching import Watcher
from lictor.model import ConsulConnection, ConsulService, PreparedQuery
from tests.fakes import consul
from tests.fakes.odd_consul import Blocking, Odd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lictor.consul.watch import Change
    from lictor.model import Source
    from tests.fakes.consul import Consul
    from tests.fakes.odd_consul import OddConsul

PATIENCE = 20.0


class Bell:
    """Takes what rings, for a test to look at in order."""

    def __init__(self) -> None:
        """Begin with nothing rung."""
        self._rung: queue.Queue[Change] = queue.Queue()
        self.watcher: Watcher

    def __call__(self, change: Change) -> None:
        """Ring."""
        self._rung.put(change)

    def next(self, question: str = "") -> Change:
        """Wait for the next one, or the next one of a service or query."""
        while True:
            change = self._rung.get(timeout=PATIENCE)
            if not question or str(change.question).startswith(question):
                return change

    @property
    def silent(self) -> bool:
        """Whether nothing has rung that was not looked at."""
        return self._rung.empty()


@pytest.fixture
def watch() -> Iterator[Callable[..., Bell]]:
    """Return a maker of watchers: a URL, what to follow, and settings; ended after the test."""
    bells: list[Bell] = []

    def make(url: str, *sources: Source, **settings: object) -> Bell:
        bell = Bell()
        token = str(settings.pop("token", ""))
        timeout = float(str(settings.pop("timeout", 2.0)))
        connection = ConsulConnection(url, token=token, timeout=timeout)
        bell.watcher = Watcher(connection, bell, **settings)  # type: ignore[arg-type]
        bell.watcher.follow(sources)
        bells.append(bell)
        return bell

    yield make
    for bell in bells:
        bell.watcher.stop()


def nodes(change: Change) -> list[str]:
    """Name the nodes of an answer."""
    assert change.answer is not None, change.error
    return sorted(found.node for found in change.answer.instances)


def until(holds: Callable[[], object]) -> None:
    """Return once a condition holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def watching() -> list[threading.Thread]:
    """List the threads that watch."""
    return [one for one in threading.enumerate() if one.name.startswith("consul-watch")]


@pytest.mark.parametrize("streaming", [True, False])
def test_every_change_of_a_service(watch: Callable[..., Bell], *, streaming: bool) -> None:
    """Both of Consul's backends ring the bell for each of them."""
    with consul.start({"use_streaming_backend": streaming}) as agent:
        bell = watch(agent.url, ConsulService("web"))
        first = bell.next()
        assert (nodes(first), first.reset) == ([], True)
        agent.register("web", "a", "10.0.0.1")
        assert nodes(bell.next()) == ["a"]
        agent.register("web", "b", "10.0.0.2")
        assert nodes(bell.next()) == ["a", "b"]
        agent.check("web", "a", "critical")
        assert nodes(bell.next()) == ["a", "b"]
        agent.register("web", "b", "10.0.0.2", port=81)
        agent.register("other", "c", "10.0.0.3")
        assert nodes(bell.next()) == ["a", "b"]
        agent.deregister("a")
        assert nodes(bell.next()) == ["b"]
        agent.deregister("b")
        last = bell.next()
        assert (nodes(last), last.reset, last.moved) == ([], False, True)


def test_an_output_rings_nothing(agent: Consul, watch: Callable[..., Bell]) -> None:
    """Only what follows it does."""
    agent.register("w-out", "w-out", "10.0.0.1")
    bell = watch(agent.url, ConsulService("w-out"))
    bell.next()
    index = bell.watcher.snapshot().states[0].index
    for text in ("one", "two"):
        agent.register("w-out", "w-out", "10.0.0.1", output=text)
    until(lambda: bell.watcher.snapshot().states[0].index > index)
    agent.check("w-out", "w-out", "critical")
    change = bell.next()
    assert change.answer is not None
    assert [found.status for found in change.answer.instances] == ["critical"]
    assert bell.silent


def test_flapping_rings_until_the_last_state(agent: Consul, watch: Callable[..., Bell]) -> None:
    """However fast it goes, what was rung last is what holds."""
    agent.register("w-flap", "w-flap", "10.0.0.1")
    bell = watch(agent.url, ConsulService("w-flap"))
    bell.next()
    for status in ["critical", "passing"] * 10 + ["warning"]:
        agent.check("w-flap", "w-flap", status)
    status = ""
    while status != "warning":
        change = bell.next()
        assert change.answer is not None
        (found,) = change.answer.instances
        status = found.status


def test_the_same_question_is_one_watch(odd: OddConsul, watch: Callable[..., Bell]) -> None:
    """However many resources ask it: one bell, and one read each time it rings."""
    rule = Blocking()
    odd.obeys(rule)
    sources = [ConsulService("web", tags=(f"t{number}",)) for number in range(20)]
    bell = watch(odd.url, *sources)
    bell.next()
    until(lambda: any(asked.index == 15 for asked in odd.asked))
    assert [asked.index for asked in odd.asked] == [1, 0, 15]
    assert bell.watcher.snapshot().long_polls == 1


def test_following_others(odd: OddConsul, watch: Callable[..., Bell]) -> None:
    """What is followed no longer is let go in the middle of its poll; what stays goes on."""
    odd.obeys(Blocking())
    stays, goes = ConsulService("stays"), ConsulService("goes")
    bell = watch(odd.url, stays, goes)
    until(lambda: sum(asked.index == 15 for asked in odd.asked) == 2)
    bell.watcher.follow([stays, stays])
    bell.watcher.follow([ConsulService("new"), stays])
    until(lambda: sum(asked.index == 15 for asked in odd.asked) == 3)
    paths = [asked.path for asked in odd.asked if asked.index == 15]
    assert ["stays" in path for path in paths].count(True) == 1
    assert "new" in paths[-1]
    assert [str(state.question) for state in bell.watcher.snapshot().states] == ["new", "stays"]


def test_a_prepared_query_follows_its_service(agent: Consul, watch: Callable[..., Bell]) -> None:
    """It is executed when its service moves, and after a change of its definition by the poll."""
    for name in ("w-q1", "w-q2"):
        agent.register(name, name, "10.0.0.1")
    definition = {"Name": "w-q", "Service": {"Service": "w-q1"}}
    ident = agent.call("POST", "/v1/query", definition)["ID"]
    bell = watch(agent.url, PreparedQuery("w-q"), poll=0.5)
    assert nodes(bell.next()) == ["w-q1"]
    agent.register("w-q1", "w-q1b", "10.0.0.2")
    assert nodes(bell.next()) == ["w-q1", "w-q1b"]
    agent.call("PUT", f"/v1/query/{ident}", {"Name": "w-q", "Service": {"Service": "w-q2"}})
    assert nodes(bell.next()) == ["w-q2"]
    agent.register("w-q2", "w-q2b", "10.0.0.2")
    assert nodes(bell.next()) == ["w-q2", "w-q2b"]


def test_more_questions_than_long_polls(agent: Consul, watch: Callable[..., Bell]) -> None:
    """All are answered, all changes are seen, and no more calls are under way than allowed."""
    names = [f"w-many-{number}" for number in range(12)]
    bell = watch(agent.url, *(ConsulService(name) for name in names), cap=4, turn=0.05)
    assert {str(bell.next().question) for _ in names} == set(names)
    snapshot = bell.watcher.snapshot()
    assert (len(snapshot.states), snapshot.long_polls, snapshot.in_turn) == (12, 3, 9)
    assert len(watching()) == 4
    for name in reversed(names):
        agent.register(name, name, "10.0.0.1")
        assert nodes(bell.next(name)) == [name]


def test_the_cap_is_kept(odd: OddConsul, watch: Callable[..., Bell]) -> None:
    """Counted where the calls arrive."""
    under_way, most, lock, block = 0, 0, threading.Lock(), Blocking()

    def count(asked: object) -> Odd:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        try:
            return block(asked)  # type: ignore[arg-type]
        finally:
            with lock:
                under_way -= 1

    odd.obeys(count)
    sources = [ConsulService(f"s{number}") for number in range(30)]
    bell = watch(odd.url, *sources, cap=5, turn=0.02)
    rung = {str(bell.next().question) for _ in sources}
    assert len(rung) == 30
    in_turn = [state.question for state in bell.watcher.snapshot().states]
    until(lambda: len({asked.path for asked in odd.asked if asked.index == 15}) == len(in_turn))
    assert most <= 5


def test_a_restart_is_a_reset(watch: Callable[..., Bell]) -> None:
    """The agent dies and comes back knowing less: told as failing, then as a reset."""
    with consul.mortal() as mortal:
        mortal.consul.register("web", "a", "10.0.0.1")
        bell = watch(mortal.consul.url, ConsulService("web"))
        assert nodes(bell.next()) == ["a"]
        mortal.kill()
        change = bell.next()
        assert change.answer is None
        assert "cannot be reached" in change.error
        mortal.revive()
        change = bell.next()
        while change.answer is None:
            change = bell.next()
        assert change.reset
        mortal.consul.register("web", "b", "10.0.0.2")
        until(lambda: "b" in nodes(bell.next()))


def test_a_partition_is_told_and_ends(watch: Callable[..., Bell]) -> None:
    """An agent that takes calls and answers none is noticed when a wait is over."""
    with consul.mortal() as mortal:
        bell = watch(mortal.consul.url, ConsulService("web"), wait=0.5, timeout=0.5)
        bell.next()
        mortal.freeze()
        change = bell.next()
        assert "did not answer in time" in change.error
        mortal.thaw()
        change = bell.next()
        assert (change.error, change.reset) == ("", True)


def test_one_that_may_not_be_seen_stops_no_other(
    acl_agent: Consul, watch: Callable[..., Bell]
) -> None:
    """Each question has a state of its own; a right that is given ends the trouble."""
    for name in ("w-yes", "w-no"):
        acl_agent.register(name, name, "10.0.0.1")
    rules = 'service "w-yes" {policy="read"} node_prefix "" {policy="read"}'
    policy = {"Name": "w-watch", "Rules": rules}
    ident = acl_agent.call("PUT", "/v1/acl/policy", policy)["ID"]
    token = acl_agent.call("PUT", "/v1/acl/token", {"Policies": [{"ID": ident}]})["SecretID"]
    bell = watch(acl_agent.url, ConsulService("w-yes"), ConsulService("w-no"), token=token)
    assert nodes(bell.next("w-yes")) == ["w-yes"]
    change = bell.next("w-no")
    assert "left out results" in change.error
    assert token not in change.error
    acl_agent.register("w-yes", "w-more", "10.0.0.2")
    assert nodes(bell.next("w-yes")) == ["w-more", "w-yes"]
    errors = [bool(state.error) for state in bell.watcher.snapshot().states]
    assert errors == [False, True]
    more = {**policy, "Rules": rules.replace('"w-yes"', '"w-no"')}
    acl_agent.call("PUT", f"/v1/acl/policy/{ident}", more)
    change = bell.next("w-no")
    assert (nodes(change), change.reset) == (["w-no"], True)


def test_who_listens_cannot_break_it(agent: Consul, caplog: pytest.LogCaptureFixture) -> None:
    """A ring that raises is logged, and the next change rings all the same."""
    bell = Bell()

    def ring(change: Change) -> None:
        bell(change)
        raise ValueError("no")

    watcher = Watcher(ConsulConnection(agent.url), ring)
    watcher.follow([ConsulService("w-raise")])
    bell.next()
    agent.register("w-raise", "w-raise", "10.0.0.1")
    assert nodes(bell.next()) == ["w-raise"]
    watcher.stop()
    assert "ring for w-raise" in caplog.text


def test_a_fault_of_ours_is_a_failure(agent: Consul, watch: Callable[..., Bell]) -> None:
    """A watch that died without a word would freeze its groups."""

    def view(_: object) -> object:
        raise KeyError("x")

    bell = watch(agent.url, ConsulService("w-fault"), view=view)
    assert bell.next().error == "w-fault: KeyError: 'x'"


def test_what_counts_is_the_callers_choice(agent: Consul, watch: Callable[..., Bell]) -> None:
    """A change outside of the view rings nothing."""
    agent.register("w-view", "w-view", "10.0.0.1")
    bell = watch(agent.url, ConsulService("w-view"), view=lambda answer: len(answer.instances))
    bell.next()
    agent.check("w-view", "w-view", "critical")
    agent.register("w-view", "w-view-2", "10.0.0.2")
    assert nodes(bell.next()) == ["w-view", "w-view-2"]


@pytest.mark.parametrize("count", [3, 30])
def test_stopping_does_not_wait(agent: Consul, watch: Callable[..., Bell], count: int) -> None:
    """In the middle of long polls: within a second, and no thread is left behind."""
    sources = [ConsulService(f"w-stop-{number}") for number in range(count)]
    bell = watch(agent.url, *sources, cap=10, wait=600.0)
    for _ in sources:
        bell.next()
    begin = time.monotonic()
    bell.watcher.stop()
    assert time.monotonic() - begin < 5.0
    until(lambda: not watching())
    bell.watcher.follow(sources)
    assert watching() == []


def test_stopping_from_within(agent: Consul) -> None:
    """Whoever listens may stop it."""
    stopped = threading.Event()

    def ring(_: Change) -> None:
        watcher.stop()
        stopped.set()

    watcher = Watcher(ConsulConnection(agent.url), ring)
    watcher.follow([ConsulService("w-within")])
    assert stopped.wait(PATIENCE)
