"""A loop whose engine plays what it is told to, and whose clock runs while nothing happens."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.resources import tokens
from lictor.watch.agenda import Agenda, Patience
from lictor.watch.board import Board
from lictor.watch.clock import Clock
from lictor.watch.engine.child import Ended
from lictor.watch.engine.engine import Engine, Outcome
from lictor.watch.engine.outcome import Group
from lictor.watch.engine.project import Project
from lictor.watch.engine.scope import Scope
from lictor.watch.inbox import Inbox, Stop
from lictor.watch.loop import Loop
from lictor.watch.once import Wish
from lictor.watch.orders import Orders
from lictor.watch.questions import Questions
from lictor.watch.telling import Teller

if TYPE_CHECKING:
    from lictor.watch.inbox import Word

NOW = datetime(2026, 11, 21, 8, 0, 0, tzinfo=UTC)
URN = f"urn:pulumi:dev::p::{tokens.ATTACHMENTS}::web"
LOCKED = Ended(
    255,
    "error: the stack is currently locked by 1 lock(s).\n"
    "  file:///1.json: created by me@elsewhere (pid 7) at 2026-11-21T08:00:00Z\n",
)
BLOCKED = errors.ConsulNotReady("web: two reads 2 s apart do not agree")


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that the engine was asked to run.

    Attributes:
        at: When, in seconds since the loop began.
        words: The command.
        scope: What it was given.
    """

    at: float
    words: tuple[str, ...]
    scope: Scope


Play = Callable[[], Outcome]


class Player(Engine):
    """An engine that starts no CLI: each run is the next scene of a play.

    Attributes:
        ran: The runs so far.
        exports: What `pulumi stack export` prints, one after the other; the last one stays.
    """

    def __init__(self, clock: Callable[[], float], scenes: Iterator[Play]) -> None:
        project = Project(Path("/none"), Path("/none/__main__.py"), "dev", "p")
        super().__init__(project, {})
        self.ran: list[Asked] = []
        self.exports = [Ended(0, "", '{"deployment": {}}')]
        self.unprepared: Exception | None = None
        self._clock, self._scenes = clock, scenes

    def run(self, verb: str, *args: str, scope: Scope | None = None) -> Outcome:
        """Play a scene."""
        self.ran.append(Asked(self._clock(), (verb, *args), scope or Scope({})))
        return next(self._scenes)()

    def prepare(self, verb: str, *args: str) -> None:  # noqa: ARG002 - the engine's
        """Have nothing ready."""
        if self.unprepared is not None:
            raise self.unprepared

    def command(self, *words: str, stack: bool = True) -> Ended:  # noqa: ARG002 - the engine's
        """Print the state."""
        return self.exports.pop(0) if len(self.exports) > 1 else self.exports[0]


class Waiting(Inbox):
    """An inbox in which time passes as soon as nothing is there.

    Attributes:
        seconds: How much has passed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self._later: list[tuple[float, int, Word]] = []
        self._numbers = itertools.count()

    def later(self, seconds: float, word: Word) -> None:
        """Leave a word when so many seconds have passed."""
        self._later.append((seconds, next(self._numbers), word))
        self._later.sort()

    def get(self, timeout: float | None) -> Word | None:
        """Take a word; let the time pass until the next one comes."""
        end = self.seconds + (timeout or 0.0)
        found = super().get(0)
        if found is not None:
            return found
        if self._later and self._later[0][0] <= end:
            moment, _, word = self._later.pop(0)
            self.seconds = max(self.seconds, moment)
            return word
        self.seconds = end
        return None


@dataclass
class Watch:
    """A loop with all that it needs.

    Attributes:
        scenes: What becomes of each run; when there are no more, the loop ends.
        resync: How often state is compared with AWS, in seconds; 0 for never.
        known: Whether it is known from the start that nothing is paused.
        trouble: Why pauses cannot be read.
        wish: What is asked of each run.
    """

    scenes: list[Play]
    resync: float = 0.0
    known: bool = True
    trouble: str = ""
    wish: Wish = field(default_factory=Wish)
    inbox: Waiting = field(default_factory=Waiting)
    said: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        clock = Clock(lambda: self.inbox.seconds, self.now)
        self.engine = Player(clock.seconds, self._scenes())
        self.questions = Questions(self.inbox)
        self.orders = Orders(self.now, known=self.known, trouble=lambda: self.trouble)
        self.board = Board("dev", clock.seconds)
        self.loop = Loop(
            self.engine,
            self.wish,
            Agenda(Patience(resync=self.resync)),
            self.inbox,
            self.questions,
            Teller(out=self.said),
            self.board,
            clock=clock,
            orders=self.orders,
        )

    def now(self) -> datetime:
        """Tell the time: 8 o'clock, and what has passed."""
        return NOW + timedelta(seconds=self.inbox.seconds)

    def run(self, seconds: float = 3600.0, *, only_once: bool = False) -> list[Asked]:
        """Let it run until its scenes are played, or so long; return the runs of the stack."""
        self.inbox.later(seconds, Stop())
        try:
            self.loop.run(only_once=only_once)
        finally:
            self.questions.stop()
        return self.engine.ran

    def _scenes(self) -> Iterator[Play]:
        for number, scene in enumerate(self.scenes, 1):
            if number == len(self.scenes):
                self.inbox.put(Stop())
            yield scene


def done(group: Group | None = None, **more: Any) -> Play:  # noqa: ANN401 - fields of an outcome
    """Let a run go through, with a group that is as this one says."""
    found = group or make_group()
    return lambda: Outcome(Ended(0, ""), (found,), 0.1, **more)


def ended(how: Ended) -> Play:
    """Let a run end before it came to any group."""
    return lambda: Outcome(how, (), 0.1)


def killed(*pending: tuple[str, str]) -> Ended:
    """Print a state in which a run was killed; say of which URN, and what was under way."""
    operations = [
        {"type": what, "resource": {"urn": urn, "type": tokens.of(urn)}} for urn, what in pending
    ]
    return Ended(0, "", json.dumps({"deployment": {"pending_operations": operations}}))


def make_group(**facts: Any) -> Group:  # noqa: ANN401 - fields of a group
    """Make a group in which nothing moved."""
    return Group(urn=URN, name="web", **facts)
