"""Strangers: what stands in an ``exclusive`` group and is not this resource's.

They are removed like targets that went missing, under the same guards, but never on the first
run: who has just said that a group is his alone sees in ``foreign`` what that would cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lictor.model import Ownership

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from lictor.model import TargetHealth


def first_run(olds: Mapping[str, Any]) -> bool:
    """Whether the last run, if any, did not have the group for itself.

    Args:
        olds: The last run's inputs; empty for a new resource.
    """
    return olds.get("ownership") != Ownership.EXCLUSIVE.value


def among(listing: Mapping[str, TargetHealth], ours: Collection[str]) -> dict[str, str]:
    """List the strangers and their states; what is on its way out is none.

    Args:
        listing: Key -> health of what stands in the group.
        ours: Keys that this resource, or another one of this run, wants or holds.
    """
    known = set(ours)
    return {
        key: listing[key].state.value
        for key in sorted(listing)
        if key not in known and not listing[key].draining
    }
