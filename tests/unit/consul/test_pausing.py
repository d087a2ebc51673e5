"""Pauses written, read, watched and ended, in a real agent's keys."""

from __future__ import annotations

import queue
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.consul import pausing
from lictor.consul.pausing import Pause, PauseWatch
from lictor.model import ConsulConnection
from tests.fakes import consul

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.client import Client
    from tests.fakes.consul import Consul

PATIENCE = 20.0
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def prefix() -> str:
    """Return a stack of the test's own."""
    return f"lictor/{uuid.uuid4()}/dev"


@pytest.fixture
def client(agent: Consul, make_client: Callable[..., Client]) -> Client:
    """Return a client of the agent."""
    return make_client(agent.url)


@pytest.mark.parametrize(
    "name", ["", "web", "a/b", "a b", "ü", "%2F", "paused", ".", "..", "a//b", "a=b", " "]
)
def test_there_and_back(client: Client, prefix: str, name: str) -> None:
    """What is written is what is read, whatever the name."""
    wanted = Pause(name, NOW + timedelta(minutes=30), 'ann "x"@host', NOW)
    assert not pausing.resume(client, prefix, name)
    pausing.pause(client, prefix, wanted)
    assert pausing.read(client, prefix) == (wanted,)
    assert pausing.resume(client, prefix, name)
    assert pausing.read(client, prefix) == ()


def test_a_stack_and_its_resources(agent: Consul, client: Client, prefix: str) -> None:
    """Each has a key of its own; a later pause takes the place of an earlier one."""
    pausing.pause(client, prefix, Pause("web", None, "a", NOW))
    pausing.pause(client, prefix, Pause("", None, "b", NOW))
    pausing.pause(client, prefix, Pause("web", NOW, "c", NOW))
    agent.call("PUT", f"/v1/kv/{prefix}/pausedX", {})
    found = pausing.read(client, prefix)
    assert [(one.name, one.by) for one in found] == [("", "b"), ("web", "c")]
    text = agent.call("GET", f"/v1/kv/{prefix}/paused/web?raw")
    assert text == {"until": "2026-11-21T12:00:00+00:00", "by": "c", "when": text["until"]}


def test_other_time_zones(client: Client, prefix: str) -> None:
    """Times are kept in UTC."""
    until = datetime.fromisoformat("2026-11-21T14:00:00+02:00")
    pausing.pause(client, prefix, Pause("", until))
    (found,) = pausing.read(client, prefix)
    assert found.until == NOW
    assert found.until.tzinfo is UTC


@pytest.mark.parametrize("value", ["1", "", "x", '{"until": 5}', '{"until": "soon"}'])
def test_a_value_by_hand_is_a_pause(agent: Consul, client: Client, prefix: str, value: str) -> None:
    """Who writes there in an incident means it, whatever the form."""
    agent.call("PUT", f"/v1/kv/{prefix}/paused", value)
    (found,) = pausing.read(client, prefix)
    assert found.holds(NOW)
    assert found.until is None


def test_a_time_by_hand_is_utc(agent: Consul, client: Client, prefix: str) -> None:
    """A time without a zone, and keys that are not ours."""
    agent.call("PUT", f"/v1/kv/{prefix}/paused", {"until": "2026-11-21T12:00:00", "why": "x"})
    (found,) = pausing.read(client, prefix)
    assert found.until == NOW
    assert found.holds(NOW - timedelta(seconds=1))
    assert not found.holds(NOW)


def test_changes_ring(agent: Consul, client: Client, prefix: str) -> None:
    """Once at the start, then for each change; what is written again unchanged rings nothing."""
    rung: queue.Queue[tuple[Pause, ...]] = queue.Queue()
    watch = PauseWatch(ConsulConnection(agent.url), prefix, rung.put)
    assert rung.get(timeout=PATIENCE) == ()
    first = Pause("web", None, "a", NOW)
    for _ in range(2):
        pausing.pause(client, prefix, first)
    assert rung.get(timeout=PATIENCE) == (first,)
    pausing.resume(client, prefix, "web")
    assert rung.get(timeout=PATIENCE) == ()
    begin = time.monotonic()
    watch.stop()
    assert time.monotonic() - begin < 5.0
    assert rung.empty()


def test_consul_away_and_back(prefix: str, make_client: Callable[..., Client]) -> None:
    """The trouble is told, the last pauses stand, and what comes back is read anew."""
    with consul.mortal() as mortal:
        pausing.pause(make_client(mortal.consul.url), prefix, Pause("web"))
        rung: queue.Queue[tuple[Pause, ...]] = queue.Queue()
        watch = PauseWatch(ConsulConnection(mortal.consul.url), prefix, rung.put)
        assert rung.get(timeout=PATIENCE) == (Pause("web"),)
        mortal.kill()
        end = time.monotonic() + PATIENCE
        while not watch.trouble:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert "cannot be reached" in watch.trouble
        assert rung.empty()
        mortal.revive()
        assert rung.get(timeout=PATIENCE) == ()
        assert watch.trouble == ""
        watch.stop()


def test_a_token_that_may_not(
    acl_agent: Consul, make_client: Callable[..., Client], prefix: str
) -> None:
    """The right that is missing is named: pauses that cannot be seen are not none."""
    with pytest.raises(errors.ConsulDenied, match="key"):
        pausing.read(make_client(acl_agent.url), prefix)
    with pytest.raises(errors.ConsulDenied, match=r'key_prefix "lictor/.*/paused" write'):
        pausing.pause(make_client(acl_agent.url), prefix, Pause())
    rules = 'service_prefix "" {policy="read"}'
    acl_agent.call("PUT", "/v1/acl/policy", {"Name": "p-none", "Rules": rules})
    token = acl_agent.call("PUT", "/v1/acl/token", {"Policies": [{"Name": "p-none"}]})["SecretID"]
    pausing.pause(make_client(acl_agent.url, token=acl_agent.token), prefix, Pause())
    with pytest.raises(errors.ConsulDenied, match="key_prefix"):
        pausing.read(make_client(acl_agent.url, token=token), prefix)
