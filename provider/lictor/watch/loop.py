"""The watch: waits for changes, runs the engine, says what came of it, and waits again."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lictor import errors
from lictor.watch import once
from lictor.watch.engine import recovery
from lictor.watch.inbox import Changed, Reload, Stop
from lictor.watch.lines import Line
from lictor.watch.verdict import Verdict, wished

if TYPE_CHECKING:
    from lictor.watch.agenda import Agenda
    from lictor.watch.engine.engine import Engine, Outcome
    from lictor.watch.inbox import Inbox, Word
    from lictor.watch.questions import Questions
    from lictor.watch.telling import Teller

HEALTH = 5.0
"""Seconds after which removals that wait for health are looked at again."""
_LOCKED = 1.0
_TRY_AGAIN = (Verdict.ERROR, Verdict.FAILED, Verdict.BLOCKED)


@dataclass
class Loop:
    """Runs a stack whenever there is reason to, until it is told to stop.

    Attributes:
        engine: Runs it.
        wish: What is asked of each run.
        agenda: When the next run begins.
        inbox: What changed.
        questions: What Consul is watched for.
        teller: Where it is told.
        lock_timeout: How long a locked stack is waited for, in seconds, before it is an error.
    """

    engine: Engine
    wish: once.Wish
    agenda: Agenda
    inbox: Inbox
    questions: Questions
    teller: Teller
    lock_timeout: float = 300.0
    _cautious: bool = True
    _stopping: bool = False

    def run(self, *, only_once: bool = False) -> Verdict:
        """Go on until a :class:`Stop` comes; return how the last run ended."""
        verdict = Verdict.DONE
        self._recover()
        self.agenda.note("start", time.monotonic())
        while not self._stopping:
            due = self.agenda.due()
            now = time.monotonic()
            if due is None or due > now:
                if not only_once:
                    self.engine.prepare(*once.command(self.wish))
                self._hear(None if due is None else due - now)
                continue
            self._hear(0)
            if not self._stopping:
                verdict = self._turn()
            if only_once:
                break
        return verdict

    def _hear(self, timeout: float | None) -> None:
        """Wait for a word, for so many seconds or for ever, and take all that are there."""
        word = self.inbox.get(timeout)
        while word is not None:
            self._take(word)
            word = self.inbox.get(0)

    def _take(self, word: Word) -> None:
        match word:
            case Changed():
                self._cautious = self._cautious or word.unseen
                self.agenda.note(word.reason, word.at)
            case Reload():
                self._cautious = True
                self.agenda.note("reload", time.monotonic())
            case Stop():
                self._stopping = True

    def _turn(self) -> Verdict:
        """Run once; whatever goes wrong is told, and tried again."""
        reasons = self.agenda.take(time.monotonic())
        wish = replace(self.wish, refresh=self.wish.refresh or "resync" in reasons)
        cautious, self._cautious = self._cautious, False
        try:
            outcome, verdict = self._unlocked(wish, cautious=cautious)
        except errors.LictorError as error:
            self.teller.tell(Line(str(error), {}, "error"))
            self._cautious = cautious
            self.agenda.ended(time.monotonic(), again=True)
            return Verdict.ERROR
        if outcome.asked or outcome.ok:
            self.questions.follow(outcome.asked)
        if verdict is Verdict.ERROR:
            self._cautious = cautious
        self.agenda.ended(time.monotonic(), again=verdict in _TRY_AGAIN, timer=self._timer(outcome))
        return verdict

    def _unlocked(self, wish: once.Wish, *, cautious: bool) -> tuple[Outcome, Verdict]:
        """Run; wait while somebody else runs the stack, and clear away after the dead."""
        end = time.monotonic() + self.lock_timeout
        told = False
        while True:
            outcome, verdict = once.once(
                self.engine, wish, self.teller, patient=False, cautious=cautious
            )
            found = recovery.locks(outcome.ended.text) if not outcome.ok else ()
            if not found or self._stopping:
                return outcome, verdict
            if all(lock.dead for lock in found):
                self._tell(f"the lock of a dead process is cancelled: {found[0].text}")
                recovery.cancel(self.engine)
                self._recover()
                continue
            if time.monotonic() > end:
                return outcome, verdict
            if not told:
                self._tell(f"the stack is locked, waiting: {found[0].text}")
                told = True
            self._hear(_LOCKED)

    def _recover(self) -> None:
        """Clear what a killed run left pending, and take what it registered for ours."""
        if self.wish.dry:
            return
        begun = recovery.pending(self.engine)
        if begun is None:
            return
        self._tell(f"a run was killed while {len(begun)} groups were changed: refreshing")
        scope = once.scope(self.engine, pending=begun)
        outcome = self.engine.run("refresh", "--clear-pending-creates", scope=scope)
        if not outcome.ok:
            raise errors.EngineError(f"the stack cannot be refreshed: {once.last_words(outcome)}")

    def _timer(self, outcome: Outcome) -> float | None:
        """Tell when something that is held may go, by the monotonic clock."""
        now = datetime.now(UTC)  # noqa: TID251 - due times are of the wall clock
        waits = [(group.again - now).total_seconds() for group in outcome.groups if group.again]
        if any(
            reason.startswith("waiting for health")
            for group in outcome.groups
            for reason in group.held.values()
            if not wished(reason)
        ):
            waits.append(HEALTH)
        return time.monotonic() + max(0.0, min(waits)) if waits else None

    def _tell(self, text: str) -> None:
        self.teller.tell(Line(text, {}, "warning"))
