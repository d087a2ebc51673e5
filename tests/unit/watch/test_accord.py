"""What a watcher takes part in: the lead, and pauses, read or not."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from lictor import cli
from lictor.consul.pausing import Pause
from lictor.watch import accord, daemon
from lictor.watch.accord import Terms
from lictor.watch.inbox import Inbox, Paused, Unread
from tests.fakes import odd_consul
from tests.fakes.odd_consul import Odd
from tests.unit.watch.loops import Player

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.odd_consul import OddConsul

DEADLINE = 20.0
_DENIED = Odd(status=403, body=b"Permission denied")
_NONE = Odd(status=404, body=b"")
_PAUSED = Odd(body=b'[{"Key": "lictor/p/dev/paused", "Value": "e30="}]')


@pytest.fixture
def consul() -> Iterator[OddConsul]:
    """Run a server that knows of no key."""
    with odd_consul.start() as running:
        running.answers(_NONE)
        yield running


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    """End what was begun."""
    with ExitStack() as made:
        yield made


def player(consul: OddConsul) -> Player:
    """Make an engine whose stack reaches that Consul."""
    made = Player(lambda: 0.0, iter(()))
    made.env["CONSUL_HTTP_ADDR"] = consul.url
    return made


@pytest.mark.parametrize(
    ("words", "leads", "pauses"),
    [
        ((), True, True),
        (("--dry-run",), False, True),
        (("--no-lock",), False, False),
        (("web.hcl",), False, True),
        (("web.hcl", "--state", "s3://bucket"), True, True),
        (("web.hcl", "--state", "s3://bucket", "--dry-run"), False, True),
    ],
)
def test_who_wants_to_lead(words: tuple[str, ...], *, leads: bool, pauses: bool) -> None:
    """Not who only previews, nor who has a state of its own; pauses are obeyed all the same."""
    given = cli.watch.make_context("watch", [*words]).params
    assert daemon.options(**given).terms == Terms("lictor", leads=leads, pauses=pauses)


def test_who_does_not_want_to_lead_obeys_pauses_all_the_same(
    consul: OddConsul, ends: ExitStack
) -> None:
    """Nothing is known before the first answer; no session is made."""
    inbox = Inbox()
    leadership, orders = accord.begin(player(consul), Terms("lictor", leads=False), inbox, ends)
    assert leadership is None
    assert not orders.known
    assert inbox.get(DEADLINE) == Paused(())
    assert all(asked.path.startswith("/v1/kv/lictor/p/dev/paused") for asked in consul.asked)


def test_without_either_nobody_is_asked(consul: OddConsul, ends: ExitStack) -> None:
    """All is known from the start."""
    terms = Terms("lictor", leads=False, pauses=False)
    leadership, orders = accord.begin(player(consul), terms, Inbox(), ends)
    assert (leadership, orders.known) == (None, True)
    assert not consul.asked


def test_pauses_that_may_not_be_read_are_told_once(consul: OddConsul, ends: ExitStack) -> None:
    """But not at the first refusal, and they are read as soon as they may be."""
    consul.answers(_DENIED, _PAUSED, _DENIED)
    inbox = Inbox()
    _, orders = accord.begin(player(consul), Terms("lictor", leads=False), inbox, ends)
    first = inbox.get(DEADLINE)
    assert isinstance(first, Paused)
    assert [pause.name for pause in first.pauses] == [""]
    assert isinstance(first.pauses[0], Pause)
    word = inbox.get(DEADLINE)
    assert isinstance(word, Unread)
    assert word.denied
    assert "key_prefix" in word.text
    assert "key_prefix" in orders.trouble()
