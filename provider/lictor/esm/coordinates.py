"""Vivaldi: where a node is in the network, from the time that an echo took: pure.

The algorithm is that of Serf, which Consul's own nodes run, with its constants
(https://github.com/hashicorp/serf/tree/master/coordinate; Dabek et al., SIGCOMM 2004), so that
`consul rtt` and sorting by `?near=` work for external nodes, too.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DIMENSIONS = 8
_ERROR_MAX = 1.5
_CE = 0.25
_CC = 0.25
_HEIGHT_MIN = 10.0e-6
_GRAVITY = 150.0
_WINDOW = 20
_ZERO = 1.0e-6
_LONGEST = 10.0
"""Seconds of an echo; what took longer tells nothing of a place."""
SMALL = 0.001
"""Seconds by which a coordinate must have moved to be worth a write."""


@dataclass(frozen=True, slots=True)
class Coordinate:
    """A place; all in seconds.

    Attributes:
        vec: In a space of `DIMENSIONS`.
        error: Confidence, the smaller the better.
        adjustment: Offset that recent errors suggest.
        height: Of the last mile, which no space models.
    """

    vec: tuple[float, ...] = (0.0,) * DIMENSIONS
    error: float = _ERROR_MAX
    adjustment: float = 0.0
    height: float = _HEIGHT_MIN

    @property
    def valid(self) -> bool:
        """Whether it can be calculated with."""
        parts = (*self.vec, self.error, self.adjustment, self.height)
        return len(self.vec) == DIMENSIONS and all(map(math.isfinite, parts))


_ORIGIN = Coordinate()


def distance(one: Coordinate, other: Coordinate) -> float:
    """Estimate the time of an echo between two places."""
    raw = _raw(one, other)
    adjusted = raw + one.adjustment + other.adjustment
    return adjusted if adjusted > 0 else raw


def update(
    node: Coordinate, other: Coordinate, rtt: float, chance: Callable[[], float] = random.random
) -> Coordinate:
    """Move a node after an echo.

    Args:
        node: Where it was.
        other: Where the echo was sent from.
        rtt: What the echo took, in seconds.
        chance: From 0 to 1, for a direction where two places are one.
    """
    if not 0 <= rtt <= _LONGEST:
        return node
    seconds = max(rtt, _ZERO)
    wrong = abs(distance(node, other) - seconds) / seconds
    weight = node.error / max(node.error + other.error, _ZERO)
    error = min(_CE * weight * wrong + node.error * (1 - _CE * weight), _ERROR_MAX)
    force = _CC * weight * (seconds - distance(node, other))
    moved = _pushed(replace(node, error=error), force, other, chance)
    moved = replace(moved, adjustment=(seconds - _raw(moved, other)) / (2.0 * _WINDOW))
    pull = -1.0 * (distance(_ORIGIN, moved) / _GRAVITY) ** 2
    moved = _pushed(moved, pull, _ORIGIN, chance)
    return moved if moved.valid else Coordinate()


def apart(one: Coordinate, other: Coordinate) -> float:
    """Tell how far a coordinate has moved, its last mile left out."""
    return math.dist(one.vec, other.vec) + abs(one.height - other.height)


def _raw(one: Coordinate, other: Coordinate) -> float:
    return math.dist(one.vec, other.vec) + one.height + other.height


def _pushed(
    node: Coordinate, force: float, other: Coordinate, chance: Callable[[], float]
) -> Coordinate:
    unit, length = _direction(node.vec, other.vec, chance)
    vec = tuple(place + part * force for place, part in zip(node.vec, unit, strict=True))
    height = node.height
    if length > _ZERO:
        height = max((height + other.height) * force / length + height, _HEIGHT_MIN)
    return replace(node, vec=vec, height=height)


def _direction(
    here: Sequence[float], there: Sequence[float], chance: Callable[[], float]
) -> tuple[list[float], float]:
    """Point from there to here; anywhere where they are the same."""
    away = [one - other for one, other in zip(here, there, strict=True)]
    length = math.hypot(*away)
    if length > _ZERO:
        return [part / length for part in away], length
    away = [chance() - 0.5 for _ in here]
    scale = math.hypot(*away)
    if scale > _ZERO:
        return [part / scale for part in away], 0.0
    return [1.0, *[0.0] * (len(here) - 1)], 0.0
