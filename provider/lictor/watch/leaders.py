"""Whose leaders are watched: those that the last run's leader tags follow."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lictor.consul.leading import LeaderWatch
from lictor.watch.inbox import Changed, Inbox
from lictor.watch.status import Failing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lictor.model import ConsulConnection
    from lictor.resources.run import Led

    Place = tuple[ConsulConnection, str]
    """A Consul, and one of its datacenters."""


class Leaders:
    """Keeps a watch for each datacenter whose leader is followed.

    Attributes:
        inbox: Where changes are left.
    """

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self._led: dict[str, Led] = {}
        self._watches: dict[Place, LeaderWatch] = {}

    def follow(self, led: Mapping[str, Led], *, also: Collection[str] = ()) -> None:
        """Watch these leaders, and no others.

        Args:
            led: Whose leader a run asked for, and who it was, by the resource of which URN.
            also: URNs that were not asked for anew in that run: whom they followed, stays.
        """
        self._led = {**{urn: one for urn, one in self._led.items() if urn in also}, **led}
        known = {(one.connection, one.datacenter): one.leader for one in self._led.values()}
        for place in set(self._watches) - set(known):
            self._watches.pop(place).stop()
        for place in set(known) - set(self._watches):
            connection, datacenter = place
            self._watches[place] = LeaderWatch(
                connection, partial(self._ring, place), datacenter=datacenter, known=known[place]
            )

    def watched(self) -> tuple[int, list[Failing]]:
        """Tell how many are watched, and which do not answer."""
        watches = dict(self._watches)
        failing = [
            Failing(_named(datacenter), watch.trouble)
            for (_, datacenter), watch in watches.items()
            if watch.trouble
        ]
        return len(watches), failing

    def _ring(self, place: Place, leader: str) -> None:
        urns = frozenset(
            urn for urn, one in self._led.items() if (one.connection, one.datacenter) == place
        )
        self.inbox.put(Changed(f"{_named(place[1])} is {leader}", urns=urns or None))


def _named(datacenter: str) -> str:
    return f"the leader of {datacenter}" if datacenter else "the leader"
