"""The loop between its runs: how careful the next one is, and when it comes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.consul.pausing import Pause
from lictor.model import ConsulConnection, ConsulService
from lictor.watch.engine.child import Ended
from lictor.watch.engine.engine import ONLY_OURS
from lictor.watch.inbox import Changed, Paused, Unread
from lictor.watch.once import Wish
from tests.unit.watch.loops import (
    BLOCKED,
    LOCKED,
    NOW,
    URN,
    Watch,
    done,
    ended,
    killed,
    make_group,
)

if TYPE_CHECKING:
    from lictor.watch.engine.engine import Outcome

_CRASHED = Ended(255, "error: something went wrong")
_NOWHERE = ConsulConnection("http://127.0.0.1:1")
_ASKED = {_NOWHERE: {URN: (ConsulService("web"),)}}


def test_who_is_unsure_after_the_start_stays_so_until_a_run_goes_through() -> None:
    """A run that failed has read nothing for sure, however often; a blocked group is one alone."""
    watch = Watch([ended(_CRASHED), ended(_CRASHED), done(make_group(blocked=BLOCKED)), done()])
    assert [run.scope.cautious for run in watch.run()] == [True, True, True, False]


def test_what_was_not_seen_while_the_stack_was_locked_makes_the_run_careful() -> None:
    """The index fell while the run waited: neither it nor, if it fails, the next is sure."""
    watch = Watch([done(), ended(LOCKED), ended(_CRASHED), done(), done()])
    watch.inbox.later(10, Changed("web", at=10.0))
    watch.inbox.later(10.5, Changed("web", unseen=True, at=10.5))
    watch.inbox.later(60, Changed("web", at=60.0))
    cautious = [run.scope.cautious for run in watch.run()]
    assert cautious == [True, False, True, True, False]


def test_a_resource_that_was_paused_is_met_with_care() -> None:
    """Nothing was read of it yet."""
    watch = Watch([done(make_group(paused="by me")), done(), done()])
    watch.inbox.later(20, Changed("resumed", at=20.0))
    watch.inbox.later(40, Changed("web", at=40.0))
    assert [run.scope.cautious for run in watch.run()] == [True, True, False]


def test_a_pause_ends_the_wait_for_the_lock_of_the_stack() -> None:
    """Nothing begins when the other one is done; the run is made up for, by all resources."""
    watch = Watch([done(), ended(LOCKED), ended(LOCKED), done()])
    watch.inbox.later(10, Changed("web", at=10.0, urns=frozenset({URN})))
    watch.inbox.later(11.5, Paused((Pause(),)))
    watch.inbox.later(100, Paused(()))
    ran = watch.run()
    assert [round(run.at) for run in ran] == [0, 10, 11, 100]
    assert ran[1].scope.only == frozenset({URN})
    assert ran[-1].scope.only is None


def test_nothing_runs_before_it_is_known_what_is_paused() -> None:
    """The start waits; Consul that cannot be reached is told once."""
    watch = Watch([done()], known=False, trouble="Consul cannot be reached")
    watch.inbox.later(7, Unread("Consul cannot be reached"))
    watch.inbox.later(30, Paused((Pause("api", by="me"),)))
    (only,) = watch.run()
    assert only.at == 30
    assert only.scope.pauses == {"api": "by me, until resumed"}
    assert watch.said.getvalue().count("it is not known yet what is paused: Consul cannot") == 1
    assert watch.board.status().watched.failing[0].text == "Consul cannot be reached"


@pytest.mark.parametrize("once", [True, False])
def test_pauses_that_may_not_be_read_hold_nobody_up_for_ever(*, once: bool) -> None:
    """It is said, with what is needed; a single run does not wait for Consul either."""
    watch = Watch([done()], known=False)
    watch.inbox.later(3, Unread("give it key_prefix read", denied=not once))
    (only,) = watch.run(only_once=once)
    assert only.at == 3
    assert "key_prefix read" in watch.said.getvalue()


def test_pauses_that_were_read_stay_in_force_when_they_cannot_be_any_more() -> None:
    """Whatever the reason is."""
    watch = Watch([done(), done()], known=False)
    watch.inbox.later(1, Paused((Pause(until=NOW + timedelta(seconds=50)),)))
    watch.inbox.later(3, Unread("no right", denied=True))
    assert watch.run(100)[0].at == pytest.approx(50, abs=5)


def test_a_resource_catches_up_when_its_pause_is_over() -> None:
    """At its end nothing rings; what it asks of Consul is watched all the time."""
    paused = done(make_group(paused="by me"))
    watch = Watch([done(asked=_ASKED), paused, done()])
    watch.inbox.later(10, Paused((Pause("web", NOW + timedelta(minutes=30)),)))
    watched = []

    def looking() -> Outcome:
        watched.append(watch.questions.watched().polled)
        return paused()

    watch.scenes.insert(2, looking)
    watch.inbox.later(60, Changed("api", urns=frozenset({"api"}), at=60.0))
    ran = watch.run()
    assert [round(run.at) for run in ran] == [0, 10, 60, 1800]
    assert watched == [1]
    assert [bool(run.scope.pauses) for run in ran] == [False, True, True, False]
    assert ran[-1].scope.only is None


def test_a_resource_catches_up_when_it_is_resumed() -> None:
    """At once, and all are planned anew."""
    watch = Watch([done(), done(make_group(paused="by me")), done()])
    watch.inbox.later(10, Paused((Pause("web"),)))
    watch.inbox.later(20, Paused(()))
    ran = watch.run()
    assert [round(run.at) for run in ran] == [0, 10, 20]
    assert ran[-1].scope.only is None


def test_a_comparison_with_aws_that_failed_is_made_up_for() -> None:
    """Soon, but not before what changes has been tried without it."""
    watch = Watch([done(), ended(_CRASHED), done(), done(), done()], resync=600)
    ran = watch.run()
    assert ["--refresh" in run.words for run in ran] == [False, True, False, True, True]
    assert [round(run.at, -1) for run in ran] == [0, 600, 600, 660, 1260]


def test_what_a_killed_run_left_is_cleared_though_the_state_could_not_be_read_at_first() -> None:
    """Of lictor's resources, unless the whole stack is run; nothing runs before."""
    for wish, more in ((Wish(), ("--target", ONLY_OURS)), (Wish(whole=True), ())):
        watch = Watch([ended(_CRASHED), done(), done(), done()], wish=wish)
        watch.engine.exports = [Ended(1, "error: no space left"), killed((URN, "updating"))]
        watch.inbox.later(60, Changed("web", at=60.0))
        ran = watch.run()
        refresh = ("refresh", *more)
        assert [run.words for run in ran[:2]] == [refresh, refresh]
        assert [run.words[0] for run in ran[2:]] == ["up", "up"]
        assert list(ran[0].scope.pending) == [URN]
        assert "no space left" in watch.said.getvalue()


@pytest.mark.parametrize(
    "error",
    [errors.EngineError("the Pulumi CLI cannot be started"), OSError(28, "No space left")],
    ids=["ours", "the system's"],
)
def test_trouble_that_passes_ends_nothing(error: Exception) -> None:
    """A CLI cannot be had ready, nor be run: it is said, and tried again."""

    def broken() -> Outcome:
        raise error

    watch = Watch([done(), broken, done()])
    watch.engine.unprepared = error
    watch.inbox.later(10, Changed("web", at=10.0))
    assert [run.scope.cautious for run in watch.run()] == [True, False, False]
    assert str(error) in watch.said.getvalue()


def test_a_moment_that_a_run_has_found_past_brings_no_other_about() -> None:
    """It is held for another reason; one run after the other would not help."""
    watch = Watch([done(make_group(again=(NOW - timedelta(hours=1),))), done()])
    assert len(watch.run()) == 1


def test_a_moment_that_passes_during_a_run_brings_one_about() -> None:
    """The plan may have been made before it."""
    moments = (NOW - timedelta(hours=1), NOW + timedelta(seconds=0.5))

    def passes() -> Outcome:
        watch.inbox.seconds += 1.0
        return done(make_group(again=moments))()

    watch = Watch([passes, done()])
    assert [run.at for run in watch.run()][1:] == [pytest.approx(1.0, abs=0.5)]
