"""State as values, and what differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.plan import record
from lictor.plan.planning import Standing
from lictor.plan.record import Recorded

A, B = "10.0.0.1:80", "10.0.0.2:80"
TEXTS = st.dictionaries(st.text(min_size=1), st.text())


@given(TEXTS, TEXTS, st.lists(st.text(), unique=True), TEXTS)
def test_outputs_are_read_as_they_were_written(
    attached: dict[str, str], failed: dict[str, str], foreign: list[str], held: dict[str, str]
) -> None:
    """And every collection in them is sorted, so that nothing changes by order."""
    recent = {"2026-11-21T08:00:00Z": 2}
    was = Recorded(attached, failed, tuple(foreign), held, recent)
    outputs = was.outputs()
    back = record.recorded(outputs)
    assert back.outputs() == outputs
    assert (back.attached, back.failed, back.held) == (attached, failed, held)
    assert list(outputs["attached"]) == sorted(attached)
    assert outputs["foreign"] == sorted(foreign)


@pytest.mark.parametrize("nothing", [{}, {"targets": None, "held": None}, {"targets": "x"}])
def test_state_that_lacks_a_part_reads_as_empty(nothing: dict[str, object]) -> None:
    """A resource of an older version, or of a preview, has less."""
    assert record.standing(nothing) == Standing()
    assert record.recorded(nothing) == Recorded()


def test_numbers_come_back_as_whole_ones() -> None:
    """The engine's numbers are floats."""
    assert record.standing({"recent": {"2026-11-21T08:00:00Z": 2.0}}).recent == {
        "2026-11-21T08:00:00Z": 2
    }


def test_strangers_are_read_from_inputs() -> None:
    """They are planned, so they stand among the inputs."""
    assert record.standing({"strangers": {A: "healthy"}}).strangers == {A: "healthy"}


HELD = {B: "min_targets 2: 1 would remain"}


@pytest.mark.parametrize(
    ("old", "new", "differs"),
    [
        (Recorded(), Standing(), False),
        (Recorded({A: "x"}), Standing({A: "y"}), False),
        (Recorded(), Standing({A: "x"}), True),
        (Recorded({A: "x"}), Standing(), True),
        (Recorded({A: "x"}, {B: "no"}), Standing({A: "x"}), True),
        (Recorded({A: "x", B: "x"}), Standing({A: "x", B: "x"}, HELD), True),
        (Recorded({A: "x", B: "x"}, held=HELD), Standing({A: "x", B: "x"}, HELD), False),
        (Recorded({A: "x", B: "x"}, held=HELD), Standing({A: "x", B: "x"}), True),
        (Recorded({A: "x"}, held=HELD), Standing({A: "x", B: "x"}, HELD), False),
        (
            Recorded({A: "x", B: "x"}, held=HELD),
            Standing({A: "x", B: "x"}, {B: "min_targets 3: 1 would remain"}),
            True,
        ),
        (Recorded({A: "x"}), Standing({A: "x"}, recent={"2026-11-21T08:00:00Z": 1}), False),
        (Recorded({A: "x"}, foreign=(B,)), Standing({A: "x"}), False),
        (Recorded({A: "x"}), Standing({A: "x zone=all"}), True),
        (Recorded({A: "x zone=all"}), Standing({A: "y +1 zone=all"}), False),
        (Recorded({A: "x"}), Standing({A: "x"}, strangers={B: "healthy"}), True),
    ],
)
def test_keys_zones_failures_strangers_and_holds_are_changes(
    old: Recorded, new: Standing, *, differs: bool
) -> None:
    """Labels, order, numbers behind a reason, foreign targets and the window are none."""
    assert record.differs(old, new) is differs
