"""Consul's rules for blocking queries, as far as they can be told without asking.

A blocking query names an index and is held back until the answer's own index is higher, or until
a time is over (https://developer.hashicorp.com/consul/api-docs/features/blocking):

- an index that fell means that Consul began anew, from a snapshot or as another server: forget it;
- an index below 1 is none, and asking with it would not block;
- an answer is no promise of a change;
- Consul adds up to a sixteenth of the wait, so that not all return at once.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST = 1
"""Index to begin with: it blocks by the rules, and is answered as soon as there is an answer."""

_SPREAD = 1 / 16
"""Share of the wait that Consul adds at most."""


class Told(Enum):
    """What an index says about the one that was asked with."""

    SAME = "same"
    """The wait is over, and nothing happened."""
    MOVED = "moved"
    """Something happened, which may not concern us."""
    FELL = "fell"
    """Consul began anew: nothing that was known before counts."""


def told(asked: int, answered: int) -> Told:
    """Compare an index with the one that was asked with."""
    if answered == asked:
        return Told.SAME
    return Told.MOVED if answered > asked else Told.FELL


def index(headers: Mapping[str, str]) -> int:
    """Read an answer's index; what is no index is the lowest there is."""
    text = headers.get("X-Consul-Index", "")
    return max(int(text), FIRST) if text.isascii() and text.isdigit() else FIRST


def params(asked: int, wait: float) -> list[tuple[str, str]]:
    """Make a query block: on which index, and for how many seconds."""
    return [("index", str(max(asked, FIRST))), ("wait", f"{max(1, round(wait * 1000))}ms")]


def longest(wait: float) -> float:
    """Tell how long Consul may hold an answer back, in seconds."""
    return wait * (1 + _SPREAD)
