"""What only one resource of a run may have: a leader's tag, a node of the catalog.

Renaming a resource is, to the engine, a creation followed by a deletion: the new one finds all as
it should be, then the old one would take it away. So every resource claims what is its when it is
checked, and a deletion leaves alone what another resource of the run claims.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from lictor import errors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from lictor.resources.claims import Who


class Thing(NamedTuple):
    """What is claimed.

    Attributes:
        what: For people: ``the tag consul-leader=true``, ``the node db-1``.
        where: Region or datacenter; empty for the one of the remotes' own.
        via: How it is reached: a role, a Consul.
    """

    what: str
    where: str
    via: str


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one resource claims.

    Attributes:
        narrow: Whether it keeps to a part of the thing.
        parts: Which, where it is known; None for all of it.
    """

    narrow: bool
    parts: frozenset[str] | None = None


class Sole:
    """The claims of one run; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[Thing, dict[Who, _Claim]] = defaultdict(dict)

    def claim(self, thing: Thing, who: Who, *, remedy: str, narrow: bool = False) -> None:
        """Claim a thing for a resource.

        Args:
            thing: What.
            who: The resource.
            remedy: What to do where another resource has it, for the message.
            narrow: Whether the resource keeps to a part of it: two of those may stand side by side.

        Raises:
            errors.ClaimConflict: Another resource of this run has it.
        """
        with self._lock:
            for other, theirs in sorted(self._of[thing].items(), key=itemgetter(0)):
                if other != who and not (narrow and theirs.narrow):
                    where = f" in {thing.where}" if thing.where else ""
                    raise errors.ClaimConflict(
                        f"{who} and {other} both want {thing.what}{where}; {remedy}"
                    )
            self._of[thing][who] = _Claim(narrow)

    def keep(self, thing: Thing, who: Who) -> None:
        """Note that a resource, whose answers are not used, keeps what it has."""
        with self._lock:
            self._of[thing].setdefault(who, _Claim(narrow=True))

    def only(self, thing: Thing, who: Who, parts: Iterable[str]) -> None:
        """Note which parts of a thing a resource wants that has claimed it; all before that."""
        with self._lock:
            self._of[thing][who] = _Claim(narrow=True, parts=frozenset(parts))

    def others(self, thing: Thing, who: Who) -> bool:
        """Whether another resource of this run has it, or a part of it."""
        with self._lock:
            return any(other != who for other in self._of[thing])

    def left(self, thing: Thing, who: Who, parts: Collection[str]) -> frozenset[str]:
        """Give those of a thing's parts that no other resource of this run has."""
        with self._lock:
            claims = [claim.parts for other, claim in self._of[thing].items() if other != who]
        if None in claims:
            return frozenset()
        return frozenset(parts).difference(*(claim for claim in claims if claim))
