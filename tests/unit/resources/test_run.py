"""What the resources of one run share, from several threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

from lictor import errors
from lictor.model import ConsulConnection
from lictor.resources.claims import Who
from lictor.resources.run import Run

if TYPE_CHECKING:
    from lictor.consul.client import Client

HERE, OTHER = ConsulConnection("http://here"), ConsulConnection("http://there")


class Slow:
    """A client of a Consul that answers late, and then with an error."""

    def __init__(self, connection: ConsulConnection) -> None:
        """Take a connection."""
        self.connection = connection
        self.asked, self.answers = threading.Event(), threading.Event()
        self.times = 0

    def get(self, *_: object) -> object:
        """Wait for the answer."""
        self.times += 1
        self.asked.set()
        assert self.answers.wait(10)
        raise errors.ConsulError("down")


def test_a_slow_consul_keeps_only_those_who_wait_for_it() -> None:
    """Who asks the same waits for the one answer; who asks something else does not."""
    run, slow, quick = Run(), Slow(HERE), Slow(OTHER)
    quick.answers.set()
    with ThreadPoolExecutor(3) as threads:
        try:
            first = threads.submit(run.nodes, cast("Client", slow), "dc1")
            assert slow.asked.wait(10)
            again = threads.submit(run.nodes, cast("Client", slow), "dc1")
            note = threads.submit(run.note_unknown, "arn", Who("web"), {"key": "why"})
            note.result(5)
            assert run.unknown("arn", Who("web")) == {"key": "why"}
            assert threads.submit(run.nodes, cast("Client", quick), "dc1").result(5) == ()
            assert not first.done()
        finally:
            slow.answers.set()
        assert first.result() == again.result() == ()
    assert slow.times == 1
