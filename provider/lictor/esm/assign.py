"""Which instance has which node: pure.

Invariants: every node is with exactly one live instance; no two instances differ by more than one
node; a node that stands with a live instance moves only where balance demands it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def share(
    nodes: Collection[str], instances: Collection[str], present: Mapping[str, Collection[str]]
) -> dict[str, list[str]]:
    """Share nodes among instances.

    Args:
        nodes: All that shall be watched over.
        instances: All that are alive; where there is none nobody gets anything.
        present: Instance -> nodes it has now, whatever these are still.

    Returns:
        Instance -> its nodes, sorted; every live instance is in it.
    """
    alive = sorted(set(instances))
    if not alive:
        return {}
    wanted = set(nodes)
    held: dict[str, list[str]] = {}
    for instance in alive:
        mine = sorted(wanted.intersection(present.get(instance, ())))
        wanted.difference_update(mine)  # of two that claim one node the first has it
        held[instance] = mine
    least, over = divmod(len(set(nodes)), len(alive))
    # Those that have most already keep the one more that some must have.
    fullest = sorted(alive, key=lambda instance: (-len(held[instance]), instance))
    room = {instance: least + (rank < over) for rank, instance in enumerate(fullest)}
    homeless = sorted(wanted)
    for instance in alive:
        homeless += held[instance][room[instance] :]
        del held[instance][room[instance] :]
    queue = iter(sorted(homeless))
    for instance in alive:
        missing = room[instance] - len(held[instance])
        held[instance] = sorted([*held[instance], *(next(queue) for _ in range(missing))])
    return held
