"""What all watchers of a stack agree on by Consul's keys: who leads, and what is left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul.pausing import PauseWatch
from lictor.settings import connections
from lictor.watch import looking, pauses
from lictor.watch.clock import Clock
from lictor.watch.inbox import Paused, Unread
from lictor.watch.leadership import Leadership
from lictor.watch.orders import Orders

if TYPE_CHECKING:
    from contextlib import ExitStack

    from lictor.model import ConsulConnection
    from lictor.watch.engine.engine import Engine
    from lictor.watch.inbox import Inbox


@dataclass(frozen=True, slots=True)
class Terms:
    """How far a watcher takes part.

    Attributes:
        prefix: What the keys of all stacks begin with.
        leads: Whether it wants to lead, and runs only then.
        pauses: Whether it obeys pauses.
    """

    prefix: str
    leads: bool = True
    pauses: bool = True


def begin(
    engine: Engine, terms: Terms, inbox: Inbox, ends: ExitStack
) -> tuple[Leadership | None, Orders]:
    """Begin to wait for the lock, and to listen for pauses; without them where so wished.

    Raises:
        errors.LictorError: The stack's config or its backend cannot be told.
    """
    if not terms.pauses and not terms.leads:
        return None, Orders(Clock().now)
    connection = connections.consul(looking.config(engine).get, engine.env)
    prefix = pauses.prefix(engine, terms.prefix)
    orders = _orders(connection, prefix, inbox, ends) if terms.pauses else Orders(Clock().now)
    if not terms.leads:
        return None, orders
    leadership = Leadership(connection, f"{prefix}/lock", looking.backend(engine), inbox)
    ends.callback(leadership.stop)
    return leadership, orders


def _orders(connection: ConsulConnection, prefix: str, inbox: Inbox, ends: ExitStack) -> Orders:
    """Begin to listen for pauses; until they are read, nothing is known of them."""

    def unread(error: errors.ConsulError) -> None:
        inbox.put(Unread(str(error), denied=isinstance(error, errors.ConsulDenied)))

    watched = PauseWatch(connection, prefix, lambda found: inbox.put(Paused(found)), unread)
    ends.callback(watched.stop)
    return Orders(Clock().now, known=False, trouble=lambda: watched.trouble)
