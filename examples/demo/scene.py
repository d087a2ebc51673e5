"""One group on the stage: what is due in it, and the proof that all three say so."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from examples.demo import comparison, facts, screen
from examples.demo.patience import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from examples.demo.comparison import Due, Row
    from examples.demo.trigger import Trigger
    from examples.demo.world import Group, World

_SECONDS = 45.0
_TAIL = 15
_PACKAGE = "pulumi-python:dynamic/lictor:"


@dataclass
class Scene:
    """A group, and what was seen of it.

    Attributes:
        world: What the steps act on.
        group: The group.
        due: What is to become of each target.
        watch: Keeps the stack up to date, once it is started.
        compared: How many comparisons were true.
    """

    world: World
    group: Group
    due: dict[str, Due] = field(default_factory=dict)
    watch: Trigger | None = None
    compared: int = 0

    def settle(self, change: Mapping[str, Due], began: float | None = None) -> None:
        """Wait until all three say what is due, and show it.

        Args:
            change: Targets to which something else is due from now on.
            began: When the step did what the trigger is to follow: its run is shown, and how long
                all took.

        Raises:
            Failed: They do not, for too long; with what does not agree.
        """
        self.due |= change
        said = len(self._watched())
        found = self.world.patience.until(self._agreement, _SECONDS)
        took = time.monotonic() - (began or 0)
        if began and self.watch:
            self.world.patience.until(lambda: self._told(said), _SECONDS)
        if began:
            self.quote_run(self._watched()[said:])
        if not found:
            screen.quote(self._watched()[-_TAIL:])
        judge(found or self._rows())
        self.compared += 1
        if began:
            screen.show([f"after {took:.1f} s"])

    def quote_run(self, lines: Sequence[str]) -> None:
        """Quote what an update says of the group; the types' long first name is left out."""
        short = [" ".join(line.split()).replace(_PACKAGE, "") for line in lines]
        told = [line for line in lines if line.startswith(f"{self.group.name} ")]
        ended = [line.partition("; warning")[0] for line in short if self._ends(line[2:])]
        warned = [line for line in short if line.startswith("warning:")]
        screen.quote(dict.fromkeys([*told, *ended, *warned]))

    def _ends(self, line: str) -> bool:
        """Whether a line of the CLI says that the group is done, or one of its external nodes."""
        kind, name, done = (*line.split(" ", 3), "", "")[:3]
        of = {
            "TargetGroupAttachments": {self.group.name},
            "ExternalNode": self.group.nodes.values(),
        }
        return name in of.get(kind, ()) and done in {"created", "updated"}

    def _told(self, said: int) -> bool:
        """Whether the trigger has told of a run since."""
        return any(line.startswith(f"{self.group.name} +") for line in self._watched()[said:])

    def _agreement(self) -> tuple[Row, ...] | None:
        """Compare; nothing before all agree and no update is under way."""
        if self.watch:
            self.watch.check()
        rows = self._rows()
        return rows if comparison.agreed(rows) and self.group.stack.idle() else None

    def _rows(self) -> tuple[Row, ...]:
        observed = facts.observe(self.world, self.group)
        return comparison.compare(observed, self.due, self.group.nodes)

    def _watched(self) -> list[str]:
        return self.watch.lines() if self.watch else []


def judge(rows: Sequence[Row]) -> None:
    """Show a comparison.

    Raises:
        Failed: It does not agree; with what does not.
    """
    screen.say()
    screen.show(comparison.table(rows))
    wrong = [
        f"{row.node} {row.key} is due to be {row.due.name.lower()}; Consul says {row.consul},"
        f" the stack {row.stack}, the load balancer {row.balancer}"
        for row in rows
        if not row.agree
    ]
    confirm(comparison.agreed(rows), "\n".join(wrong) or "there is nothing to compare")


def confirm(fact: bool, otherwise: str) -> None:  # noqa: FBT001 - a fact has no other name
    """Go no further where a fact is none.

    Raises:
        Failed: With the text.
    """
    if not fact:
        raise Failed(otherwise)
