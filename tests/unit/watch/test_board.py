"""The board: what goes in comes out, counted where it is to be counted, from many threads."""

from __future__ import annotations

import sys
import threading
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pytest

from lictor import errors
from lictor.watch import status
from lictor.watch.board import Board
from lictor.watch.status import (
    Blocked,
    Failing,
    Pause,
    Role,
    Status,
    Timer,
    Watched,
)
from lictor.watch.verdict import Verdict
from tests.unit.watch.boards import (
    GUARD,
    NOW,
    make_begun,
    make_change,
    make_group,
    make_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def board() -> Board:
    """Give an empty board."""
    return Board("prod")


def test_an_empty_board(board: Board) -> None:
    """Before anything has happened it can be shown."""
    shown = board.status()
    assert (shown.stack, shown.role, shown.holder) == ("prod", Role.ALONE, "")
    assert (shown.groups, shown.runs, shown.changes, shown.running) == ({}, (), (), None)
    assert shown.last_success is None
    assert dict(shown.counters.runs) == dict.fromkeys(Verdict, 0)


def test_what_is_said_is_shown(board: Board) -> None:
    """Each saying replaces the one before; timers are put in order."""
    watched = Watched(polled=3, in_turn=1, failing=(Failing("web", "no leader"),), index=42)
    late, soon = Timer(NOW + timedelta(seconds=9), "resync"), Timer(NOW, "web: removal_delay")
    board.role(Role.STANDBY, "host-b")
    board.watching(watched)
    board.pauses([Pause("web", NOW)])
    board.timers([late, soon])
    shown = board.status()
    assert (shown.role, shown.holder, shown.watched) == (Role.STANDBY, "host-b", watched)
    assert (shown.paused, shown.timers) == ((Pause("web", NOW),), (soon, late))
    board.pauses([])
    assert board.status().paused == ()


def test_a_run_from_beginning_to_end(board: Board) -> None:
    """It is under way, and then the newest."""
    board.ended(make_run(1), {})
    board.began(make_begun(2))
    assert board.status().running == make_begun(2)
    board.ended(make_run(2), {"web": make_group("a:1")}, [make_change(1), make_change(2)])
    shown = board.status()
    assert shown.running is None
    assert [run.number for run in shown.runs] == [2, 1]
    assert [change.key for change in shown.changes] == ["10.0.0.2:80", "10.0.0.1:80"]
    assert shown.groups["web"].changed == make_change(2).time


def test_a_group_keeps_the_time_of_its_last_change(board: Board) -> None:
    """Through runs that change nothing, and through one that has not got so far."""
    board.ended(make_run(1), {"web": make_group("a:1")}, [make_change(1)])
    board.ended(make_run(2), {"web": make_group("a:1")})
    board.ended(make_run(3, Verdict.ERROR), None)
    assert board.status().groups["web"].changed == make_change(1).time


def test_groups_are_replaced_unless_the_run_knows_none(board: Board) -> None:
    """A resource that is no more in the program is forgotten; one bad run forgets nothing."""
    board.ended(make_run(1), {"web": make_group("a:1"), "api": make_group("b:1")})
    board.ended(make_run(2, Verdict.ERROR), None)
    assert list(board.status().groups) == ["api", "web"]
    board.ended(make_run(3), {"web": make_group("a:1")})
    assert list(board.status().groups) == ["web"]


def test_only_so_much_is_kept(board: Board) -> None:
    """The newest; the counters count all."""
    for number in range(1, 121):
        board.ended(make_run(number), {}, [make_change(number)])
    shown = board.status()
    assert [run.number for run in shown.runs] == list(range(120, 120 - status.RUNS, -1))
    assert len(shown.changes) == status.CHANGES == 50
    assert shown.changes[0] == make_change(120)
    assert shown.counters.runs[Verdict.DONE] == 120


@pytest.mark.parametrize(
    ("outcome", "succeeded"),
    [
        (Verdict.DONE, True),
        (Verdict.HELD, True),
        (Verdict.FAILED, False),
        (Verdict.BLOCKED, False),
        (Verdict.ERROR, False),
    ],
)
def test_the_last_success(board: Board, outcome: Verdict, *, succeeded: bool) -> None:
    """Its end, not its beginning; what is held has its own figure and is no failure."""
    board.ended(make_run(1), {})
    board.ended(make_run(2, outcome), {})
    expected = make_run(2 if succeeded else 1).started + timedelta(seconds=0.25)
    assert board.status().last_success == expected


def test_a_guard_trips_when_it_begins_to_hold(board: Board) -> None:
    """Not at each run that finds it holding; and again when it holds anew."""
    held = {"web": make_group("a:1", held={"a:1": GUARD, "b:1": GUARD})}
    for groups in (held, held, {"web": make_group("a:1")}, held):
        board.ended(make_run(1, Verdict.HELD), groups)
    board.ended(make_run(2, Verdict.ERROR), None)
    assert board.status().counters.trips == {"min_targets": 2}


def test_a_guard_that_refuses_trips_too(board: Board) -> None:
    """With ``on_guard: fail`` nothing is held, and the plan is refused."""
    text = "3 removals refused (max_removal_percent 30: 4 of 10 within 600 s); to let them through"
    blocked = Blocked.by(errors.RemovalRefused(text))
    board.ended(make_run(1, Verdict.BLOCKED), {"web": make_group(blocked=blocked)})
    denied = Blocked.by(errors.ConsulDenied("no right to read web"))
    board.ended(make_run(2, Verdict.BLOCKED), {"web": make_group(blocked=denied)})
    assert board.status().counters.trips == {"max_removal_percent": 1}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.ConsulDenied("x"), "consul_denied"),
        (errors.AWSError("x"), "aws_error"),
        (OSError("x"), "os_error"),
    ],
)
def test_what_blocks_has_a_name(error: Exception, kind: str) -> None:
    """The class of the error, as metrics write names."""
    assert Blocked.by(error) == Blocked("x", kind)


def test_calls_are_counted_by_operation(board: Board) -> None:
    """Throttled ones are calls as well."""
    board.called("elbv2", "RegisterTargets")
    board.called("elbv2", "RegisterTargets", throttled=True)
    board.called("ec2", "DescribeInstances")
    found = [(c.operation, c.made, c.throttled) for c in board.status().counters.calls]
    assert found == [("DescribeInstances", 1, 0), ("RegisterTargets", 2, 1)]


def test_durations_are_counted_between_limits(board: Board) -> None:
    """One that is exactly a limit lies below it; one above all limits is not lost."""
    for seconds in (0.0, status.LIMITS[0], status.LIMITS[0] + 0.001, 1000.0):
        board.ended(make_run(1, phases={"read": seconds}), {})
    spread = board.status().counters.phases["read"]
    assert spread.counts[:2] == (2, 1)
    assert spread.counts[-1] == 1
    assert (sum(spread.counts), len(spread.counts)) == (4, len(status.LIMITS) + 1)
    assert spread.seconds == pytest.approx(1000 + 2 * status.LIMITS[0] + 0.001)
    assert all(low < high for low, high in pairwise(status.LIMITS))


def test_silence_since_the_last_beat() -> None:
    """On the clock that was given."""
    now = [100.0]
    board = Board("prod", lambda: now[0])
    now[0] += 7
    assert board.silence() == 7
    board.beat()
    assert board.silence() == 0


def test_what_was_shown_does_not_change(board: Board) -> None:
    """A status is of its moment, whatever is said afterwards."""
    board.ended(make_run(1), {"web": make_group("a:1")}, [make_change(1)])
    shown = board.status()
    before = msgspec.json.encode(shown)
    board.ended(make_run(2), {"api": make_group("b:1")}, [make_change(2)])
    board.called("ec2", "DescribeInstances")
    assert msgspec.json.encode(shown) == before


def test_json_there_and_back(board: Board) -> None:
    """The values are JSON as they stand, in camelCase."""
    board.began(make_begun(1))
    board.pauses([Pause()])
    board.watching(Watched(failing=(Failing("web", "no leader"),)))
    blocked = Blocked("no leader", "consul_not_ready")
    board.ended(make_run(1), {"web": make_group("a:1", blocked=blocked)}, [make_change(1)])
    text = msgspec.json.encode(board.status())
    assert msgspec.json.decode(text, type=Status) == board.status()
    plain = msgspec.json.decode(text)
    assert plain["lastSuccess"] == "2026-11-21T08:00:01.250000Z"
    assert plain["watched"]["inTurn"] == 0
    assert plain["changes"][0]["sign"] == "+"


@pytest.fixture
def restless() -> Iterator[None]:
    """Let threads take turns far more often than Python has them do."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless")
def test_many_threads_at_once(board: Board) -> None:
    """Nothing is lost, and whoever looks sees a run whole: its outcome and its phases."""
    ready, torn = threading.Barrier(5), []

    def write(name: str) -> None:
        ready.wait()
        for number in range(1, 201):
            board.began(make_begun(number))
            board.called("elbv2", "RegisterTargets")
            board.ended(make_run(number, phases={name: 1.0}), {"web": make_group(name)})

    def read() -> None:
        ready.wait()
        for _ in range(200):
            shown = board.status()
            spreads = shown.counters.phases.values()
            if sum(sum(spread.counts) for spread in spreads) != shown.counters.runs["done"]:
                torn.append(shown)

    threads = [threading.Thread(target=write, args=(str(n),)) for n in range(3)]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counters = board.status().counters
    assert torn == []
    assert (counters.runs["done"], counters.calls[0].made) == (600, 600)
    assert {sum(spread.counts) for spread in counters.phases.values()} == {200}
