"""What the watcher is told to leave alone: the stack's pauses, as far as they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from lictor.consul.pausing import Pause


class Orders:
    """The pauses that were read last."""

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        known: bool = True,
        trouble: Callable[[], str] = str,
    ) -> None:
        """Begin without any pause.

        Args:
            now: The time, in UTC.
            known: Whether that is all there is to know; else nothing may begin before they are
                read.
            trouble: Tells why pauses cannot be read just now; empty if they can.
        """
        self._now, self._trouble = now, trouble
        self._pauses: tuple[Pause, ...] | None = () if known else None

    @property
    def known(self) -> bool:
        """Whether anybody has said yet which pauses there are."""
        return self._pauses is not None

    def trouble(self) -> str:
        """Say why pauses cannot be read just now; empty if they can."""
        return self._trouble()

    def take(self, pauses: Iterable[Pause]) -> None:
        """Obey these from now on, and no others."""
        self._pauses = tuple(pauses)

    def holding(self) -> tuple[Pause, ...]:
        """List the pauses that are not over."""
        now = self._now()
        return tuple(pause for pause in self._pauses or () if pause.holds(now))

    def why(self, name: str = "") -> str:
        """Say why a resource, or for no name the stack, is left alone; empty where it is not."""
        found = [pause for pause in self.holding() if pause.name == name]
        if not found:
            return ""
        until = f"until {found[0].until:%H:%M:%SZ}" if found[0].until else "until resumed"
        return f"by {found[0].by or 'somebody'}, {until}"

    def groups(self) -> dict[str, str]:
        """Say of each resource that is left alone, why: by its name."""
        return {pause.name: self.why(pause.name) for pause in self.holding() if pause.name}

    def waits(self) -> list[float]:
        """Tell in how many seconds the pauses end that end by themselves."""
        now = self._now()
        return [(pause.until - now).total_seconds() for pause in self.holding() if pause.until]
