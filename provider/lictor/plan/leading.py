"""Who carries the leader's tag: pure.

The rule: while there is a leader, some instance carries the tag. So the leader gets it before
anybody loses it, and nobody loses it where the leader did not get it::

    before        leader   steps                     after
    {}            b        give b                    {b}
    {a}           b        give b, take a            {b}
    {a, b}        b        take a                    {b}
    {b}           b        none                      {b}
    {a, x}        b        give b, take a            {b, x}    x is out of scope
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lictor import errors
from lictor.model import is_instance_id
from lictor.plan.addressing import meta_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from lictor.model import Machine, Raft, Server


@dataclass(frozen=True, slots=True)
class Give:
    """The tag is put on an instance."""

    id: str


@dataclass(frozen=True, slots=True)
class Take:
    """The tag is taken off instances."""

    ids: tuple[str, ...]


Step = Give | Take


@dataclass(frozen=True, slots=True)
class Tagging:
    """Who shall carry the tag.

    Attributes:
        leader: Id of the leader's instance -> where it runs.
        missing: Whether it does not carry the tag yet.
        clear: Id -> where it runs, of those that carry it and shall not.
    """

    leader: Mapping[str, str]
    missing: bool
    clear: Mapping[str, str] = field(default_factory=dict)

    def steps(self) -> Iterator[Step]:
        """List what is to be done, in order; where a step fails the later ones are left out."""
        if not self.leader:
            return
        if self.missing:
            yield from map(Give, self.leader)
        if self.clear:
            yield Take(tuple(sorted(self.clear)))


def told_id(server: Server) -> str:
    """Find the id that Consul tells for a server: node meta, then node name; empty for none."""
    return meta_id(server.meta) or (server.node if is_instance_id(server.node) else "")


def found(server: Server, machines: Sequence[Machine], matching: Collection[str]) -> Machine:
    """Choose the instance that has the leader's address.

    Args:
        server: The leader.
        machines: The instances that have its private address: several VPCs may use it.
        matching: Ids of those that match ``instance_filter``; all of them where there is none.

    Raises:
        errors.LeaderNotFound: There is none, or it is not clear which.
    """
    near = [machine for machine in machines if machine.id in matching]
    if len(near) == 1:
        return near[0]
    if machines and not near:
        ids = ", ".join(sorted(machine.id for machine in machines))
        raise errors.LeaderNotFound(
            f"of the EC2 instances ({ids}) that have the private address {server.address} of"
            f" Consul's leader {server.place} none matches instance_filter; correct it, or put the"
            " id into the node's meta as instance-id"
        )
    if not near:
        raise errors.LeaderNotFound(
            f"no EC2 instance has the private address {server.address} of Consul's leader"
            f" {server.place}; check region and account, or put its id into the node's meta as"
            " instance-id"
        )
    ids = ", ".join(sorted(machine.id for machine in near))
    raise errors.LeaderNotFound(
        f"several EC2 instances ({ids}) have the private address {server.address} of Consul's"
        f" leader {server.place}; narrow them down by instance_filter, such as vpc-id, or put the"
        " id into the node's meta as instance-id"
    )


def plan(
    leader: str,
    raft: Raft,
    carriers: Mapping[str, Machine],
    matching: Collection[str],
    before: Collection[str],
) -> Tagging:
    """Plan who carries the tag.

    An address tells a peer only among what matches: other networks may use it, too.

    Args:
        leader: Id of the leader's instance.
        raft: The leader and its peers.
        carriers: Id -> instance, of those that carry the tag now.
        matching: Ids of those that match ``instance_filter``; all of them where there is none.
        before: Ids of those that this resource has tagged.
    """
    peers = {told_id(peer) or peer.address: peer.place for peer in raft.peers}
    clear = {}
    for ident, machine in carriers.items():
        if ident != leader and (ident in peers or ident in matching or ident in before):
            clear[ident] = peers.get(ident) or peers.get(machine.address) or machine.address
    return Tagging({leader: raft.leader.place}, leader not in carriers, clear)
