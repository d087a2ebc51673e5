"""Whether a process that wrote its host's name and its number somewhere is gone, for certain.

A container counts processes for itself, and goes by the name of the machine that it runs on where
it shares its network (Docker copies the name, Kubernetes shares it): a number of one side says
nothing on the other. So nobody judges who may share the machine's name and does not see its
processes; and whoever sees them looks into containers.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MACHINE_PID, _MACHINE_UTS = 0xEFFFFFFC, 0xEFFFFFFE
"""Inodes of the machine's own namespaces: ``include/linux/proc_ns.h``."""


def gone(host: str, pid: int) -> bool:
    """Whether a process has ended; False where nobody can tell from here."""
    if host != socket.gethostname() or not _sees():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return pid not in _inner()
    except (PermissionError, OverflowError):
        return False
    return False


def _sees() -> bool:
    """Whether we see all processes that go by our host's name."""
    if sys.platform != "linux":
        return True
    try:
        pid, uts = (Path("/proc/self/ns", name).stat().st_ino for name in ("pid", "uts"))
        wired = any(Path(net, "device").exists() for net in Path("/sys/class/net").iterdir())
        return Path("/proc/1").exists() and judges(pid, uts, wired=wired)
    except OSError:
        return False


def judges(pid: int, uts: int, *, wired: bool) -> bool:
    """Whether who lives in these namespaces, by their inodes, may judge.

    Args:
        pid: In which processes are counted.
        uts: In which the host has its name.
        wired: Whether a network card of the machine is seen: then its network is shared.
    """
    return pid == _MACHINE_PID or (uts != _MACHINE_UTS and not wired)


def _inner() -> set[int]:
    """List the numbers that processes have in containers."""
    return {number for status in Path("/proc").glob("[0-9]*/status") for number in _counted(status)}


def _counted(status: Path) -> Iterator[int]:
    with suppress(OSError):  # it has ended meanwhile
        for line in status.read_text(errors="replace").splitlines():
            if line.startswith("NSpid:"):
                yield from map(int, line.split()[1:])
