"""What Consul is watched for: the sources of the last run, each question once."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from lictor.consul import questions
from lictor.consul.watching import Watcher
from lictor.watch.inbox import Changed, Inbox
from lictor.watch.leaders import Leaders
from lictor.watch.status import Failing, Watched

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lictor.consul.watch import Change
    from lictor.model import ConsulConnection, Source
    from lictor.resources.run import Led

    Askers = Mapping[ConsulConnection, Mapping[str, tuple[Source, ...]]]


class Questions:
    """Keeps a watcher for each Consul that is asked.

    Attributes:
        inbox: Where changes are left.
        poll: How often prepared queries are executed though nothing rang, in seconds.
    """

    def __init__(self, inbox: Inbox, poll: float = 30.0) -> None:
        self.inbox, self.poll = inbox, poll
        self._watchers: dict[ConsulConnection, Watcher] = {}
        self._askers: Askers = {}
        self._leaders = Leaders(inbox)

    def follow(
        self,
        asked: Askers,
        led: Mapping[str, Led] | None = None,
        *,
        also: Collection[str] = (),
    ) -> None:
        """Watch what was asked, and nothing else.

        Args:
            asked: What a run asked of each Consul, by the resource of which URN.
            led: Whose leader it asked for, by the resource of which URN.
            also: URNs that were not asked for anew in that run: what they asked before, stays.
        """
        self._leaders.follow(led or {}, also=also)
        asked = {**{connection: {} for connection in self._askers if also}, **asked}
        self._askers = {
            connection: {**_only(self._askers.get(connection, {}), also), **askers}
            for connection, askers in asked.items()
        }
        for connection in set(self._watchers) - set(asked):
            self._watchers.pop(connection).stop()
        for connection, askers in self._askers.items():
            if connection not in self._watchers:
                ring = partial(self._ring, connection)
                self._watchers[connection] = Watcher(connection, ring, poll=self.poll)
            self._watchers[connection].follow(list(chain.from_iterable(askers.values())))

    def watched(self) -> Watched:
        """Tell what is watched, for the board."""
        polled = turns = 0
        failing: list[Failing] = []
        indexes: list[int] = []
        for watcher in tuple(self._watchers.values()):
            found = watcher.snapshot()
            polled, turns = polled + found.long_polls, turns + found.in_turn
            failing += [Failing(str(s.question), s.error) for s in found.states if s.error]
            indexes += [state.index for state in found.states]
        leaders, silent = self._leaders.watched()
        polled, failing = polled + leaders, failing + silent
        return Watched(polled, turns, tuple(failing), max(indexes, default=None))

    def _ring(self, connection: ConsulConnection, change: Change) -> None:
        if change.moved or change.reset:
            urns = frozenset(
                urn
                for urn, sources in self._askers.get(connection, {}).items()
                if change.question in questions.of(sources, connection)
            )
            self.inbox.put(Changed(str(change.question), unseen=change.reset, urns=urns or None))

    def stop(self) -> None:
        """End all watches."""
        self.follow({})


def _only(
    askers: Mapping[str, tuple[Source, ...]], urns: Collection[str]
) -> dict[str, tuple[Source, ...]]:
    return {urn: sources for urn, sources in askers.items() if urn in urns}
