"""Who wants which targets in this run of the engine.

Renaming a resource is, to the engine, a creation followed by a deletion: the new one registers
what stands already, then the old one deregisters the same targets and the group is empty. So
every resource claims its targets when it is checked, and a removal leaves alone what another
resource of the same run claims. Each run begins without claims (:mod:`lictor.resources.run`).
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from lictor import errors

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Who(NamedTuple):
    """A resource of the program: no other one has its name and its parents' types.

    Attributes:
        name: Its name.
        parent: The types of its parents, as they stand in its URN; empty where it has none.
    """

    name: str
    parent: str = ""

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Who:
        """Read it out of inputs or outputs."""
        return cls(str(properties.get("name", "")), str(properties.get("parent") or ""))

    def __str__(self) -> str:
        """Name it for people."""
        return f"{self.name} under {self.parent}" if self.parent else self.name


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one resource claims.

    Attributes:
        named: Keys that Consul names for it: nobody else may have them.
        standing: Those and the ones that it holds.
        exclusive: Whether it has the group for itself.
    """

    named: frozenset[str]
    standing: frozenset[str]
    exclusive: bool

    def conflict(self, other: _Claim) -> str:
        """Say what two resources cannot both have; empty where they can stand side by side."""
        if self.exclusive or other.exclusive:
            return "the group for itself (ownership exclusive)"
        shared = sorted(self.named & other.named)
        more = f" and {len(shared) - 1} more" if shared[1:] else ""
        return f"{shared[0]}{more}" if shared else ""


class Claims:
    """The claims of one run; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[str, dict[Who, _Claim]] = defaultdict(dict)
        self._unfilled: dict[tuple[Who, str], str] = {}

    def claim(
        self,
        arn: str,
        who: Who,
        targets: Collection[str],
        held: Collection[str] = (),
        *,
        exclusive: bool = False,
    ) -> None:
        """Claim targets of a group for a resource; a second claim replaces its first.

        Raises:
            errors.ClaimConflict: Another resource of this run names one of them too, or one of
                the two has the group for itself.
        """
        mine = _Claim(frozenset(targets) - frozenset(held), frozenset(targets), exclusive)
        with self._lock:
            others = self._of[arn]
            for other, theirs in sorted(others.items()):
                what = mine.conflict(theirs) if other != who else ""
                if what:
                    raise errors.ClaimConflict(
                        f"{who} and {other} both want {what} in {arn};"
                        " unite their sources in one resource, or keep them apart"
                    )
            others[who] = mine

    def keep(self, arn: str, who: Who, targets: Collection[str]) -> None:
        """Note what a resource keeps whose answer is not used; it conflicts with nobody."""
        with self._lock:
            self._of[arn][who] = _Claim(frozenset(), frozenset(targets), exclusive=False)

    def of(self, arn: str, who: Who) -> frozenset[str]:
        """List what a resource has claimed before in this run."""
        with self._lock:
            claim = self._of[arn].get(who)
        return claim.standing if claim else frozenset()

    def of_others(self, arn: str, who: Who) -> frozenset[str]:
        """List what other resources claim in a group."""
        with self._lock:
            found = [claim.standing for other, claim in self._of[arn].items() if other != who]
        return frozenset().union(*found)

    def of_all(self, arn: str) -> frozenset[str]:
        """List what any resource of this run claims in a group."""
        with self._lock:
            return frozenset().union(*(claim.standing for claim in self._of[arn].values()))

    def claimants(self, arn: str) -> tuple[Who, ...]:
        """List the resources of this run that have a group, though they may claim nothing in it."""
        with self._lock:
            return tuple(sorted(self._of[arn]))

    def filled(self, arn: str, who: Who, problem: str) -> None:
        """Note whether a resource's group got its targets; empty when it did."""
        with self._lock:
            self._unfilled[who, arn] = problem

    def unfilled_elsewhere(self, arn: str) -> str:
        """Say which other group has not got its targets, and why; empty when all have.

        Any other group may be the one that takes this one's place: a resource that is deleted is
        known by the name that it once had.
        """
        with self._lock:
            found = sorted(
                f"{who}: {problem}"
                for (who, where), problem in self._unfilled.items()
                if where != arn and problem
            )
        return found[0] if found else ""
