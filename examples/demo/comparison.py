"""Consul, the stack and the load balancer side by side: pure, and as strict as it can be.

==========  ===============  ===========  =============
what is due  Consul           the stack    load balancer
==========  ===============  ===========  =============
serving      passing          attached     healthy
held         not passing      held         healthy
draining     not passing      nothing      draining
gone         not passing      nothing      nothing
==========  ===============  ===========  =============
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOTHING = "-"
ABSENT = "absent"
PASSING = "passing"

_HEADS = ("target", "node", "Consul", "stack", "load balancer", "")


class Due(Enum):
    """What is to become of a target; the value is what stack and load balancer then say."""

    SERVING = ("attached", "healthy")
    """Consul names it."""
    HELD = ("held", "healthy")
    """Consul names it no longer, and a guard keeps it."""
    DRAINING = (NOTHING, "draining")
    """Just removed."""
    GONE = (NOTHING, NOTHING)
    """Neither recorded nor registered; also what is due to a target that nobody spoke of."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What each of the three says of each target, by its key ``id:port``.

    Attributes:
        consul: Status of the instance; a key that is missing is absent.
        stack: ``attached``, ``held``, or what else its record says.
        balancer: State of the target in the group.
    """

    consul: Mapping[str, str]
    stack: Mapping[str, str]
    balancer: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One target."""

    key: str
    node: str
    consul: str
    stack: str
    balancer: str
    due: Due = field(repr=False)

    @property
    def agree(self) -> bool:
        """Whether all three say what is due."""
        named = self.consul == PASSING
        return named == (self.due is Due.SERVING) and (self.stack, self.balancer) == self.due.value


def compare(
    observed: Observed, due: Mapping[str, Due], nodes: Mapping[str, str]
) -> tuple[Row, ...]:
    """Make a row of each target that anybody speaks of.

    Args:
        observed: What the three say.
        due: What is to become of each target.
        nodes: Where each target runs, for people; rows are in this order.
    """
    spoken = {*observed.consul, *observed.stack, *observed.balancer, *due}
    return tuple(
        Row(
            key,
            nodes.get(key, "?"),
            observed.consul.get(key, ABSENT),
            observed.stack.get(key, NOTHING),
            observed.balancer.get(key, NOTHING),
            due.get(key, Due.GONE),
        )
        for key in sorted(spoken, key=lambda key: (nodes.get(key, "?"), key))
    )


def agreed(rows: Sequence[Row]) -> bool:
    """Whether there is something to compare, and all of it agrees."""
    return bool(rows) and all(row.agree for row in rows)


def table(rows: Sequence[Row]) -> list[str]:
    """Draw the rows for people."""
    cells = [_HEADS, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def _cells(row: Row) -> tuple[str, ...]:
    verdict = "agree" if row.agree else "DISAGREE"
    return (row.key, row.node, row.consul, row.stack, row.balancer, verdict)
