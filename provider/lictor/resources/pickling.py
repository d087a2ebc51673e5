"""Providers as text, with the SDK's changes to `pickle` undone.

Whenever the SDK writes a dynamic provider it lays one more wrapper around a method of the standard
library's pickler, and leaves it there (``serialize_provider`` in ``pulumi/dynamic/dynamic.py``).
After some 950 resources in one process, be they of one program or of many runs, every further one
ends with ``RecursionError``.
"""

from __future__ import annotations

import pickle
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pulumi.dynamic.dynamic import serialize_provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulumi.dynamic import ResourceProvider

_WRAPPED = ("_batch_setitems", "save_dict")
_WRITTEN: dict[type[ResourceProvider], str] = {}


@contextmanager
def untouched() -> Iterator[None]:
    """Have the pickler behind the block as it was before."""
    pickler = pickle._Pickler  # noqa: SLF001 - what the SDK changes
    before = {name: getattr(pickler, name) for name in _WRAPPED}
    try:
        yield
    finally:
        for name, method in before.items():
            setattr(pickler, name, method)


def text(provider: type[ResourceProvider]) -> str:
    """Write the provider of a class, by reference and so without any state; once a process."""
    if provider not in _WRITTEN:
        with untouched():
            _WRITTEN[provider] = serialize_provider(provider())
    return _WRITTEN[provider]
