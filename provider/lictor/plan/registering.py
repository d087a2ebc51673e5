"""What is to be written of a node that is declared: pure.

Three views are compared, part by part (the node, each service, each check)::

    declared   recorded   stands           done
    yes        any        no               put, if it still does not stand
    yes        any        as declared      nothing: adopted
    yes        yes        as recorded      put, if it is still as read
    yes        any        otherwise        conflict: somebody else's, or changed by somebody else
    no         yes        no               nothing
    no         yes        as recorded      dropped, if it is still as read
    no         yes        otherwise        conflict
    no         no         any              left alone

A node or service is as recorded where its index is; a check where what is declared of it is, for
its status, which moves the index, is the monitor's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lictor import errors
from lictor.model import CatalogCheck, Drop, Put

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.model import Entry, Operation, Part

_OF_MONITOR = ("externalNodeHealth",)
"""Checks that the monitor puts on a node by itself; they go with the node."""


def operations(
    declared: Entry, recorded: Mapping[str, Part], stands: Entry | None
) -> tuple[Operation, ...]:
    """Plan what makes a node as it is declared.

    Args:
        declared: What shall stand.
        recorded: What the last run left, with its indexes.
        stands: What the catalog has; None for nothing.

    Raises:
        errors.CatalogConflict: Something is somebody else's, or was changed by somebody else.
    """
    wanted, there = declared.parts(), stands.parts() if stands else {}
    found: list[Operation] = []
    for key in recorded:
        now = there.get(key)
        if key not in wanted and now is not None:
            _be_ours(key, declared, recorded, now)
            found.append(Drop(now, now.index))
    for key, part in wanted.items():
        now = there.get(key)
        if now is None:
            found.append(Put(part, 0))
        elif now != part:
            _be_ours(key, declared, recorded, now)
            found.append(Put(_with_status(part, now), now.index))
    # checks go before their services, and services come before their checks
    drops = [one for one in found if isinstance(one, Drop)]
    puts = [one for one in found if isinstance(one, Put)]
    return (*reversed(drops), *puts)


def removal(recorded: Mapping[str, Part], stands: Entry | None) -> tuple[Operation, ...]:
    """Plan what takes away what is recorded; the node stays where somebody else is on it.

    Args:
        recorded: What the last run left, with its indexes.
        stands: What the catalog has; None for nothing.

    Raises:
        errors.CatalogConflict: Something was changed by somebody else.
    """
    if stands is None:
        return ()
    there = stands.parts()
    ours = {key: there[key] for key in recorded if key in there}
    others = set(there) - set(ours) - {f"check:{ident}" for ident in _OF_MONITOR}
    for key, now in ours.items():
        _be_ours(key, stands, recorded, now)
    if "node" in ours and not others:
        return (Drop(ours["node"], ours["node"].index),)
    # a node that was there before, or that somebody has put something on, is not ours to take
    return tuple(Drop(now, now.index) for key, now in reversed(ours.items()) if key != "node")


def _with_status(part: Part, now: Part) -> Part:
    """Leave a check what the monitor has found."""
    if isinstance(part, CatalogCheck) and isinstance(now, CatalogCheck):
        return replace(part, status=now.status, output=now.output)
    return part


def _be_ours(key: str, entry: Entry, recorded: Mapping[str, Part], now: Part) -> None:
    was = recorded.get(key)
    name = (
        f"{key.replace(':', ' ')} of {entry.node.name}" if ":" in key else f"node {entry.node.name}"
    )
    if was is None:
        raise errors.CatalogConflict(
            f"{name} is in the catalog already, and is not as it is declared: somebody else's;"
            " delete it there, or declare it as it stands"
        )
    ours = was == now if isinstance(now, CatalogCheck) else was.index == now.index
    if not ours:
        raise errors.CatalogConflict(
            f"{name} was changed by somebody else since the last run; look at it, then run"
            " pulumi refresh to have it overwritten by the next pulumi up"
        )
