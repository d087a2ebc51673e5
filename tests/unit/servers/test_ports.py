"""Exactly Consul's ports, to members and to named clients."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.servers import ports
from lictor.servers.ports import Peer

MEMBERS = {(8300, "tcp"), (8301, "tcp"), (8301, "udp"), (8302, "tcp"), (8302, "udp")}
CLIENTS = MEMBERS - {(8302, "tcp"), (8302, "udp")}


def opened(rules: tuple[ports.Rule, ...], peer: Peer, source: str = "") -> set[tuple[int, str]]:
    """List what is open for one peer, each once."""
    found = [(r.port, r.protocol) for r in rules if (r.peer, r.source) == (peer, source)]
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize(
    ("tls", "dns", "api"),
    [
        (False, False, {(8500, "tcp"), (8502, "tcp")}),
        (True, False, {(8501, "tcp"), (8503, "tcp")}),
        (False, True, {(8500, "tcp"), (8502, "tcp"), (8600, "tcp"), (8600, "udp")}),
        (True, True, {(8501, "tcp"), (8503, "tcp"), (8600, "tcp"), (8600, "udp")}),
    ],
)
def test_what_is_open(tls: bool, dns: bool, api: set[tuple[int, str]]) -> None:  # noqa: FBT001 - the cases
    """Members gossip over the WAN, too; whoever is not named reaches nothing."""
    rules = ports.rules(tls=tls, dns=dns, groups=["sg-1"], blocks=["10.0.0.0/8"])
    assert opened(rules, Peer.MEMBERS) == MEMBERS | api
    assert opened(rules, Peer.GROUP, "sg-1") == CLIENTS | api
    assert opened(rules, Peer.BLOCK, "10.0.0.0/8") == CLIENTS | api
    assert {rule.peer for rule in ports.rules(tls=tls, dns=dns)} == {Peer.MEMBERS}


@given(st.booleans(), st.lists(st.text(min_size=1), unique=True, max_size=4))
def test_what_is_open_listens(tls: bool, groups: list[str]) -> None:  # noqa: FBT001 - the cases
    """No rule opens a port on which nothing listens, and what listens is reached."""
    listening = {port for port in ports.listening(tls=tls).values() if port > 0}
    rules = ports.rules(tls=tls, dns=True, groups=groups)
    assert {rule.port for rule in rules} - {8300, 8301, 8302} == listening
    assert {rule.source for rule in rules if rule.peer is Peer.GROUP} == set(groups)
