"""Pauses, kept in Consul's keys so that every watcher of a stack obeys them.

``lictor/PROJECT/STACK/paused`` pauses a stack, ``.../paused/NAME`` one resource of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from lictor import errors
from lictor.consul import blocking, keys, wire
from lictor.consul.client import Client, Patience
from lictor.consul.endless import Endless

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.wire import Pair
    from lictor.model import ConsulConnection

_WAIT = 50.0
_SPACING = 0.2
_TRIES = 5
"""So often in a row is a read refused, within some three seconds, before that is told: right after
a restart of Consul its ACLs may not be there yet."""


@dataclass(frozen=True, slots=True)
class Pause:
    """What must be left alone.

    Attributes:
        name: Name of a resource; empty for the whole stack.
        until: When it is over, in UTC; None until somebody ends it.
        by: Who wants it, for people.
        since: When it began, in UTC; None where nobody wrote that down.
    """

    name: str = ""
    until: datetime | None = None
    by: str = ""
    since: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is not over yet."""
        return self.until is None or now < self.until


def pause(client: Client, prefix: str, wanted: Pause) -> None:
    """Write a pause down, in place of one of the same name.

    Args:
        client: Which Consul.
        prefix: ``lictor/PROJECT/STACK``.
        wanted: The pause; its times carry a time zone.

    Raises:
        errors.ConsulError: It may not have been written.
    """
    texts = {
        "until": _text(wanted.until),
        "by": wanted.by,
        "when": _text(wanted.since),
    }
    keys.write(client, key_of(prefix, wanted.name), json.dumps(texts).encode())


def resume(client: Client, prefix: str, name: str = "") -> bool:
    """End a pause; False if there was none of that name.

    Raises:
        errors.ConsulError: It may go on.
    """
    was = any(found.name == name for found in read(client, prefix))
    keys.delete(client, key_of(prefix, name))
    return was


def read(client: Client, prefix: str) -> tuple[Pause, ...]:
    """List all pauses of a stack by name, those that are over included.

    Raises:
        errors.ConsulError: There is no answer that can be trusted.
    """
    return _pauses(keys.read(client, key_of(prefix), recurse=True), prefix)


class PauseWatch(Endless):
    """Rings when a pause is written, changed or ended.

    Args:
        connection: Which Consul.
        prefix: ``lictor/PROJECT/STACK``.
        ring: Told of all pauses, once at the start and whenever they are others than before. That
            the time of one is over rings nothing: its reader has a clock.
        unread: Told why pauses cannot be read, once for each time that this goes on for a while
            and for one reason.
        wait: Seconds of a long poll.
    """

    def __init__(
        self,
        connection: ConsulConnection,
        prefix: str,
        ring: Callable[[tuple[Pause, ...]], None],
        unread: Callable[[errors.ConsulError], None] = lambda _: None,
        *,
        wait: float = _WAIT,
    ) -> None:
        super().__init__("consul-pauses", self._look)
        self._client = Client(connection, Patience(pauses=()))
        self._prefix = prefix
        self._ring = ring
        self._unread = unread
        self._refused = 0
        self._denied = False
        self._wait = wait
        self._index = 0
        self._last: tuple[Pause, ...] | None = None
        self.start()

    def _look(self) -> float:
        """Wait for a change once; whatever fails for long is told."""
        try:
            spacing = self._read()
        except errors.ConsulError as error:
            denied = isinstance(error, errors.ConsulDenied)
            self._refused = self._refused + 1 if denied is self._denied else 1
            self._denied = denied
            if self._refused == _TRIES:
                self._unread(error)
            raise
        self._refused = 0
        return spacing

    def _read(self) -> float:
        """Wait for a change once."""
        asked, self._index = self._index, 0  # whatever fails begins anew
        key = key_of(self._prefix)
        found = keys.read(self._client, key, recurse=True, index=asked, wait=self._wait)
        if blocking.told(asked, found.index) is not blocking.Told.FELL:
            self._index = found.index
        pauses = _pauses(found, self._prefix)
        if pauses != self._last:
            self._last = pauses
            self._ring(pauses)
        return _SPACING


def _pauses(found: keys.Found, prefix: str) -> tuple[Pause, ...]:
    """Make pauses of keys; `pausedX` begins with `paused` and is none of them."""
    root = key_of(prefix)
    pauses = [
        _pause(_name(pair.key.removeprefix(root)[1:]), pair)
        for pair in found.pairs
        if pair.key == root or pair.key.startswith(f"{root}/")
    ]
    return tuple(sorted(pauses, key=lambda pause: pause.name))


def _pause(name: str, pair: Pair) -> Pause:
    """Read a pause; what somebody wrote there by hand is one too, without an end."""
    told = wire.pause(pair.value or b"")
    if told is None:
        return Pause(name, by="a value that is not lictor's")
    return Pause(name, told.until and _utc(told.until), told.by, told.when and _utc(told.when))


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat()


def key_of(prefix: str, name: str = "") -> str:
    """Name the key of a pause; a name is one part of it, whatever characters stand in it."""
    root = f"{prefix}/paused"
    return f"{root}/{_safe(name)}" if name else root


def _safe(name: str) -> str:
    """Write a name so that any may stand in a key; Consul looks through ``%`` and refuses some."""
    quoted = quote(name, safe="").replace("%", "=")
    return quoted.replace(".", "=2E") if name in (".", "..") else quoted


def _name(safe: str) -> str:
    """Read a name back."""
    return unquote(safe.replace("=", "%"))
