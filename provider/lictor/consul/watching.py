"""Watches a changing set of questions, and rings when one of the answers changes.

Threads, one for each question up to the cap, because every call of this room blocks; they take
turns from the rota, and between two turns none of them holds a connection or a question.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor.consul import questions
from lictor.consul.client import Client, Patience
from lictor.consul.rota import Rota
from lictor.consul.watch import Change, State, Watch
from lictor.model import PreparedQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lictor.consul.rota import Turn
    from lictor.model import Answer, ConsulConnection, Source

_LOG = logging.getLogger(__name__)
_IMPATIENT = Patience(pauses=())

WAIT = 50.0
"""Seconds of a long poll. With Consul's spread it stays below the 60 s after which AWS's load
balancers, and most proxies, give up on a connection that is silent."""

TURN = 2.0
"""Seconds of a poll of those that are asked in turn."""

_IN_TURN = 16  # one connection of so many is for those that are asked in turn
_READS = 32.0
_FASTEST = 2.0
_END = 1.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a watcher watches, and how that does.

    Attributes:
        states: Of every question, with what is known of it.
        long_polls: How many have a long poll of their own.
        in_turn: How many are asked in turn, because there are more than `cap`.
        now: The time, by the clock that the states' times are of.
    """

    states: tuple[State, ...]
    long_polls: int
    in_turn: int
    now: float


class Watcher:
    """Rings for every question whose answer changes, fails, or comes back.

    Args:
        connection: Which Consul is asked, and as whom.
        ring: Told of every change, from many threads, for one question one after the other. It
            shall return at once. A change of a question that is followed no longer may come for a
            moment.
        cap: How many long polls there are at once. Consul allows a client 200 connections.
        poll: A prepared query is executed again after so many seconds, though nothing rang: what
            it names may have been defined anew, or fail over.
        wait: Seconds of a long poll.
        turn: Seconds of a poll of those that are asked in turn.
        view: What of an answer counts: a change that leaves it equal does not ring. It is given
            the answer to a question of `questions.of`, with all instances in all states.
        clock: Seconds that never go back.
    """

    def __init__(  # noqa: PLR0913 - each a number that a setting or a test may want otherwise
        self,
        connection: ConsulConnection,
        ring: Callable[[Change], None],
        *,
        cap: int = 128,
        poll: float = 30.0,
        wait: float = WAIT,
        turn: float = TURN,
        view: Callable[[Answer], object] = questions.whole,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._client = Client(connection, _IMPATIENT, kept=cap)
        self._ring = ring
        self._cap = cap
        self._poll = poll
        self._waits = {True: wait, False: turn}
        self._view = view
        self._clock = clock
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._rota: Rota[Source] = Rota(cap, max(1, cap // _IN_TURN))
        self._watches: dict[Source, Watch] = {}
        self._under_way: dict[Source, Watch] = {}
        self._threads: list[threading.Thread] = []
        self._awaited = float("inf")  # the time that one of the idle threads waits for
        self._stopped = False

    def follow(self, sources: Sequence[Source]) -> None:
        """Watch what these sources ask, and nothing else; what is watched already goes on."""
        asked = questions.of(sources, self._connection)
        with self._lock:
            if self._stopped:
                return
            self._watches = {
                question: self._watches.get(question) or self._watch(question) for question in asked
            }
            for question in self._rota.replace(asked):
                self._under_way[question].line.break_off()
            for number in range(len(self._threads), min(self._cap, len(asked))):
                name = f"consul-watch-{number}"
                thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()

    def stop(self) -> None:
        """End all watches; within a second, even where a call cannot be broken off."""
        with self._lock:
            self._stopped = True
            for watch in self._under_way.values():
                watch.line.break_off()
            self._changed.notify_all()
        end = time.monotonic() + _END
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, end - time.monotonic()))

    def snapshot(self) -> Snapshot:
        """Tell how everything does, in the order of `questions.of`."""
        with self._lock:
            states = tuple(watch.state for watch in self._watches.values())
            seated = sum(1 for question in self._watches if self._rota.seated(question))
        return Snapshot(states, seated, len(states) - seated, self._clock())

    def _watch(self, question: Source) -> Watch:
        """Make the watch of a question."""
        age = self._poll if isinstance(question, PreparedQuery) else None
        return Watch(question, age=age, view=self._view, clock=self._clock)

    def _work(self) -> None:
        """Take one turn after the other until the watcher is stopped."""
        while (taken := self._next()) is not None:
            turn, watch = taken
            try:
                change = watch.turn(self._client, self._waits[turn.seated])
            except Exception as error:  # noqa: BLE001 - a watch that died would freeze its groups
                _LOG.warning("watch of %s", turn.key, exc_info=True)
                change = watch.failed(f"{turn.key}: {type(error).__name__}: {error}")
            self._give_back(turn, watch, change)

    def _next(self) -> tuple[Turn[Source], Watch] | None:
        """Wait for a turn; None once the watcher is stopped.

        Of the threads that have nothing to do one waits for the time of the next turn, so that
        they do not all wake up for it.
        """
        with self._lock:
            while not self._stopped:
                turn = self._rota.take(self._clock())
                if turn is not None:
                    watch = self._under_way[turn.key] = self._watches[turn.key]
                    watch.begin()
                    self._changed.notify()
                    return turn, watch
                due = self._rota.due()
                if due < self._awaited:
                    self._awaited = due
                    self._changed.wait(max(0.0, due - self._clock()))
                    self._awaited = float("inf")
                else:
                    self._changed.wait()
            return None

    def _give_back(self, turn: Turn[Source], watch: Watch, change: Change | None) -> None:
        """Ring if there is reason to, and let the question wait for its next turn."""
        if change is not None and not self._ended(watch):
            try:
                self._ring(change)
            except Exception:  # noqa: BLE001 - a fault of whoever listens shall not end the watch
                _LOG.warning("ring for %s", turn.key, exc_info=True)
        news = change is not None and change.moved and not change.reset
        with self._lock:
            rate = min(_FASTEST, _READS / min(len(self._watches) or 1, self._cap))
            ready = self._clock() + (0.0 if watch.line.broken else watch.pause(rate))
            del self._under_way[turn.key]
            loser = self._rota.give_back(turn.key, ready, news=news)
            if loser is not None:
                self._under_way[loser].line.break_off()
            self._changed.notify()

    def _ended(self, watch: Watch) -> bool:
        """Whether nobody wants to hear of a watch any more."""
        with self._lock:
            return self._stopped or self._watches.get(watch.state.question) is not watch
