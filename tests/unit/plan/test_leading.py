"""Who carries the leader's tag: at every moment somebody, in the end the leader alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor import errors
from lictor.model import Machine, Raft, Server
from lictor.plan import leading
from lictor.plan.leading import Give, Take

IDS = [f"i-{number:017x}" for number in range(6)]
MACHINES = {ident: Machine(ident, f"10.0.0.{n}", "vpc-1") for n, ident in enumerate(IDS)}
some = st.sets(st.sampled_from(IDS))


def server(ident: str, told: str) -> Server:
    """Make a server whose id is told by node meta, by its node's name, or not at all."""
    address = MACHINES[ident].address
    if told == "meta":
        return Server(address, f"node-{ident[-1]}", "dc1", {"instance_id": ident})
    return Server(address, ident if told == "name" else f"node-{ident[-1]}", "dc1")


@given(
    leader=st.sampled_from(IDS),
    peers=some,
    told=st.sampled_from(["meta", "name", "address"]),
    carrying=some,
    matching=some,
    before=some,
)
def test_while_there_is_a_leader_somebody_carries_the_tag(  # noqa: PLR0913, PLR0917 - a cluster
    leader: str,
    peers: set[str],
    told: str,
    carrying: set[str],
    matching: set[str],
    before: set[str],
) -> None:
    """After each step, whichever is the last that succeeds; and all of them leave one in scope."""
    everyone = tuple(server(ident, told) for ident in sorted(peers | {leader}))
    raft = Raft(server(leader, told), everyone)
    carriers = {ident: MACHINES[ident] for ident in carrying}
    planned = leading.plan(leader, raft, carriers, matching, before)
    now, had = set(carrying), bool(carrying)
    for step in planned.steps():
        if isinstance(step, Give):
            now.add(step.id)
        else:
            for ident in step.ids:
                now.discard(ident)
                assert now, "nobody carries the tag"
        assert now or not had
    told_peers = peers if told != "address" else set()  # an address tells only what matches
    scope = told_peers | matching | before | {leader}
    assert now & scope == {leader}
    assert now - scope == carrying - scope
    again = leading.plan(leader, raft, {i: MACHINES[i] for i in now}, matching, before)
    assert list(again.steps()) == []


def test_nobody_leads() -> None:
    """Then nothing is done, whatever else is known."""
    assert list(leading.Tagging({}, missing=True, clear={IDS[0]: "a"}).steps()) == []


def test_the_order() -> None:
    """The leader first, then all others at once; where each runs is told."""
    raft = Raft(server(IDS[1], "meta"), (server(IDS[0], "meta"), server(IDS[1], "meta")))
    carriers = {ident: MACHINES[ident] for ident in (IDS[0], IDS[3])}
    planned = leading.plan(IDS[1], raft, carriers, [IDS[3]], [])
    assert list(planned.steps()) == [Give(IDS[1]), Take((IDS[0], IDS[3]))]
    assert planned.leader == {IDS[1]: "node-1 (dc1)"}
    assert planned.clear == {IDS[0]: "node-0 (dc1)", IDS[3]: "10.0.0.3"}


@pytest.mark.parametrize(
    ("have", "matching", "text"),
    [
        ([], [], r"no EC2 instance has the private address 10\.0\.0\.9 .* node-9 \(dc1\); check"),
        (IDS[:2], IDS, rf"several EC2 instances \({IDS[0]}, {IDS[1]}\) have .* by instance_filter"),
        (IDS[:3], IDS[:2], "several EC2 instances"),
        (IDS[:1], [], rf"\({IDS[0]}\) that have .* 10\.0\.0\.9 .* none matches instance_filter"),
    ],
)
def test_a_leader_that_cannot_be_told(have: list[str], matching: list[str], text: str) -> None:
    """One clear line."""
    leader = Server("10.0.0.9", "node-9", "dc1")
    with pytest.raises(errors.LeaderNotFound, match=text):
        leading.found(leader, [MACHINES[ident] for ident in have], matching)


def test_an_address_in_several_networks() -> None:
    """The filter tells which is meant, and which peers: another cluster's leader keeps its tag."""
    leader = Server("10.0.0.0", "node-0", "dc1")
    ours, theirs, peer = IDS[0], IDS[1], IDS[2]
    both = [Machine(ours, "10.0.0.0", "vpc-1"), Machine(theirs, "10.0.0.0", "vpc-2")]
    assert leading.found(leader, both, [ours]).id == ours
    raft = Raft(leader, (leader, Server("10.0.0.2", "node-2", "dc1")))
    twin = Machine(IDS[3], "10.0.0.2", "vpc-2")
    carriers = {machine.id: machine for machine in (*both, MACHINES[peer], twin)}
    planned = leading.plan(ours, raft, carriers, [ours, peer], [])
    assert planned.clear == {peer: "node-2 (dc1)"}


def test_what_consul_tells() -> None:
    """Meta before the node's name; what is no id is none."""
    assert leading.told_id(Server("10.0.0.1", IDS[0], "dc1", {"instance-id": IDS[1]})) == IDS[1]
    assert leading.told_id(Server("10.0.0.1", IDS[0], "dc1", {"instance-id": "web-1"})) == IDS[0]
    assert leading.told_id(Server("10.0.0.1", "server-1")) == ""
    assert Server("10.0.0.1").place == "10.0.0.1"
