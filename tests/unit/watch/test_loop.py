"""The loop and what becomes of its runs, with an engine that only says how they ended."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lictor import errors
from lictor.watch.agenda import Agenda, Patience
from lictor.watch.board import Board
from lictor.watch.engine.child import Ended
from lictor.watch.engine.engine import Engine, Outcome
from lictor.watch.engine.outcome import Group
from lictor.watch.engine.project import Project
from lictor.watch.engine.scope import Scope
from lictor.watch.inbox import Changed, Inbox, Stop
from lictor.watch.loop import Loop
from lictor.watch.once import Wish
from lictor.watch.questions import Questions
from lictor.watch.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

URN = "urn:pulumi:dev::lictor::pulumi-python:dynamic/lictor:TargetGroupAttachments::web"
LONG_AGO = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass
class Scripted(Engine):
    """An engine whose runs end as they are told, with changes in between, and then a stop.

    Attributes:
        inbox: The loop's.
        script: What each run does, the last one again and again.
        scopes: What each run was given.
    """

    inbox: Inbox
    script: Sequence[Callable[[], Group]]
    scopes: list[Scope] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(Project(Path(), Path(), "dev", "lictor"), {})

    def run(self, verb: str, *args: str, scope: Scope | None = None) -> Outcome:  # noqa: ARG002 - the base's
        """End as told."""
        self.scopes.append(scope or Scope({}))
        number = min(len(self.scopes), len(self.script)) - 1
        return Outcome(Ended(0, ""), (self.script[number](),), 0.0)

    def prepare(self, verb: str, *args: str) -> None:  # noqa: ARG002 - the base's
        """Nothing is to be done now: go on with the script, if there is more."""
        more = len(self.scopes) < len(self.script)
        self.inbox.put(Changed("web") if more else Stop())

    def command(self, *words: str, stack: bool = True) -> Ended:  # noqa: ARG002 - the base's
        """Tell an empty state."""
        return Ended(0, "", "{}")


def turned(*script: Callable[[], Group]) -> list[Scope]:
    """Run until there is nothing to do; return what each run was given."""
    inbox = Inbox()
    engine = Scripted(inbox, script)
    agenda, teller = Agenda(Patience(quiet=0, resync=0)), Teller(out=io.StringIO())
    Loop(engine, Wish(), agenda, inbox, Questions(inbox), teller, Board("dev")).run()
    return engine.scopes


def group(**changes: object) -> Group:
    """Make a resource that has all that it wants."""
    return Group(**{"urn": URN, "name": "web", **changes})  # type: ignore[arg-type] # fields of any type


def test_a_blocked_run_leaves_the_next_one_careful() -> None:
    """Its answers were not seen either; after one that went through there is no need."""
    blocked = errors.ConsulNotReady("no leader")
    given = turned(lambda: group(blocked=blocked), group, group)
    assert [scope.cautious for scope in given] == [True, True, False]


def test_a_moment_that_a_run_has_found_past_brings_no_other_about() -> None:
    """It is held for another reason; a run after the other would not help."""
    assert len(turned(lambda: group(again=(LONG_AGO,)))) == 1


def test_a_moment_that_passes_during_a_run_brings_one_about() -> None:
    """The plan may have been made before it."""
    moments: list[datetime] = []

    def passes() -> Group:
        moments.append(datetime.now(UTC) + timedelta(microseconds=1))  # noqa: TID251 - the loop's
        return group(again=(LONG_AGO, moments[0]))

    assert len(turned(passes)) == 2
