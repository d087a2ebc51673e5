"""Which of several watchers of a stack runs it: the one that holds the lock."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul.lock import Holder, Lock
from lictor.watch.inbox import Changed, Fault, Inbox, Moved
from lictor.watch.status import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lictor.model import ConsulConnection

_LOG = logging.getLogger(__name__)
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds after each refusal, before the last one counts: right after a restart of Consul its ACLs
may not be there yet."""


class Leadership:
    """Wants the lock for as long as it lives, and tells the loop of every change.

    Attributes:
        inbox: Where changes are left.
    """

    def __init__(
        self,
        connection: ConsulConnection,
        key: str,
        backend: str,
        inbox: Inbox,
        *,
        pauses: Sequence[float] = _PAUSES,
    ) -> None:
        """Begin to wait for the lock.

        Args:
            connection: Which Consul; the token needs key:write on the key, and session:write.
            key: The lock's.
            backend: Name of the backend: watchers of one stack on two backends would each take
                the other's targets for foreign.
            inbox: Where changes are left.
            pauses: Seconds after each time that the token is refused, before the last one counts.
        """
        self.inbox, self._backend = inbox, backend
        self._pauses = tuple(pauses)
        self._holder = ""
        self._stopping = threading.Event()
        self._lock = Lock(connection, key, backend, lost=self._lost)
        self._lacks = threading.Semaphore(1)
        self._thread = threading.Thread(target=self._wait, name="lictor-lock", daemon=True)
        self._thread.start()

    @property
    def leads(self) -> bool:
        """Whether a run may begin."""
        return self._lock.held

    @property
    def role(self) -> tuple[Role, str]:
        """What this watcher is, and who holds the lock."""
        return (Role.LEADER, self._backend) if self.leads else (Role.STANDBY, self._holder)

    def stop(self) -> None:
        """Let the lock go: another watcher takes over at once."""
        self._stopping.set()
        self._lacks.release()
        self._lock.release()

    def _wait(self) -> None:
        """Acquire the lock, each time that it is lacking."""
        try:
            while True:
                self._lacks.acquire()
                if self._stopping.is_set() or not self._acquired():
                    return
                self.inbox.put(Moved("this watcher leads"))
                self.inbox.put(Changed("leader", unseen=True))
        except errors.LictorError as error:
            self.inbox.put(Fault(str(error)))
        except Exception as error:  # noqa: BLE001 - without this thread it would stand by for ever
            _LOG.warning("%s", self._thread.name, exc_info=True)
            self.inbox.put(Fault(f"nobody waits for the lock: {type(error).__name__}: {error}"))

    def _acquired(self) -> bool:
        """Wait for the lock; False if it is wanted no more."""
        for pause in self._pauses:
            try:
                return self._lock.acquire(self._met)
            except errors.ConsulDenied:
                if self._stopping.wait(pause):
                    return False
        return self._lock.acquire(self._met)

    def _met(self, holder: Holder) -> None:
        """Look at who has it."""
        if holder.value != self._backend:
            raise errors.EngineError(
                f"the lock is held by a watcher of another backend ({holder.value}), ours is"
                f" {self._backend}; watch one backend only, or choose another --lock-prefix"
            )
        if self._holder != holder.value:
            self._holder = holder.value
            self.inbox.put(Moved("standby: another watcher leads"))

    def _lost(self, why: str) -> None:
        self.inbox.put(Moved(f"standby: the lock is lost: {why}"))
        self._holder = ""
        self._lacks.release()
