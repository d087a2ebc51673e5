"""The loop between its runs: how careful the next one is, and when it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lictor.watch.engine.child import Ended
from lictor.watch.inbox import Changed
from tests.unit.watch.loops import BLOCKED, LOCKED, Watch, done, ended, make_group

if TYPE_CHECKING:
    from tests.unit.watch.loops import Play

_CRASHED = Ended(255, "error: something went wrong")


@pytest.mark.parametrize(
    "first", [done(make_group(blocked=BLOCKED)), ended(_CRASHED)], ids=["blocked", "error"]
)
def test_who_is_unsure_after_the_start_stays_so_until_a_run_goes_through(first: Play) -> None:
    """One consistent read is not enough after two that did not agree, however often."""
    watch = Watch([first, first, done(), done()])
    watch.inbox.later(60, Changed("web", at=60.0))
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
