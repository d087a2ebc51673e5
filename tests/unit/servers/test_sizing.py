"""Sizes: what is refused, what is warned of, and that a refresh keeps quorum."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.servers import sizing

SIZES = st.integers(1, 15)


@pytest.mark.parametrize("size", [3, 5, 7])
def test_good_sizes(size: int) -> None:
    """Nothing is to be said of them."""
    assert sizing.refusal(size, forced=False) is None
    assert sizing.warning(size) is None


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (1, "1 server: its loss is an outage"),
        (2, "2 servers bear the loss of 0, as 1 do; 3 bear 1"),
        (4, "4 servers bear the loss of 1, as 3 do; 5 bear 2"),
        (6, "6 servers bear the loss of 2, as 5 do; 7 bear 3"),
    ],
)
def test_sizes_that_are_warned_of(size: int, said: str) -> None:
    """They work, and bear no more than one less would."""
    assert sizing.refusal(size, forced=False) is None
    assert said in str(sizing.warning(size))


@pytest.mark.parametrize("size", [0, -1])
def test_no_servers(size: int) -> None:
    """Not even when forced."""
    for forced in (False, True):
        assert "expected 1 to 7 servers" in str(sizing.refusal(size, forced=forced))


def test_more_than_seven() -> None:
    """Only when forced."""
    assert "8 servers slow every write down" in str(sizing.refusal(8, forced=False))
    assert sizing.refusal(9, forced=True) is None


@given(SIZES)
def test_quorum_is_a_majority(size: int) -> None:
    """The smallest of which there cannot be two at once."""
    assert 2 * sizing.quorum(size) > size
    assert 2 * (sizing.quorum(size) - 1) <= size


@given(SIZES.filter(lambda size: size > 1))
def test_a_refresh_keeps_quorum(size: int) -> None:
    """By AWS's rounding, one server more than there should be, at most, and never one less."""
    bounds = sizing.refresh(size)
    least = math.ceil(size * bounds.least / 100)
    most = math.floor(size * bounds.most / 100)
    assert least == size
    assert most == size + 1
    assert least >= sizing.quorum(most)
    assert 100 <= bounds.most <= 200
    assert bounds.most - bounds.least <= 100


def test_a_lone_server_goes_before_its_successor_comes() -> None:
    """Beside it the new one, which expects no other, would lead a cluster of its own."""
    assert sizing.refresh(1) == sizing.Refresh(0, 100)


@pytest.mark.parametrize(
    ("size", "zones", "said"),
    [(3, 1, "one zone"), (5, 2, "2 zones"), (3, 3, None), (5, 4, None), (1, 1, None)],
)
def test_zones(size: int, zones: int, said: str | None) -> None:
    """Three, and the loss of one takes no majority."""
    warning = sizing.zone_warning(size, zones)
    assert (said is None) == (warning is None)
    assert said is None or said in str(warning)
