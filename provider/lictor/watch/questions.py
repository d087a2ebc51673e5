"""What Consul is watched for: the sources of the last run, each question once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.consul.watching import Watcher
from lictor.watch.inbox import Changed, Inbox
from lictor.watch.status import Failing, Watched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.consul.watch import Change
    from lictor.model import ConsulConnection, Source


class Questions:
    """Keeps a watcher for each Consul that is asked.

    Attributes:
        inbox: Where changes are left.
        poll: How often prepared queries are executed though nothing rang, in seconds.
    """

    def __init__(self, inbox: Inbox, poll: float = 30.0) -> None:
        self.inbox, self.poll = inbox, poll
        self._watchers: dict[ConsulConnection, Watcher] = {}

    def follow(self, asked: Mapping[ConsulConnection, tuple[Source, ...]]) -> None:
        """Watch what the last run asked, and nothing else."""
        for connection in set(self._watchers) - set(asked):
            self._watchers.pop(connection).stop()
        for connection, sources in asked.items():
            if connection not in self._watchers:
                self._watchers[connection] = Watcher(connection, self._ring, poll=self.poll)
            self._watchers[connection].follow(sources)

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
        return Watched(polled, turns, tuple(failing), max(indexes, default=None))

    def _ring(self, change: Change) -> None:
        if change.moved or change.reset:
            self.inbox.put(Changed(str(change.question), unseen=change.reset))

    def stop(self) -> None:
        """End all watches."""
        self.follow({})
