"""Rings when another server leads Consul's raft."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.consul import endless, wire
from lictor.consul.client import Client, Patience

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.model import ConsulConnection

EVERY = 1.0
"""Seconds between two looks. ``/v1/status/leader`` does not block; it is answered in a millisecond
without a look into the catalog, and an election takes longer than this."""


class LeaderWatch:
    """Asks who leads, and rings for each new one.

    Args:
        connection: Which Consul is asked.
        ring: Told of the leader's address, ``10.0.0.1:8300``: the first one, and each that is
            another than the last. Not told while there is none.
        datacenter: Whose leader; empty means the connection's, or the agent's own.
        every: Seconds between two looks.
    """

    def __init__(
        self,
        connection: ConsulConnection,
        ring: Callable[[str], None],
        *,
        datacenter: str = "",
        every: float = EVERY,
    ) -> None:
        self._client = Client(connection, Patience(pauses=()))
        self._ring = ring
        self._datacenter = datacenter or connection.datacenter
        self._every = every
        self._last = ""
        self._thread = endless.Endless("consul-leader", self._look)
        self._thread.start()

    @property
    def trouble(self) -> str:
        """Why nobody knows who leads, in words; empty if somebody does."""
        return self._thread.trouble

    def stop(self) -> None:
        """End the watch, within a second."""
        self._thread.stop()

    def _look(self) -> float:
        """Look once."""
        params = [("dc", self._datacenter)] if self._datacenter else []
        reply = self._client.get("/v1/status/leader", params)
        leader = wire.leader(reply.body, remote=self._client.remote)
        if leader and leader != self._last:
            self._last = leader
            self._ring(leader)
        return self._every
