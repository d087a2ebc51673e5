"""Durations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.settings import duration


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0),
        (30, 30),
        (30.0, 30),
        (0.5, 0.5),
        ("31", 31),
        ("30s", 30),
        (" 30s ", 30),
        ("5m", 300),
        ("2h", 7200),
        ("1d", 86400),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("500ms", 0.5),
        ("366d", 366 * 86400),
    ],
)
def test_seconds_or_a_text_with_units(value: object, seconds: float) -> None:
    """A number is seconds; a text may add parts up."""
    assert duration.read(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        -1,
        -0.1,
        True,
        False,
        None,
        [],
        "",
        "s",
        "5x",
        "5 m",
        "m5",
        "-5m",
        "5m!",
        "1e3",
        "\u0663\u0660s",
        "30S",
        "367d",
        float("inf"),
        float("nan"),
        10**400,
        "9" * 400,
    ],
)
def test_anything_else_is_refused(value: object) -> None:
    """The text says what is allowed; a year is the longest."""
    with pytest.raises(ValueError, match="`30s`, `5m`, `2h`, at most 366 days"):
        duration.read(value)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_it_is_a_length_of_time_or_a_value_error(value: object) -> None:
    """Whatever is written."""
    try:
        seconds = duration.read(value)
    except ValueError:
        return
    assert 0 <= seconds <= 366 * 86400
