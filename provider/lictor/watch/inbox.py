"""What reaches the loop from other threads and from signals, in order."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lictor.consul.pausing import Pause


@dataclass(frozen=True, slots=True)
class Changed:
    """Something moved: there may be something to do.

    Attributes:
        reason: What, in a few words.
        unseen: Whether answers of Consul were not seen for a while before it.
        urns: Whom it may concern; None for every resource.
        at: When, by the monotonic clock.
    """

    reason: str
    unseen: bool = False
    urns: frozenset[str] | None = None
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Moved:
    """The watcher's role is another.

    Attributes:
        text: For people.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Paused:
    """What is to be left alone from now on.

    Attributes:
        pauses: All pauses of the stack.
    """

    pauses: tuple[Pause, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """Pauses cannot be read.

    Attributes:
        text: Why.
        denied: Whether the token may not, which does not pass by itself.
    """

    text: str
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """The watch cannot go on.

    Attributes:
        text: Why.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Reload:
    """Settings are to be read again."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The run that is under way shall be the last."""


Word = Changed | Moved | Paused | Unread | Fault | Reload | Stop


class Inbox:
    """A queue that signal handlers, too, may put into."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Word] = queue.SimpleQueue()

    def put(self, word: Word) -> None:
        """Leave a word."""
        self._queue.put(word)

    def get(self, timeout: float | None) -> Word | None:
        """Wait for a word, for so many seconds or for ever; None when none came."""
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None
