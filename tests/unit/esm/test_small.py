"""Schedule, coordinates, Go's times, flags, lists: small and pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor import errors
from lictor.consul.aio import lists, wire
from lictor.esm import coordinates, flags, gotime
from lictor.esm.coordinates import Coordinate
from lictor.esm.schedule import Schedule, following


@given(st.lists(st.floats(0, 100)), st.floats(0, 100))
def test_a_schedule_gives_what_is_due_in_order(dues: list[float], now: float) -> None:
    """And keeps the rest."""
    schedule: Schedule[float] = Schedule()
    for due in dues:
        schedule.add(due, due)
    taken = list(schedule.take(now))
    assert [due for due, _ in taken] == sorted(due for due in dues if due <= now)
    assert len(schedule) == len(dues) - len(taken)
    assert schedule.due() == min((due for due in dues if due > now), default=math.inf)


def test_lag_is_not_added_up() -> None:
    """Due at 10, begun at 11 and over at 13: an interval after 12, when it would have ended."""
    assert following(10.0, 11.0, 13.0, 20.0) == 32.0


def test_lag_is_not_made_up_for_at_once() -> None:
    """Due at 10, begun at 40 and over at 41: nearly an interval later, not at once."""
    assert following(10.0, 40.0, 41.0, 10.0) == 50.0


def test_a_time_as_consul_esm_wrote_it() -> None:
    """The bytes that were seen: seconds from year 1, nanoseconds, UTC."""
    seen = bytes.fromhex("010000000ee29321241c460144ffff")
    time = gotime.read(seen)
    assert time is not None
    assert time.year == 2026
    assert gotime.write(time)[:9] == seen[:9]


@given(st.datetimes(datetime(1, 1, 2), datetime(9998, 1, 1)))  # noqa: DTZ001 - made UTC below
def test_times_survive(naive: datetime) -> None:
    """To the microsecond."""
    time = naive.replace(tzinfo=UTC)
    assert gotime.read(gotime.write(time)) == time


@given(st.binary())
def test_what_is_no_time(data: bytes) -> None:
    """Is none, or one; never an error."""
    gotime.read(data)


@given(st.floats(0.0001, 0.5))
def test_coordinates_come_to_tell_the_time_of_an_echo(rtt: float) -> None:
    """After some echoes the distance is about what they took."""
    here, there = Coordinate(), Coordinate(error=0.1)
    for _ in range(200):
        here = coordinates.update(here, there, rtt, lambda: 0.7)
    assert coordinates.distance(here, there) == pytest.approx(rtt, rel=0.3, abs=0.0005)


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(0, 1))
def test_coordinates_stay_finite(rtt: float, chance: float) -> None:
    """Whatever an echo is said to have taken."""
    assert coordinates.update(Coordinate(), Coordinate(), rtt, lambda: chance).valid


@pytest.mark.parametrize(
    "arguments",
    [
        ["-config-file", "a", "-config-dir", "b", "-workers", "2"],
        ["--config-file", "a", "--config-dir", "b", "--workers", "2"],
        ["-config-file=a", "--config-dir=b", "-workers=2"],
    ],
)
def test_forms_of_flags(arguments: list[str]) -> None:
    """One dash or two, a space or an equals sign; in order."""
    assert flags.read(arguments) == flags.Flags(("a", "b"), 2)


@pytest.mark.parametrize(
    "arguments", [["-x"], ["a"], ["-config-file"], ["-workers", "x"], ["-workers", "99"], ["--"]]
)
def test_flags_that_cannot_be(arguments: list[str]) -> None:
    """Are refused, with the usage."""
    with pytest.raises(errors.SettingsError, match=r"(?s)Usage: .*error parsing flags: "):
        flags.read(arguments)


NAMES = st.lists(st.text(min_size=1, max_size=200), unique=True, max_size=40)


@given(NAMES, NAMES, st.integers(0, 1500))
def test_lists_survive(checked: list[str], pinged: list[str], times: int) -> None:
    """However many parts they need."""
    many = [f"{name}{number}" for number in range(times) for name in checked[:3]]
    values = lists.values("p/", "svc:1", [*checked, *many], pinged)
    assert all(len(value) < 2 * lists.PART for value in values.values())
    pairs = [wire.Pair(key, value) for key, value in values.items()]
    found = lists.read(pairs, "p/")["svc:1"]
    assert sorted(found.nodes or ()) == sorted([*checked, *many])
    assert sorted(found.probes or ()) == sorted(pinged)


def test_a_short_list_is_consul_esms() -> None:
    """One key, two lists, null for none."""
    assert lists.values("p/", "s:1", ["a"], []) == {
        "p/agents/s:1": b'{"Nodes":["a"],"Probes":null}'
    }
