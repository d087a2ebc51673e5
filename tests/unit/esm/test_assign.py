"""Which instance has which node."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lictor.esm.assign import share

NODES = st.sets(st.integers(0, 60).map("node-{}".format))
INSTANCES = st.sets(st.sampled_from("abcdef"))
PRESENT = st.dictionaries(st.sampled_from("abcdefgh"), NODES)


@given(NODES, INSTANCES, PRESENT)
def test_every_node_is_with_one_live_instance(
    nodes: set[str], instances: set[str], present: dict[str, set[str]]
) -> None:
    """Whatever was before, even where two had one node."""
    shared = share(nodes, instances, present)
    assert set(shared) == instances
    if instances:
        assert sorted(itertools.chain(*shared.values())) == sorted(nodes)
        sizes = [len(mine) for mine in shared.values()]
        assert max(sizes) - min(sizes) <= 1


@given(NODES, INSTANCES, PRESENT)
def test_sharing_twice_moves_nothing(
    nodes: set[str], instances: set[str], present: dict[str, set[str]]
) -> None:
    """What is balanced stays."""
    shared = share(nodes, instances, present)
    assert share(nodes, instances, shared) == shared


@given(st.permutations([f"node-{number}" for number in range(20)]), st.permutations("abcdef"))
def test_what_is_balanced_stays_whoever_has_more(nodes: list[str], instances: list[str]) -> None:
    """Twenty among six: whichever two have the one more keep it."""
    present: dict[str, set[str]] = {instance: set() for instance in instances}
    for number, node in enumerate(nodes):
        present[instances[number % len(instances)]].add(node)
    shared = share(nodes, instances, present)
    assert {instance: set(mine) for instance, mine in shared.items()} == present


@given(NODES, INSTANCES.filter(bool), st.sampled_from("abcdef"))
def test_who_comes_or_goes_moves_only_what_must_move(
    nodes: set[str], instances: set[str], who: str
) -> None:
    """One that goes moves its own nodes; one that comes gets its share, and nothing else moves."""
    before = share(nodes, instances, {})
    after = share(nodes, instances ^ {who}, before)
    moved = sum(len(set(after[one]) - set(before.get(one, ()))) for one in after)
    if who in instances:
        assert moved == (len(before[who]) if after else 0)
    else:
        assert moved == len(after[who])


@given(NODES, INSTANCES.filter(bool), st.integers(0, 60))
def test_one_node_more_moves_no_other(nodes: set[str], instances: set[str], number: int) -> None:
    """It goes to whoever has least."""
    before = share(nodes, instances, {})
    after = share({*nodes, f"node-{number}"}, instances, before)
    moved = sum(len(set(after[one]) - set(before[one])) for one in after)
    assert moved == (f"node-{number}" not in nodes)


@given(NODES, INSTANCES, PRESENT)
def test_order_does_not_matter(
    nodes: set[str], instances: set[str], present: dict[str, set[str]]
) -> None:
    """Two leaders with the same view write the same lists."""
    backwards = dict(reversed(list(present.items())))
    assert share(sorted(nodes), sorted(instances, reverse=True), backwards) == share(
        nodes, instances, present
    )
