"""Who leads, told when it changes."""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING

from lictor.consul.leading import LeaderWatch
from lictor.model import ConsulConnection
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    import pytest

    from tests.fakes.consul import Consul
    from tests.fakes.odd_consul import OddConsul

PATIENCE = 20.0


def test_a_real_leader(agent: Consul) -> None:
    """Told once at the start."""
    rung: queue.Queue[str] = queue.Queue()
    watch = LeaderWatch(ConsulConnection(agent.url), rung.put, datacenter="dc1", every=0.01)
    assert rung.get(timeout=PATIENCE) == agent.call("GET", "/v1/status/leader")
    begin = time.monotonic()
    watch.stop()
    assert time.monotonic() - begin < 5.0
    assert rung.empty()


def test_who_listens_cannot_break_it(agent: Consul, caplog: pytest.LogCaptureFixture) -> None:
    """A ring that raises is trouble, which is logged, and the next look is taken all the same."""
    rung: queue.Queue[str] = queue.Queue()

    def ring(leader: str) -> None:
        rung.put(leader)
        if caplog.records == []:
            raise ValueError("no")

    watch = LeaderWatch(ConsulConnection(agent.url), ring, every=0.01)
    rung.get(timeout=PATIENCE)
    end = time.monotonic() + PATIENCE
    while "ValueError: no" not in caplog.text:
        assert time.monotonic() < end
        time.sleep(0.01)
    watch.stop()


def test_an_election(odd: OddConsul) -> None:
    """Nobody leads for a moment, or Consul does not say: told is the new one, and only if new."""
    one, two, none = (Odd(body=b'"10.0.0.%d:8300"' % n) for n in (1, 2, 0))
    none = Odd(body=b'""')
    odd.answers(one, one, none, one, Odd(status=500), Odd(body=b"<html>"), none, two)
    rung: queue.Queue[str] = queue.Queue()
    watch = LeaderWatch(ConsulConnection(odd.url), rung.put, every=0.01)
    assert rung.get(timeout=PATIENCE) == "10.0.0.1:8300"
    assert rung.get(timeout=PATIENCE) == "10.0.0.2:8300"
    assert watch.trouble == ""
    odd.answers(Odd(status=500, body=b"rpc error"))
    end = time.monotonic() + PATIENCE
    while not watch.trouble:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert "answered 500: rpc error" in watch.trouble
    watch.stop()
    assert rung.empty()
