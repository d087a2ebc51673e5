"""How many servers: what a cluster bears, and how its servers are replaced without losing quorum.

Raft needs a majority: of n servers, n // 2 + 1. The numbers of a refresh are AWS's percentages of
the desired size, rounded by AWS (the lower bound up, the upper one down).
"""

from __future__ import annotations

from dataclasses import dataclass

LARGEST = 7
"""Beyond it every write waits for more servers than a failure is worth."""
ZONES = 3
"""So many zones, and the loss of one takes no majority."""
_WHOLE = 100


def quorum(size: int) -> int:
    """Return how many of ``size`` servers must stand for the cluster to decide anything."""
    return size // 2 + 1


def refusal(size: int, *, forced: bool) -> str | None:
    """Say why there cannot be so many servers.

    Args:
        size: How many servers are wanted.
        forced: Whether the user insists on more than :data:`LARGEST`.

    Returns:
        What is wrong and what to do; None where nothing is.
    """
    if size < 1:
        return f"expected 1 to {LARGEST} servers (3 or 5 for most), found {size}"
    if size > LARGEST and not forced:
        return (
            f"{size} servers slow every write down and bear little more than {LARGEST};"
            f" take at most {LARGEST}, or set `force_size`"
        )
    return None


def warning(size: int) -> str | None:
    """Say what a cluster of that size cannot bear; None where the size is a good one."""
    if size == 1:
        return "1 server: its loss is an outage, and may be the loss of all data; 3 bear one"
    if size % 2 == 0:
        return (
            f"{size} servers bear the loss of {size - quorum(size)}, as {size - 1} do;"
            f" {size + 1} bear {size + 1 - quorum(size + 1)}"
        )
    return None


def zone_warning(size: int, zones: int) -> str | None:
    """Say that the loss of one zone may take the majority; None where it does not."""
    if size < ZONES or zones >= ZONES:
        return None
    where = "one zone" if zones == 1 else f"{zones} zones"
    return f"the subnets lie in {where}: its loss may take quorum; give subnets of {ZONES} zones"


@dataclass(frozen=True, slots=True)
class Refresh:
    """Bounds of the healthy share of the group while its instances are replaced, in percent."""

    least: int
    most: int


def refresh(size: int) -> Refresh:
    """Return bounds that replace one server at a time, the new one first.

    All old servers stand until the new one is in service, so that never less than the whole
    cluster votes; one more at the most, for each more raises the majority that is needed.

    A lone server goes first: beside it a new one, which expects no other, would lead a cluster of
    its own.
    """
    if size == 1:
        return Refresh(0, _WHOLE)
    return Refresh(_WHOLE, _WHOLE + -(-_WHOLE // size))
