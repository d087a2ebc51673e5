"""In which order the entries of a list are declared.

An engine in this process may know what a run is about, and have that declared before the rest.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager


class Named(Protocol):
    """An entry of a list of resources."""

    @property
    def name(self) -> str:
        """The resource's name, of which there is one in the list."""


E = TypeVar("E", bound=Named)
R = TypeVar("R")


class Order(Protocol):
    """What is declared before the rest."""

    def goes_first(self, name: str) -> bool:
        """Whether a resource of this name does."""

    def declaring(self) -> AbstractContextManager[None]:
        """Return the block in which those are declared."""


_ORDER: ContextVar[Order | None] = ContextVar("order", default=None)


@contextmanager
def kept(order: Order) -> Iterator[None]:
    """Keep to an order within the block."""
    before = _ORDER.set(order)
    try:
        yield
    finally:
        _ORDER.reset(before)


def declared(entries: Sequence[E], declare: Callable[[E], R]) -> dict[str, R]:
    """Declare a resource for each entry.

    Returns:
        Name -> resource, in the order of the list.
    """
    order, made = _ORDER.get(), {}
    first = [entry for entry in entries if order and order.goes_first(entry.name)]
    if order and first:
        with order.declaring():
            made = {entry.name: declare(entry) for entry in first}
    return {
        entry.name: made[entry.name] if entry.name in made else declare(entry) for entry in entries
    }
