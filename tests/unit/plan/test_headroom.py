"""Which additions are made when a quota does not leave room for all."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.plan import headroom
from tests.unit.plan.make import make_keys, make_listing

KEYS = st.sets(st.integers(0, 30).map(lambda n: f"10.0.0.{n}:80"))
ZONES = st.dictionaries(
    st.integers(0, 30).map(lambda n: f"10.0.0.{n}:80"), st.sampled_from(["a", "b", "c"])
)


@pytest.mark.parametrize(("quota", "standing", "room"), [(5, 3, 2), (5, 5, 0), (5, 8, 0)])
def test_room_is_what_the_quota_leaves_and_never_negative(
    quota: int, standing: int, room: int
) -> None:
    """A group above its quota has no room; it does not count backwards."""
    assert headroom.room(quota, make_listing(make_keys(standing))) == room


@given(KEYS, KEYS, ZONES, st.integers(0, 40), st.randoms())
def test_the_choice_fills_the_room_and_is_stable(
    additions: set[str], standing: set[str], zones: dict[str, str], room: int, chance: Random
) -> None:
    """As many as go in, whatever the order, and what little room chose more room chooses too."""
    chosen = headroom.choose(additions, room, standing, zones)
    assert len(chosen) == min(room, len(additions))
    assert chosen == sorted(chosen)
    assert set(chosen) <= additions
    shuffled = list(additions)
    chance.shuffle(shuffled)
    assert headroom.choose(shuffled, room, sorted(standing, reverse=True), zones) == chosen
    assert set(chosen) <= set(headroom.choose(additions, room + 1, standing, zones))


@given(KEYS, KEYS, ZONES)
def test_the_order_is_that_of_the_choice(
    additions: set[str], standing: set[str], zones: dict[str, str]
) -> None:
    """All of them, once, and whatever the room, its first are chosen."""
    order = headroom.order(additions, standing, zones)
    assert sorted(order) == sorted(additions)
    for room in range(len(order) + 1):
        assert headroom.choose(additions, room, standing, zones) == sorted(order[:room])


@given(KEYS, KEYS, ZONES, st.integers(0, 40))
def test_no_zone_is_starved(
    additions: set[str], standing: set[str], zones: dict[str, str], room: int
) -> None:
    """A zone that gets nothing more while it could has no fewer targets than any that got one."""
    chosen = headroom.choose(additions, room, standing, zones)
    before = Counter(zones.get(key, "") for key in standing)
    after = before + Counter(zones.get(key, "") for key in chosen)
    left = {zones.get(key, "") for key in additions - set(chosen)}
    got = {zones.get(key, "") for key in chosen}
    assert all(after[poor] >= after[rich] - 1 for poor in left for rich in got)


def test_the_poorest_zone_is_served_first() -> None:
    """Zone a has two already: b and c get theirs in turn, then all three."""
    zones = {f"10.0.{zone}.{n}:80": "abc"[zone] for zone in range(3) for n in range(4)}
    standing = ["10.0.0.2:80", "10.0.0.3:80"]
    additions = sorted(set(zones) - set(standing))
    assert headroom.choose(additions, 3, standing, zones) == [
        "10.0.1.0:80",
        "10.0.1.1:80",
        "10.0.2.0:80",
    ]
    seven = headroom.choose(additions, 7, standing, zones)
    assert Counter(zones[key] for key in [*standing, *seven]) == {"a": 3, "b": 3, "c": 3}
