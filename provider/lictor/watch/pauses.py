"""`lictor pause` and `resume`: a word to all watchers of a stack, by way of Consul's keys."""

from __future__ import annotations

import getpass
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lictor.consul import pausing
from lictor.consul.client import Client
from lictor.consul.pausing import Pause
from lictor.settings import connections
from lictor.watch import looking

if TYPE_CHECKING:
    from lictor.watch.engine.engine import Engine


def prefix(engine: Engine, lock_prefix: str) -> str:
    """Name what a stack has among Consul's keys: `lictor/PROJECT/STACK`."""
    stack = engine.project.stack.rpartition("/")[2]
    return f"{lock_prefix.strip('/')}/{engine.project.name}/{stack}"


def pause(engine: Engine, lock_prefix: str, name: str, seconds: float | None) -> str:
    """Have a resource, or for no name the stack, left alone; say so.

    A stack of files is named after their paths, so that files of another host may share the key.

    Args:
        engine: The stack's.
        lock_prefix: As the watchers have it.
        name: Of the resource.
        seconds: For how long; None until it is resumed.

    Raises:
        errors.LictorError: Nothing was written, or perhaps nothing.
    """
    now = datetime.now(UTC)  # noqa: TID251 - an edge
    until = now + timedelta(seconds=seconds) if seconds is not None else None
    wanted = Pause(name, until, f"{_user()}@{socket.gethostname()}", now)
    pausing.pause(_client(engine), prefix(engine, lock_prefix), wanted)
    how_long = f"until {until:%Y-%m-%dT%H:%M:%SZ}" if until else "until lictor resume"
    said = f"{name or 'the stack'} is paused {how_long}"
    if engine.declared is None:
        return said
    return f"{said}, by Consul's key {pausing.key_of(prefix(engine, lock_prefix), name)}"


def resume(engine: Engine, lock_prefix: str, name: str) -> str:
    """End a pause; say whether there was one.

    Raises:
        errors.LictorError: It may go on.
    """
    was = pausing.resume(_client(engine), prefix(engine, lock_prefix), name)
    return f"{name or 'the stack'} {'is resumed' if was else 'was not paused'}"


def _client(engine: Engine) -> Client:
    return Client(connections.consul(looking.config(engine).get, engine.env))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
