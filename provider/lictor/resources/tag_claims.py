"""Who moves which tag in this run of the engine.

Renaming a ``LeaderTag`` is, to the engine, a creation followed by a deletion: the new one finds
the tag where it belongs, then the old one would take it off the leader. So every resource claims
its tag when it is checked, and a deletion leaves alone what another resource of the run claims.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor import errors

if TYPE_CHECKING:
    from lictor.resources.claims import Who


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tag is.

    Attributes:
        region: Region of the instances.
        role_arn: Role by which they are reached: another account, perhaps.
        tag: Key and value.
    """

    region: str
    role_arn: str
    tag: str


class Tags:
    """The claims of one run; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[Place, dict[Who, bool]] = defaultdict(dict)

    def claim(self, place: Place, who: Who, *, narrow: bool) -> None:
        """Claim a tag for a resource.

        Args:
            place: Where.
            who: The resource.
            narrow: Whether it has an ``instance_filter``: two of those may stand side by side.

        Raises:
            errors.ClaimConflict: Another resource of this run moves the same tag, and one of the
                two would take it off the other's leader.
        """
        with self._lock:
            for other, narrowed in sorted(self._of[place].items()):
                if other != who and not (narrow and narrowed):
                    raise errors.ClaimConflict(
                        f"{who} and {other} both move the tag {place.tag} in"
                        f" {place.region or 'one region'}; give each a tag_value of its own, or"
                        " both an instance_filter"
                    )
            self._of[place][who] = narrow

    def keep(self, place: Place, who: Who) -> None:
        """Note that a resource, whose answers are not used, keeps its tag."""
        with self._lock:
            self._of[place].setdefault(who, True)

    def others(self, place: Place, who: Who) -> bool:
        """Whether another resource of this run has the tag."""
        with self._lock:
            return any(other != who for other in self._of[place])
