"""Who leads, as a real Consul and an odd one tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.consul import raft
from lictor.model import Server
from tests.fakes import consul
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.client import Client
    from tests.fakes.consul import Consul
    from tests.fakes.odd_consul import OddConsul

SURE = {"X-Consul-Effective-Consistency": "consistent"}
LEADER, PEERS = Odd(body=b'"10.0.0.1:8300"'), Odd(body=b'["10.0.0.1:8300", "10.0.0.2:8300"]')
LISTED = b"""[
  {"Node": "a", "Address": "10.0.0.1", "Datacenter": "dc9", "ServicePort": 8300,
   "NodeMeta": {"instance-id": "i-0abc"}},
  {"Node": "b", "Address": "10.0.0.2", "Datacenter": "dc9", "ServicePort": 8301, "NodeMeta": null}
]"""


def test_a_real_leader(agent: Consul, make_client: Callable[..., Client]) -> None:
    """The one server that there is, with its node; the datacenter may be named."""
    for datacenter in ("", "dc1"):
        found = raft.read(make_client(agent.url), datacenter)
        assert (found.leader.node, found.leader.datacenter) == ("server", "dc1")
        assert found.peers == (found.leader,)
        assert found.spoken == agent.call("GET", "/v1/status/leader")


def test_the_leader_of_another_datacenter(make_client: Callable[..., Client]) -> None:
    """Asked through an agent of the first one."""
    with consul.start() as one, consul.second(one) as two:
        found = raft.read(make_client(one.url), "dc2")
        assert (found.leader.node, found.leader.datacenter) == ("server-2", "dc2")
        assert found.spoken == two.call("GET", "/v1/status/leader")


def test_servers_by_address_and_port(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """One that the catalog has under another port is known by its address alone."""
    odd.answers(LEADER, PEERS, Odd(body=LISTED, headers=SURE))
    found = raft.read(make_client(odd.url), "dc9")
    assert found.leader == Server("10.0.0.1", "a", "dc9", {"instance-id": "i-0abc"})
    assert found.peers == (found.leader, Server("10.0.0.2"))
    paths = [asked.path for asked in odd.asked[-3:]]
    assert all("dc=dc9" in path for path in paths)
    assert "consistent" in paths[-1]


def test_an_address_of_version_6(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """Raft writes it in brackets, the catalog without."""
    listed = b'[{"Node": "a", "Address": "fd00::1", "Datacenter": "dc1", "ServicePort": 8300}]'
    odd.answers(Odd(body=b'"[fd00::1]:8300"'), Odd(body=b"[]"), Odd(body=listed, headers=SURE))
    assert raft.read(make_client(odd.url)).leader == Server("fd00::1", "a", "dc1")


@pytest.mark.parametrize(
    ("answers", "kind", "text"),
    [
        ((Odd(body=b'""'), PEERS), errors.ConsulNotReady, "knows no leader of dc9: nothing is"),
        ((Odd(body=b"<html>"),), errors.ConsulNotReady, "leader of dc9: .* is there a proxy"),
        ((Odd(status=500, body=b"No path"),), errors.ConsulError, "leader of dc9: .*No path"),
        ((Odd(status=403),), errors.ConsulDenied, "leader of dc9: "),
        (
            (LEADER, PEERS, Odd(headers={"X-Consul-Results-Filtered-By-ACLs": "true"})),
            errors.ConsulDenied,
            "left out results that the token may not see",
        ),
        (
            (LEADER, PEERS, Odd(headers={"X-Consul-KnownLeader": "false"})),
            errors.ConsulNotReady,
            "has no leader",
        ),
    ],
    ids=["nobody", "proxy", "datacenter", "token", "filtered", "lost"],
)
def test_answers_that_tell_no_leader(
    odd: OddConsul,
    make_client: Callable[..., Client],
    answers: tuple[Odd, ...],
    kind: type[errors.ConsulError],
    text: str,
) -> None:
    """Each is an error that says whose leader is not known, and why."""
    odd.answers(*answers, Odd())
    with pytest.raises(kind, match=text):
        raft.read(make_client(odd.url), "dc9")


def test_an_anonymous_question(acl_agent: Consul, make_client: Callable[..., Client]) -> None:
    """Nobody is told which servers there are: an empty catalog is no answer."""
    with pytest.raises(errors.ConsulDenied, match="denies by default"):
        raft.read(make_client(acl_agent.url))
