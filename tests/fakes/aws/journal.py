"""The log of every AWS call, which tests read and wait on."""

from __future__ import annotations

import collections
import dataclasses
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.aws.calls import Call

_KEPT = 50_000
_LONGEST_VALUE = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Filter:
    """Which entries a reader asks for."""

    operation: str | None = None
    target_group: str | None = None
    since: int = 0

    def matches(self, entry: dict[str, Any]) -> bool:
        """Tell whether the entry is wanted."""
        return (
            entry["seq"] > self.since
            and self.operation in {None, entry["operation"]}
            and self.target_group in {None, entry["target_group"]}
        )


class Journal:
    """Entries with a growing sequence number; clearing does not start it anew."""

    def __init__(self) -> None:
        """Start empty."""
        self._entries: collections.deque[dict[str, Any]] = collections.deque(maxlen=_KEPT)
        self._seq = 0
        self._grown = threading.Condition()

    def write(self, call: Call, status: int | None, error: str | None, fault: str | None) -> None:
        """Note one finished call; the status is None when no answer was sent."""
        shown = {name: value[:_LONGEST_VALUE] for name, value in call.params.items()}
        with self._grown:
            self._seq += 1
            self._entries.append(
                {
                    "seq": self._seq,
                    "time": time.time(),  # noqa: TID251 - for people, nothing counts with it
                    "service": call.service,
                    "region": call.region,
                    "operation": call.operation,
                    "target_group": call.target_group,
                    "targets": [target.as_json() for target in call.targets],
                    "params": shown,
                    "status": status,
                    "error": error,
                    "fault": fault,
                    "access_key": call.access_key,
                    "session_token": call.session_token,
                }
            )
            self._grown.notify_all()

    def read(self, wanted: Filter) -> list[dict[str, Any]]:
        """Return the matching entries, oldest first."""
        with self._grown:
            return [entry for entry in self._entries if wanted.matches(entry)]

    def wait(self, wanted: Filter, count: int, seconds: float) -> list[dict[str, Any]]:
        """Return once `count` entries match or the time is over."""
        deadline = time.monotonic() + seconds
        with self._grown:
            while True:
                found = [entry for entry in self._entries if wanted.matches(entry)]
                left = deadline - time.monotonic()
                if len(found) >= count or left <= 0:
                    return found
                self._grown.wait(left)

    def clear(self) -> None:
        """Drop all entries."""
        with self._grown:
            self._entries.clear()
