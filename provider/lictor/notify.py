"""Telling systemd how the watch is: datagrams to the socket that it names, as `sd_notify` sends."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MICRO = 1_000_000


class Notifier:
    """Says what a unit of ``Type=notify`` may say; says nothing where nobody listens.

    A manager that does not answer is no reason to stop: what cannot be sent is let go.

    Args:
        env: The environment; ``NOTIFY_SOCKET`` in it names the socket, a path or, from an ``@``
            on, a name in the abstract namespace.

    Attributes:
        pause: Seconds between two signs of life, half of what the unit's ``WatchdogSec`` allows;
            None where it asks for none.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        name = env.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        limit, pid = env.get("WATCHDOG_USEC", ""), env.get("WATCHDOG_PID", "")
        meant = limit.isdecimal() and pid in {"", str(os.getpid())}
        self.pause = int(limit) / _MICRO / 2 if meant else None

    def ready(self, status: str = "") -> None:
        """Say that the start is done."""
        self._send("READY=1", *([_status(status)] if status else []))

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1")

    def alive(self, status: str = "") -> None:
        """Give a sign of life, as ``WatchdogSec`` wants it, and what `systemctl status` shows."""
        self._send("WATCHDOG=1", *([_status(status)] if status else []))

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.settimeout(1.0)
            door.sendto("\n".join(lines).encode(), self._address)


def _status(text: str) -> str:
    return f"STATUS={' '.join(text.split())}"
