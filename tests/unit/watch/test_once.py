"""One run of the stack, after one that was killed."""

from __future__ import annotations

import io

import pytest

from lictor import errors
from lictor.watch import once
from lictor.watch.engine.child import Ended
from lictor.watch.engine.engine import ONLY_OURS
from lictor.watch.once import Wish
from lictor.watch.telling import Teller
from lictor.watch.verdict import Verdict
from tests.unit.watch.loops import URN, Player, done, ended, killed

_BUCKET = "urn:pulumi:dev::p::aws:s3/bucket:Bucket::logs"
_OURS = ("refresh", "--target", ONLY_OURS)
_UP = ("up", "--target", ONLY_OURS)


@pytest.mark.parametrize(
    ("pending", "ran", "said"),
    [
        ([], [_UP], 0),
        ([(_BUCKET, "creating")], [_UP], 0),
        ([(URN, "updating")], [_OURS, _UP], 1),
        ([(URN, "updating"), (_BUCKET, "creating")], [_OURS, _UP], 1),
        ([(URN, "creating")], [(*_OURS, "--clear-pending-creates"), _UP], 1),
        (
            [(URN, "creating"), (_BUCKET, "creating"), (f"{_BUCKET}2", "updating")],
            [(*_OURS, "--clear-pending-creates"), _UP],
            2,
        ),
    ],
)
def test_what_a_killed_run_left_is_cleared_first(
    pending: list[tuple[str, str]], ran: list[tuple[str, ...]], said: int
) -> None:
    """Only what is lictor's, as far as the CLI can tell them apart: else it is said."""
    player = Player(lambda: 0.0, iter([done()] * 2))
    player.exports = [killed(*pending)]
    out = io.StringIO()
    _, verdict = once.once(player, Wish(), Teller(out=out))
    assert verdict is Verdict.DONE
    assert [run.words for run in player.ran] == ran
    told = [line for line in out.getvalue().splitlines() if "killed" in line or "made" in line]
    assert len(told) == said


def test_all_of_it_is_cleared_where_the_whole_stack_is_run() -> None:
    """As the user wishes."""
    player = Player(lambda: 0.0, iter([done()] * 2))
    player.exports = [killed((_BUCKET, "creating"))]
    once.once(player, Wish(whole=True), Teller(out=io.StringIO()))
    assert [run.words for run in player.ran] == [("refresh", "--clear-pending-creates"), ("up",)]


def test_a_preview_clears_nothing() -> None:
    """It does not even look."""
    player = Player(lambda: 0.0, iter([done()]))
    player.exports = [killed((URN, "updating"))]
    once.once(player, Wish(dry=True), Teller(out=io.StringIO()))
    assert [run.words[0] for run in player.ran] == ["preview"]


def test_nothing_is_run_where_it_cannot_be_cleared() -> None:
    """What was registered would be foreign for ever."""
    player = Player(lambda: 0.0, iter([ended(Ended(255, "error: no network"))]))
    player.exports = [killed((URN, "updating"))]
    with pytest.raises(errors.EngineError, match="cannot be refreshed: error: no network"):
        once.once(player, Wish(), Teller(out=io.StringIO()))
