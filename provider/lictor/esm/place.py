"""Which part of Consul a monitor works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Place:
    """Where a monitor works, and as whom.

    Attributes:
        meta: Pairs that an external node has, all of them.
        path: Where in Consul's keys lists and states are; ends with a slash.
        lock: Key of the leader's lock.
        service: Name of the service that the instances register.
        tag: Its tag; empty for none.
        ident: Id of this instance.
        stale: Whether any server may answer what is read.
    """

    meta: Mapping[str, str]
    path: str
    lock: str
    service: str
    tag: str
    ident: str
    stale: bool = False
