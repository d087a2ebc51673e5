"""A CLI that has started already, and waits for the word to go.

Half of what a short `pulumi up` takes is the CLI's own start: its packages, the stack's config,
the key of its secrets (the passphrase provider derives it in 0.1 s). Before it locks the stack and
reads its state, the CLI asks the language host about its version (``About``): a host that lets it
wait there has a CLI that needs nothing but to begin. It holds no lock meanwhile.

A CLI that does not ask goes on by itself: it makes a run that nobody waited for, which changes
nothing that is not due, and :attr:`Standby.waits` tells so.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from pulumi.automation._server import LanguageServer

from lictor.watch.engine.child import Started

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from lictor.watch.engine.project import Project

_AGE = 1800.0
"""Seconds after which a waiting CLI is started anew: what it has read grows old."""
_ASKS = 10.0
"""Seconds within which a CLI has come to its question."""


class Gate(LanguageServer):
    """A language host that answers about itself when it is told to."""

    def __init__(self, program: Callable[[], Awaitable[None]]) -> None:
        super().__init__(program)
        self.shut()

    def shut(self) -> None:
        """Let the next one that asks wait."""
        self._asked, self._opened = threading.Event(), threading.Event()

    def open(self) -> None:
        """Let the one that waits go on."""
        self._opened.set()

    def asked(self, timeout: float) -> bool:
        """Wait until one has asked, for so many seconds."""
        return self._asked.wait(timeout)

    def About(self, request: Any, context: Any) -> Any:  # noqa: N802, ANN401 - gRPC's
        """Answer who we are, when the gate is open."""
        asked, opened = self._asked, self._opened
        asked.set()
        opened.wait()
        return super().About(request, context)  # type: ignore[no-untyped-call] # the SDK's


class Standby:
    """Keeps one command of the CLI ready.

    Attributes:
        gate: Where it waits.
        waits: Whether CLIs wait there; False once one did not.
    """

    def __init__(self, gate: Gate, project: Project, env: Mapping[str, str]) -> None:
        self.gate, self.waits = gate, True
        self._project, self._env = project, env
        self._ready: tuple[tuple[str, ...], Started, float, object] | None = None

    def prepare(self, words: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a command that will be wanted; one that is ready stays."""
        if not self.waits or (self._ready and self._fresh(words)):
            return
        self.drop()
        self.gate.shut()
        started = Started(self._project.folder, words, {**self._env, **env})
        self._ready = (tuple(words), started, time.monotonic(), self._read())

    def take(self, words: Sequence[str]) -> Started | None:
        """Let a command go that is ready; None where none is, or what it has read is old."""
        if self._ready is None or not self._fresh(words):
            self.drop()
            return None
        started, self._ready = self._ready[1], None
        self.waits = self.gate.asked(_ASKS)
        self.gate.open()
        return started

    def drop(self) -> None:
        """End what waits."""
        if self._ready is not None:
            self._ready[1].kill()
            self._ready = None
        self.gate.open()

    def _fresh(self, words: Sequence[str]) -> bool:
        """Whether what waits is what is wanted, and has read what stands in the files now."""
        if self._ready is None:
            return False
        ready, started, since, read = self._ready
        return (
            ready == tuple(words)
            and started.running
            and time.monotonic() - since < _AGE
            and read == self._read()
        )

    def _read(self) -> object:
        """Tell the state of the files that the CLI reads at its start."""
        return tuple(_stamp(path) for path in self._project.files)


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (str(path), 0, 0)
    return (str(path), found.st_mtime_ns, found.st_size)
