"""Python's garbage collector, at the pace of runs.

A run of a large stack makes half a million objects, nearly all of which live until it ends; to
look through them every 700, as Python does, takes a third of the program's time.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

YOUNG = 100_000
"""New objects that make the collector look."""


@contextmanager
def seldom() -> Iterator[None]:
    """Have the collector look more seldom until the block ends."""
    before = gc.get_threshold()
    gc.set_threshold(YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
