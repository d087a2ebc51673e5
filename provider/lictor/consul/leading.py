"""Rings when another server leads Consul's raft."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.consul import wire
from lictor.consul.client import Client, Patience
from lictor.consul.endless import Endless

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.model import ConsulConnection

EVERY = 1.0
"""Seconds between two looks. ``/v1/status/leader`` does not block; it is answered in a millisecond
without a look into the catalog, and an election takes longer than this."""


def leader(client: Client, datacenter: str = "") -> str:
    """Ask who leads a datacenter's servers.

    Args:
        client: Which Consul.
        datacenter: Whose leader; empty means the connection's, or the agent's own.

    Returns:
        The leader's address for other servers, ``10.0.0.1:8300``; empty while there is none.

    Raises:
        errors.ConsulError: There is no answer that can be trusted.
    """
    datacenter = datacenter or client.connection.datacenter
    params = [("dc", datacenter)] if datacenter else []
    return wire.leader(client.get("/v1/status/leader", params).body, remote=client.remote)


class LeaderWatch(Endless):
    """Asks who leads, and rings for each new one.

    Args:
        connection: Which Consul is asked.
        ring: Told of the leader's address, ``10.0.0.1:8300``: the first one, and each that is
            another than the last. Not told while there is none.
        datacenter: Whose leader; empty means the connection's, or the agent's own.
        known: Who is known to lead, of whom need not be told.
        every: Seconds between two looks.
    """

    def __init__(
        self,
        connection: ConsulConnection,
        ring: Callable[[str], None],
        *,
        datacenter: str = "",
        known: str = "",
        every: float = EVERY,
    ) -> None:
        super().__init__("consul-leader", self._look)
        self._client = Client(connection, Patience(pauses=()))
        self._ring = ring
        self._datacenter = datacenter
        self._every = every
        self._last = known
        self.start()

    def _look(self) -> float:
        """Look once."""
        found = leader(self._client, self._datacenter)
        if found and found != self._last:
            self._last = found
            self._ring(found)
        return self._every
