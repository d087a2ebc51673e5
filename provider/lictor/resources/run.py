"""One run of the engine: what its resources must know of each other, and need not ask twice.

The stock host starts a process for each run; a servicer that stays makes one of these for each.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lictor import errors
from lictor.resources.claims import Claims
from lictor.resources.sole import Sole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lictor.aws.instances import Instances
    from lictor.consul.client import Client
    from lictor.model import AWSAccess, ConsulConnection, Source
    from lictor.resources.claims import Who


@dataclass
class _Once:
    """An answer that is asked for once.

    Attributes:
        lock: Held while it is.
        said: The answer; None before it is there.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    said: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Led:
    """A datacenter whose leader matters.

    Attributes:
        connection: Which Consul is asked.
        datacenter: Which; empty for the connection's, or the agent's own.
        leader: Who leads, as Consul speaks it; empty while nobody knows.
    """

    connection: ConsulConnection
    datacenter: str
    leader: str = ""


class Run:
    """One run of the engine; safe between threads.

    Attributes:
        claims: Who wants which targets.
        sole: Who has what only one may have.
    """

    def __init__(self) -> None:
        self.claims = Claims()
        self.sole = Sole()
        self._lock = threading.Lock()
        self._instances: dict[AWSAccess, Instances] = {}
        self._nodes: dict[tuple[ConsulConnection, str], _Once] = {}
        self._unknown: dict[tuple[str, Who], Mapping[str, str]] = {}
        self._asked: dict[ConsulConnection, dict[str, tuple[Source, ...]]] = {}
        self._led: dict[str, Led] = {}

    def instances(self, access: AWSAccess) -> Instances:
        """Return what EC2 has said in this run to whoever asks so."""
        from lictor.aws.instances import Instances  # noqa: PLC0415 - boto3, only where needed

        with self._lock:
            return self._instances.setdefault(access, Instances(access))

    def nodes(self, client: Client, datacenter: str) -> tuple[str, ...]:
        """List the addresses of a datacenter's nodes, read once; none where Consul does not say.

        Good for guesses only: see :func:`lictor.consul.nodes.addresses`.
        """
        from lictor.consul import nodes  # noqa: PLC0415 - Consul's client, only where needed

        with self._lock:
            once = self._nodes.setdefault((client.connection, datacenter), _Once())
        with once.lock:  # only who needs the same answer waits for it
            if once.said is None:
                try:
                    once.said = nodes.addresses(client, datacenter)
                except errors.ConsulError:
                    once.said = ()
            return once.said

    def note_asked(
        self, connection: ConsulConnection, asker: str, sources: Sequence[Source]
    ) -> None:
        """Note what a resource asks of a Consul, whatever is answered."""
        with self._lock:
            self._asked.setdefault(connection, {})[asker] = tuple(sources)

    def asked(self) -> dict[ConsulConnection, Mapping[str, tuple[Source, ...]]]:
        """Tell what was asked, and by whom: whoever waits for changes waits for these."""
        with self._lock:
            return {connection: dict(askers) for connection, askers in self._asked.items()}

    def note_led(self, asker: str, led: Led) -> None:
        """Note whose leader a resource asks for, and who it is."""
        with self._lock:
            self._led[asker] = led

    def led(self) -> dict[str, Led]:
        """Tell whose leaders were asked for, by the resource of which URN."""
        with self._lock:
            return dict(self._led)

    def note_unknown(self, arn: str, who: Who, reasons: Mapping[str, str]) -> None:
        """Note why instances of a resource have no id: key -> reason, in place of what was noted.

        It is found out when the resource is checked, and told when it is applied.
        """
        with self._lock:
            self._unknown[arn, who] = dict(reasons)

    def unknown(self, arn: str, who: Who) -> Mapping[str, str]:
        """Return what was noted; nothing where the resource was not checked in this run."""
        with self._lock:
            return self._unknown.get((arn, who), {})
