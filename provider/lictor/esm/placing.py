"""Where a pinged node is in the network: read, moved and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.consul.aio import nodes, wire
from lictor.esm import coordinates
from lictor.esm.coordinates import Coordinate

if TYPE_CHECKING:
    from lictor.consul.aio.client import Client
    from lictor.consul.aio.wire import Node

SEGMENT = "consul-network-segment"
"""Meta of a node: segment of the network that its coordinate is of."""


async def place(client: Client, node: Node, rtt: float) -> bool:
    """Move a node's coordinate after an echo; tell whether that was worth a write.

    Args:
        client: Whom to ask and tell.
        node: Which node.
        rtt: What the echo took, in seconds.

    Raises:
        errors.ConsulError: It cannot be told.
    """
    segment = (node.meta or {}).get(SEGMENT, "")
    agent = await nodes.agent(client)
    if agent.coord is None:
        return False
    placed = await nodes.coordinates(client, node.node)
    old = next((_from(one.coord) for one in placed if one.segment == segment), None)
    moved = coordinates.update(old or Coordinate(), _from(agent.coord), rtt)
    if old is not None and coordinates.apart(old, moved) < coordinates.SMALL:
        return False
    point = wire.Point(moved.vec, moved.error, moved.adjustment, moved.height)
    await nodes.place(client, node.node, segment, point)
    return True


def _from(point: wire.Point) -> Coordinate:
    found = Coordinate(point.vec, point.error, point.adjustment, point.height)
    return found if found.valid else Coordinate()
