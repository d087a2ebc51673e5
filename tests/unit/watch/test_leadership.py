"""Who leads, where Consul refuses or something breaks."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lictor.model import ConsulConnection
from lictor.watch.inbox import Changed, Fault, Inbox, Moved
from lictor.watch.leadership import Leadership

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lictor.watch.inbox import Word
    from tests.fakes.consul import Consul

DEADLINE = 20.0
_LONG = [0.1] * int(DEADLINE * 10)
_NUMBERS = itertools.count(1)
_RULES = 'key_prefix "lictor/" {policy="write"} session_prefix "" {policy="write"}'


class Counted(Inbox):
    """An inbox that breaks at the first words."""

    def __init__(self, broken: int) -> None:
        super().__init__()
        self.broken = broken

    def put(self, word: Word) -> None:
        """Leave a word, or break."""
        self.broken -= 1
        if self.broken >= 0:
            raise RuntimeError("can't start new thread")
        super().put(word)


def make_token(consul: Consul) -> tuple[str, str]:
    """Make a token without any right; return its accessor and its secret."""
    made = consul.call("PUT", "/v1/acl/token", {"Description": f"lead-{next(_NUMBERS)}"})
    return made["AccessorID"], made["SecretID"]


@contextmanager
def waiting(
    consul: Consul, inbox: Inbox, token: str = "", pauses: Sequence[float] = _LONG
) -> Iterator[Leadership]:
    """Wait for a lock of its own until the block ends."""
    connection = ConsulConnection(consul.url, token=token)
    key = f"lictor/{next(_NUMBERS)}/lock"
    leadership = Leadership(connection, key, "here", inbox, pauses=pauses)
    try:
        yield leadership
    finally:
        leadership.stop()


def test_a_token_that_is_refused_at_first(guarded_consul: Consul) -> None:
    """Its rights come late, as after a restart of Consul: it leads all the same."""
    accessor, token = make_token(guarded_consul)
    inbox = Inbox()
    with waiting(guarded_consul, inbox, token) as leadership:
        assert inbox.get(0.3) is None
        guarded_consul.call("PUT", "/v1/acl/policy", {"Name": "p-late", "Rules": _RULES})
        guarded_consul.call("PUT", f"/v1/acl/token/{accessor}", {"Policies": [{"Name": "p-late"}]})
        assert inbox.get(DEADLINE) == Moved("this watcher leads")
        assert leadership.leads


def test_a_token_that_is_refused_for_good(guarded_consul: Consul) -> None:
    """After some tries it is a fault, which names the right."""
    _, token = make_token(guarded_consul)
    inbox = Inbox()
    with waiting(guarded_consul, inbox, token, pauses=[0.01, 0.01]):
        word = inbox.get(DEADLINE)
    assert isinstance(word, Fault)
    assert "key" in word.text


def test_a_fault_of_ours_is_told(consul: Consul) -> None:
    """Whoever waited for the lock is gone: nobody stands by for ever without a word."""
    inbox = Counted(1)
    with waiting(consul, inbox):
        word = inbox.get(DEADLINE)
    assert isinstance(word, Fault)
    assert "can't start new thread" in word.text


def test_a_new_leader_has_not_seen_what_was_said_before(consul: Consul) -> None:
    """It is told so."""
    inbox = Inbox()
    with waiting(consul, inbox):
        assert inbox.get(DEADLINE) == Moved("this watcher leads")
        word = inbox.get(DEADLINE)
    assert isinstance(word, Changed)
    assert word.unseen
