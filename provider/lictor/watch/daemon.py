"""`lictor watch`: options, signals, and the loop with all that it needs."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.aws import counting
from lictor.notify import Notifier
from lictor.resources.remotes import Remotes
from lictor.resources.run import Run
from lictor.settings import duration
from lictor.watch import accord, listen, looking
from lictor.watch.agenda import Agenda, Patience
from lictor.watch.board import Board
from lictor.watch.inbox import Changed, Inbox, Reload, Stop
from lictor.watch.lines import Line
from lictor.watch.loop import Loop
from lictor.watch.once import Wish
from lictor.watch.opening import About, opened
from lictor.watch.pulse import Pulse
from lictor.watch.questions import Questions
from lictor.watch.routes import Offer
from lictor.watch.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lictor.watch.agreement import Row


@dataclass(frozen=True, slots=True)
class Options:
    """What `lictor watch` is told; durations in seconds."""

    about: About
    wish: Wish
    patience: Patience
    only_once: bool
    poll: float
    lock_timeout: float
    log_json: bool
    listen: str
    locks: bool
    lock_prefix: str

    @property
    def terms(self) -> accord.Terms:
        """What it agrees on with other watchers.

        Files whose state is on this host have no lock: consul-ec2-alb had none, `consul lock` may
        stand around it, and watchers on two hosts have two states. Who only previews takes the
        lead from nobody. Pauses are obeyed all the same.
        """
        leads = self.locks and not self.about.alone and not self.wish.dry
        return accord.Terms(self.lock_prefix, leads=leads, pauses=self.locks)


def options(**given: Any) -> Options:  # noqa: ANN401 - click's options
    """Read the command's options.

    Raises:
        errors.SettingsError: One of them cannot be read.
    """
    quiet, _, most = given["wait"].partition(":")
    return Options(
        about=About(given["cwd"].resolve(), given["stack"] or "", given["files"], given["state"]),
        wish=Wish(dry=given["dry_run"], whole=given["whole_stack"], verbose=given["verbose"]),
        patience=Patience(
            _seconds("--wait", quiet),
            _seconds("--wait", most),
            _seconds("--resync", given["resync"]),
        ),
        only_once=given["only_once"],
        poll=_seconds("--poll", given["poll"]),
        lock_timeout=_seconds("--lock-timeout", given["lock_timeout"]),
        log_json=given["log_json"],
        listen=given["listen"],
        locks=not given["no_lock"],
        lock_prefix=given["lock_prefix"],
    )


def _seconds(option: str, text: str) -> float:
    """Read a duration; milliseconds, too, where a burst is meant."""
    if text.endswith("ms") and text[:-2].isdecimal():
        return int(text[:-2]) / 1000
    try:
        return duration.read(float(text) if text.replace(".", "", 1).isdecimal() else text)
    except ValueError as error:
        raise errors.SettingsError(f"{option}: {error}; found {text!r}") from None


def watch(chosen: Options) -> int:
    """Watch until a signal ends it; return the exit code.

    Raises:
        errors.LictorError: It cannot begin, or not go on.
    """
    inbox = Inbox()
    teller = Teller(json=chosen.log_json)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: inbox.put(Stop()))
    signal.signal(signal.SIGHUP, lambda *_: inbox.put(Reload()))
    where = listen.address(chosen.listen) if chosen.listen else None
    with ExitStack() as ends:
        engine = ends.enter_context(opened(chosen.about, dry=chosen.wish.dry))
        found = engine.project
        ends.enter_context(engine.serving())
        if found.elsewhere:
            text = f"the program runs as a plain pulumi up, slower: {found.elsewhere}"
            teller.tell(Line(text, {}, "warning"))
        questions = Questions(inbox, chosen.poll)
        ends.callback(questions.stop)
        board = Board(found.stack)
        counting.tell(lambda *call: board.called(call[0], call[1], throttled=call[2]))
        leadership, orders = accord.begin(engine, chosen.terms, inbox, ends)
        loop = Loop(
            engine,
            chosen.wish,
            Agenda(chosen.patience),
            inbox,
            questions,
            teller,
            board,
            leadership,
            chosen.lock_timeout,
            orders=orders,
        )
        if where is not None:
            ends.enter_context(listen.start(where, _offer(loop)))
        notifier = Notifier(os.environ)
        notifier.ready()
        ends.enter_context(Pulse(notifier, board))
        verdict = loop.run(only_once=chosen.only_once)
        notifier.stopping()
    return verdict.code if chosen.only_once else 0


def _offer(loop: Loop) -> Offer:
    """Say what the status server shows."""

    def rows() -> Sequence[Row]:
        if not loop.config:  # it has not led yet
            return looking.glance(loop.engine)
        return looking.rows(loop.outputs, Remotes(loop.config.get, loop.engine.env, Run()))

    return Offer(loop.board, rows, lambda: loop.inbox.put(Changed("asked for")))
