"""Availability zones at the end of labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.model import Target
from lictor.plan import zones

ZONES = st.sampled_from(["", "all", "us-west-2a", "us-west-2-lax-1a"])
TEXTS = st.text(min_size=1).filter(lambda text: " zone=" not in text)


@given(TEXTS, ZONES)
def test_a_label_gives_back_its_zone_and_its_text(text: str, zone: str) -> None:
    """What is written into a label is read out of it."""
    label = zones.label(text, zone)
    assert zones.of(label) == zone
    assert zones.without(label) == text


@given(TEXTS, TEXTS, ZONES, ZONES)
def test_what_stands_keeps_the_zone_it_was_registered_with(
    old: str, new: str, had: str, asked: str
) -> None:
    """A label is renewed around the old zone, so a zone that is still to change stays visible."""
    label = zones.relabelled(zones.label(old, had), zones.label(new, asked))
    assert label == zones.label(new, had)


@pytest.mark.parametrize(
    ("attached", "wanted", "swapped"),
    [
        ("node-1 (dc1)", "node-2 (dc1) +1", False),
        ("node-1 (dc1) zone=all", "node-2 (dc1) zone=all", False),
        ("node-1 (dc1)", "node-1 (dc1) zone=all", True),
        ("node-1 (dc1) zone=all", "node-1 (dc1)", True),
        ("node-1 (dc1) zone=all", "node-1 (dc1) zone=us-west-2a", True),
    ],
)
def test_only_the_zone_makes_a_swap(attached: str, wanted: str, *, swapped: bool) -> None:
    """A label that merely changed is no change."""
    assert zones.swaps({"10.0.0.1:80": attached}, {"10.0.0.1:80": wanted}) == (
        ["10.0.0.1:80"] if swapped else []
    )


def test_what_comes_and_goes_is_no_swap() -> None:
    """A swap is of what stands and shall stand."""
    assert zones.swaps({"10.0.0.1:80": "a zone=all"}, {"10.0.0.2:80": "b"}) == []


def test_an_adopted_target_shows_the_zone_it_has() -> None:
    """One that stood there before in another zone than asked for is swapped by the next run."""
    asked = "node-1 (dc1) zone=all"
    assert zones.adopted(asked, "us-west-2a") == "node-1 (dc1) zone=us-west-2a"
    assert zones.adopted(asked, "all") == asked
    assert zones.adopted("node-1 (dc1)", "us-west-2a") == "node-1 (dc1)"


def test_a_target_is_handed_to_aws_with_its_zone() -> None:
    """The zone goes along and is no part of the identity."""
    target = zones.target("fd00::1:80", "node-1 (dc1) zone=all")
    assert (target.id, target.port, target.zone) == ("fd00::1", 80, "all")
    assert target == Target("fd00::1", 80)
