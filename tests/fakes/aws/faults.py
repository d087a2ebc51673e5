"""Faults that a test puts between lictor and AWS."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.aws.calls import Call

KINDS = ("throttle", "error", "deny", "lost", "drop", "slow", "broken")
_TAKES_EFFECT = frozenset({"lost", "slow"})


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, for which calls, and how often."""

    operation: str
    kind: str
    target_group: str | None = None
    target: str | None = None
    times: int | None = 1
    skip: int = 0
    seconds: float = 1.0
    status: int | None = None
    code: str | None = None
    message: str | None = None
    effect: bool | None = None

    def __post_init__(self) -> None:
        """Refuse a kind that nobody carries out."""
        if self.kind not in KINDS:
            msg = f"unknown fault kind {self.kind!r}; there are {', '.join(KINDS)}"
            raise ValueError(msg)

    @property
    def takes_effect(self) -> bool:
        """Tell whether AWS carries the call out all the same."""
        return self.kind in _TAKES_EFFECT if self.effect is None else self.effect

    def matches(self, call: Call) -> bool:
        """Tell whether the fault is meant for this call."""
        return (
            self.operation in {"*", call.operation}
            and self.target_group in {None, call.target_group}
            and (self.target is None or call.names(self.target))
        )


@dataclasses.dataclass(slots=True)
class _Placed:
    """A fault with its counts."""

    id: int
    fault: Fault
    seen: int = 0
    fired: int = 0

    @property
    def spent(self) -> bool:
        """Tell whether the fault has done its work."""
        return self.fault.times is not None and self.fired >= self.fault.times


class Faults:
    """The faults in place, in the order they were set."""

    def __init__(self) -> None:
        """Start with none."""
        self._placed: list[_Placed] = []
        self._last = 0
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> int:
        """Put a fault in place and return its number."""
        with self._lock:
            self._last += 1
            self._placed.append(_Placed(self._last, fault))
            return self._last

    def clear(self) -> None:
        """Lift all faults."""
        with self._lock:
            self._placed.clear()

    def take(self, call: Call) -> Fault | None:
        """Return the fault that befalls this call: the first that is due."""
        with self._lock:
            for placed in self._placed:
                if placed.spent or not placed.fault.matches(call):
                    continue
                placed.seen += 1
                if placed.seen > placed.fault.skip:
                    placed.fired += 1
                    return placed.fault
            return None

    def listed(self) -> list[dict[str, Any]]:
        """Return each fault with the number of calls it saw and struck."""
        with self._lock:
            return [
                {"id": p.id, "seen": p.seen, "fired": p.fired, **dataclasses.asdict(p.fault)}
                for p in self._placed
            ]
