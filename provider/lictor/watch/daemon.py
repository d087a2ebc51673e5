"""`lictor watch`: options, signals, and the loop with all that it needs."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.settings import duration
from lictor.watch.agenda import Agenda, Patience
from lictor.watch.engine import project
from lictor.watch.engine.engine import Engine
from lictor.watch.inbox import Inbox, Reload, Stop
from lictor.watch.loop import Loop
from lictor.watch.once import Wish
from lictor.watch.questions import Questions
from lictor.watch.telling import Teller

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What `lictor watch` is told; durations in seconds."""

    folder: Path
    stack: str
    wish: Wish
    patience: Patience
    only_once: bool
    poll: float
    lock_timeout: float
    log_json: bool


def options(**given: Any) -> Options:  # noqa: ANN401 - click's options
    """Read the command's options.

    Raises:
        errors.SettingsError: One of them cannot be read.
    """
    quiet, _, most = given["wait"].partition(":")
    return Options(
        folder=given["cwd"].resolve(),
        stack=given["stack"] or "",
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
    )


def _seconds(option: str, text: str) -> float:
    if text.endswith("ms") and text[:-2].isdecimal():
        return int(text[:-2]) / 1000
    try:
        return duration.read(float(text) if text.replace(".", "", 1).isdecimal() else text)
    except ValueError as error:
        raise errors.SettingsError(f"{option}: {error}; found {text!r}") from None


def watch(chosen: Options) -> int:
    """Watch until a signal ends it; return the exit code."""
    inbox = Inbox()
    questions = Questions(inbox, chosen.poll)
    teller = Teller(json=chosen.log_json)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: inbox.put(Stop()))
    signal.signal(signal.SIGHUP, lambda *_: inbox.put(Reload()))
    found = project.find(chosen.folder, chosen.stack)
    with Engine(found, os.environ).serving() as engine:
        loop = Loop(
            engine,
            chosen.wish,
            Agenda(chosen.patience),
            inbox,
            questions,
            teller,
            chosen.lock_timeout,
        )
        try:
            verdict = loop.run(only_once=chosen.only_once)
        finally:
            questions.stop()
    return verdict.code if chosen.only_once else 0
