"""One question, watched: what was answered last, and when that changed.

A blocking query is the bell, a plain read through the source gate is what counts; nothing is
concluded from the bell itself. A turn is one bell, and one read if it rang.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul import blocking, lines, pace, questions
from lictor.consul.client import Call
from lictor.model import ConsulService

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.client import Client
    from lictor.model import Answer, Source

BACKOFF = pace.Backoff()
_BURST = 20
_AGE = 600.0
_AT_ONCE = 0.5
_DOUBT = 1.0
_EARLY = 0.95  # a wait that ends a moment before its time shall not be waited for twice
_TOLD = 2


@dataclass(frozen=True, slots=True)
class Change:
    """Why the bell rings.

    Attributes:
        question: What was asked.
        answer: What Consul says now; None while it does not say anything that can be trusted.
        error: Why not, in words; empty if there is an answer.
        moved: Whether the answer is another one than the last.
        reset: Whether something lies between it and the last one that was not seen: a start, a
            failure, an index that fell. It may add at once, but shall remove nothing before two
            `consistent` reads agree.
    """

    question: Source
    answer: Answer | None
    error: str = ""
    moved: bool = False
    reset: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """How the watch of a question does.

    Attributes:
        question: What is asked.
        index: Consul's index of the last bell; 0 if it begins anew.
        answered: When it was answered last, by the watcher's clock; None for never.
        failures: How many calls in a row failed.
        error: Why it has no answer just now, in words; empty if it has, or may have in a moment.
        unseen: Whether the next answer is a reset.
        doubt: Whether the bell rang and nothing was seen to have changed.
    """

    question: Source
    index: int = 0
    answered: float | None = None
    failures: int = 0
    error: str = ""
    unseen: bool = True
    doubt: bool = False


class Watch:
    """Asks one question, from one thread at a time.

    Args:
        question: One of `questions.of`.
        age: An answer as old as this is asked for again, bell or not, in seconds; None for what
            is right for a service, whose bell tells of everything.
        view: What of an answer counts; where that is equal, nothing changed.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        question: Source,
        *,
        age: float | None,
        view: Callable[[Answer], object],
        clock: Callable[[], float],
    ) -> None:
        self.state = State(question)
        self.line = lines.Line()
        self._age = age or _AGE
        self._longest = age or float("inf")
        self._view = view
        self._clock = clock
        self._heard = question if isinstance(question, ConsulService) else None
        self._seen: object = _UNSEEN
        self._bucket = pace.Bucket(_BURST)

    def begin(self) -> None:
        """Make ready for a turn, which can be broken off by `line` from here on."""
        self.line = lines.Line()

    def turn(self, client: Client, wait: float) -> Change | None:
        """Wait for the bell for so many seconds, look if there is reason to, say what is new."""
        with self.line.spoken():
            try:
                answer = self._look(client, min(wait, self._longest))
            except errors.ConsulError as error:
                return None if self.line.broken else self.failed(str(error))
        return None if answer is None else self._answered(answer)

    def pause(self, rate: float) -> float:
        """Tell for how many seconds to leave Consul alone after a turn.

        Args:
            rate: How many turns a second it bears for long.
        """
        if self.state.failures:
            chance = random.random()  # noqa: S311 - only to spread calls
            return BACKOFF.pause(self.state.failures, chance)
        return self._bucket.take(self._clock(), rate)

    def failed(self, text: str) -> Change | None:
        """Note a failure. The first one is not told: whoever restarts is back at once."""
        was = self.state
        failures = was.failures + 1
        error = text if failures >= _TOLD or was.error else ""
        self.state = replace(was, index=0, failures=failures, error=error, unseen=True, doubt=False)
        if was.error or not error:
            return None
        return Change(was.question, None, error=error)

    def _look(self, client: Client, wait: float) -> Answer | None:
        """Read the answer if there is reason to."""
        state, question = self.state, self.state.question
        index, told = state.index, blocking.Told.MOVED
        if index and self._heard is not None:
            wait = min(wait, _DOUBT) if state.doubt else wait
            index = self._ring(client, self._heard, index, wait)
            told = blocking.told(state.index, index)
            if told is blocking.Told.SAME and not state.doubt and not self._aged():
                return None
        if told is blocking.Told.FELL:
            self.state, index = replace(self.state, index=0, unseen=True), 0
        if not index:
            heard = self._heard or questions.ask(client, question)[1]
            index = self._ring(client, heard, blocking.FIRST, _AT_ONCE)
            self._heard = heard
        answer, heard = questions.ask(client, question)
        moved_away = heard != self._heard  # a prepared query that now names another service
        self._heard = heard
        doubt = told is blocking.Told.MOVED and bool(state.index)
        self.state = replace(self.state, index=0 if moved_away else index, doubt=doubt)
        return answer

    def _ring(self, client: Client, service: ConsulService, index: int, wait: float) -> int:
        """Wait until something happens to a service, and return the index of that."""
        path, params = questions.bell(client, service)
        params += blocking.params(index, wait)
        try:
            reply = client.send(Call(path, params, wait=blocking.longest(wait)))
        except errors.ConsulError as error:
            raise type(error)(f"{questions.named(self.state.question)}: {error}") from error
        return blocking.index(reply.headers)

    def _aged(self) -> bool:
        """Whether it is time to ask again, bell or not."""
        answered = self.state.answered
        return answered is None or self._clock() - answered >= self._age * _EARLY

    def _answered(self, answer: Answer) -> Change | None:
        """Note an answer, and say what is new about it."""
        was, view = self.state, self._view(answer)
        moved = self._seen is _UNSEEN or view != self._seen
        self._seen = view
        self.state = replace(
            was,
            answered=self._clock(),
            failures=0,
            error="",
            unseen=False,
            doubt=was.doubt and not moved,
        )
        if not (moved or was.unseen):
            return None
        return Change(was.question, answer, moved=moved, reset=was.unseen)


_UNSEEN = object()
"""What was seen before the first answer."""
