"""The watch: waits for changes, runs the engine, says what came of it, and waits again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.plan import schedule
from lictor.watch import once, record, status
from lictor.watch.clock import Clock
from lictor.watch.engine import recovery
from lictor.watch.inbox import Changed, Fault, Moved, Paused, Reload, Stop, Unread
from lictor.watch.lines import Line
from lictor.watch.orders import Orders
from lictor.watch.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.watch.agenda import Agenda
    from lictor.watch.board import Board
    from lictor.watch.engine.engine import Engine, Outcome
    from lictor.watch.inbox import Inbox, Word
    from lictor.watch.leadership import Leadership
    from lictor.watch.questions import Questions
    from lictor.watch.telling import Teller

HEALTH = 5.0
"""Seconds after which removals that wait for health are looked at again."""
BEAT = 5.0
"""Seconds between two signs of life."""
_LOCKED = 1.0
_TRY_AGAIN = (Verdict.ERROR, Verdict.FAILED, Verdict.BLOCKED)
_PASSING = (errors.LictorError, OSError)
_BY_THE_CLOCK = {"retry", "timer", "resync"}


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
        board: Where it is shown.
        leadership: Tells whether a run may begin; None where no lock is used.
        lock_timeout: How long a locked stack is waited for, in seconds, before it is an error.
        clock: Tells the time.
        orders: What is to be left alone.
        outputs: Name of a resource -> its outputs, of the last run that went through.
        config: The stack's config, decrypted, of that run.
    """

    engine: Engine
    wish: once.Wish
    agenda: Agenda
    inbox: Inbox
    questions: Questions
    teller: Teller
    board: Board
    leadership: Leadership | None = None
    lock_timeout: float = 300.0
    clock: Clock = field(default_factory=Clock)
    orders: Orders = field(default_factory=lambda: Orders(Clock().now))
    outputs: dict[str, dict[str, object]] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _cautious: bool = True
    _stopping: bool = False
    _once: bool = False
    _recovered: bool = False
    _runs: int = 0
    _concerned: frozenset[str] | None = None  # URNs; None for every resource

    def run(self, *, only_once: bool = False) -> Verdict:
        """Go on until a :class:`Stop` comes; return how the last run ended.

        Raises:
            errors.LictorError: The watch cannot go on.
        """
        verdict = Verdict.DONE
        self._once = only_once
        self.agenda.note("start", self.clock.seconds())
        while not self._stopping:
            due = self.agenda.due()
            now = self.clock.seconds()
            if not self._may_run() or due is None or due > now:
                if self._may_run() and self._runs and not only_once:
                    with suppress(*_PASSING):  # the run says so, if it lasts
                        self.engine.prepare(*once.command(self.wish))
                self._show(due)
                self._hear(min(BEAT, max(0.0, due - now)) if due and due > now else BEAT)
                continue
            self._hear(0)
            if self._may_run() and not self._stopping:
                verdict = self._turn()
                if only_once:
                    break
        return verdict

    def _may_run(self) -> bool:
        leads = self.leadership is None or self.leadership.leads
        return leads and self.orders.known and not self.orders.why()

    def _show(self, due: float | None) -> None:
        """Bring the board up to date."""
        self.board.beat()
        held = self.orders.holding()
        self.board.pauses(status.Pause(pause.name, pause.until) for pause in held)
        if self.leadership is not None:
            self.board.role(*self.leadership.role)
        self.board.watching(self._watched())
        later = due - self.clock.seconds() if due is not None else 0.0
        moment = self.clock.now() + timedelta(seconds=later)
        self.board.timers([status.Timer(moment, "next run")] if later > 0 else [])

    def _watched(self) -> status.Watched:
        found, trouble = self.questions.watched(), self.orders.trouble()
        failing = (*found.failing, status.Failing("pauses", trouble)) if trouble else found.failing
        return status.Watched(found.polled, found.in_turn, failing, found.index)

    def _hear(self, timeout: float) -> None:
        """Wait for a word, for so many seconds, and take all that are there."""
        word = self.inbox.get(timeout)
        while word is not None:
            self._take(word)
            word = self.inbox.get(0)

    def _take(self, word: Word) -> None:
        match word:
            case Changed():
                self._cautious = self._cautious or word.unseen
                self._concern(word.urns)
                self.agenda.note(word.reason, word.at)
            case Moved():
                self._tell(word.text)
            case Paused():
                self.orders.take(word.pauses)
                self._concern(None)
                self.agenda.note("pause or resume", self.clock.seconds())
            case Unread():
                self._unread(word)
            case Reload():
                self._reload()
            case Fault():
                raise errors.EngineError(word.text)
            case Stop():
                self._stopping = True

    def _unread(self, word: Unread) -> None:
        """Wait for pauses that cannot be read now; go on without those that never can be."""
        if word.denied:
            self._tell(f"pauses cannot be seen: {word.text} (deploy/consul-policy-watch.hcl)")
        elif not self.orders.known:
            self._tell(f"waiting, it is not known yet what is paused: {word.text}")
        if not self.orders.known and (word.denied or self._once):
            self.orders.take(())

    def _concern(self, urns: frozenset[str] | None) -> None:
        """Note whom the next run has to plan anew."""
        everybody = urns is None or self._concerned is None
        self._concerned = (
            None if everybody else (self._concerned or frozenset()) | (urns or frozenset())
        )

    def _reload(self) -> None:
        """Read files again; what cannot be read leaves what was read before in force."""
        try:
            if self.engine.declared is not None:
                self.engine.declared.reload()
        except errors.LictorError as error:
            self.teller.tell(Line(f"not reloaded: {error}", {}, "error"))
            return
        self._cautious = True
        self._concern(None)
        self.agenda.note("reload", self.clock.seconds())

    def _turn(self) -> Verdict:
        """Run once; whatever goes wrong is told, and tried again."""
        reasons = self.agenda.take(self.clock.seconds())
        wish = replace(self.wish, refresh=self.wish.refresh or "resync" in reasons)
        cautious, self._cautious = self._cautious, False
        concerned, self._concerned = self._concerned, frozenset()
        only = None if self.wish.dry or _BY_THE_CLOCK & {*reasons} else concerned
        self._runs += 1
        begun = status.Begun(self._runs, ", ".join(reasons), self.clock.now())
        self.board.began(begun)
        try:
            self._recover()
            outcome = self._run(*once.command(wish), cautious=cautious, only=only)
        except _PASSING as error:
            self.teller.tell(Line(str(error), {}, "error"))
            self._cautious, self._concerned = self._cautious or cautious, None
            self.agenda.ended(self.clock.seconds(), again=True, owed="resync" in reasons)
            self.board.ended(record.ended(begun, 0.0, Verdict.ERROR, ()), None)
            return Verdict.ERROR
        verdict = once.tell(outcome, wish, self.teller)
        if outcome.asked or outcome.led or outcome.ok:
            also = [group.urn for group in outcome.groups if only is not None or group.paused]
            self.questions.follow(outcome.asked, outcome.led, also=also)
        # a blocked one is met with care by the servicer, and holds up no other
        if verdict is Verdict.ERROR or any(group.paused for group in outcome.groups):
            self._cautious = self._cautious or cautious
        if verdict in _TRY_AGAIN:
            self._concern(None)
        self._record(begun, outcome, verdict)
        self.agenda.ended(
            self.clock.seconds(),
            again=verdict in _TRY_AGAIN,
            timer=self._timer(outcome, begun.started),
            owed="resync" in reasons and verdict is Verdict.ERROR,
        )
        return verdict

    def _record(self, begun: status.Begun, outcome: Outcome, verdict: Verdict) -> None:
        run = record.ended(begun, outcome.seconds, verdict, outcome.groups)
        stands = record.standing(outcome.groups) if verdict is not Verdict.ERROR else None
        dry = () if self.wish.dry else record.changes(outcome.groups, self.clock.now())
        self.board.ended(run, stands, dry)
        if stands is not None:
            self.config = outcome.config
            self.outputs = {
                group.name: dict(group.outputs)
                for group in outcome.groups
                if group.arn and group.outputs
            }

    def _run(self, *command: str, cautious: bool = False, **given: Any) -> Outcome:  # noqa: ANN401 - Scope's
        """Run; wait while somebody else runs the stack, and clear away after the dead."""
        end = self.clock.seconds() + self.lock_timeout
        told = False
        while True:
            dry, pauses = self.wish.dry, self.orders.groups()
            given["cautious"] = cautious or self._cautious  # it may have been heard in between
            scope = once.scope(self.engine, patient=False, dry=dry, pauses=pauses, **given)
            outcome = self.engine.run(*command, scope=scope)
            found = recovery.locks(outcome.ended.text) if not outcome.ok else ()
            if not found or self._stopping or self.clock.seconds() > end:
                return outcome
            if all(lock.dead for lock in found):
                self._tell(f"the lock of a dead process is cancelled: {found[0].text}")
                recovery.cancel(self.engine)
                self._recover(anew=True)
                continue
            if not told:
                self._tell(f"the stack is locked, waiting: {found[0].text}")
                told = True
            self._hear(_LOCKED)
            if not self._may_run():
                return outcome

    def _recover(self, *, anew: bool = False) -> None:
        """Clear up after a killed run; once is enough: what this process meets is no news to it."""
        if self.wish.dry or (self._recovered and not anew):
            return
        recovery.recover(self.engine, self._run, self._tell, whole=self.wish.whole)
        self._recovered = True
        if not self._may_run():  # it may have taken long
            raise errors.EngineError("put off: this watcher leads no more, or the stack is paused")

    def _timer(self, outcome: Outcome, began: datetime) -> float | None:
        """Tell when something that is held may go, or is paused no more, by the clock."""
        now = self.clock.now()
        waits = self.orders.waits()
        due = schedule.after((at for group in outcome.groups for at in group.again), began)
        waits += [(due - now).total_seconds()] if due else []
        held = [reason for group in outcome.groups for reason in group.held.values()]
        if any(reason.startswith("waiting for health") for reason in held):
            waits.append(HEALTH)
        return self.clock.seconds() + max(0.0, min(waits)) if waits else None

    def _tell(self, text: str) -> None:
        self.teller.tell(Line(text, {}, "warning"))
