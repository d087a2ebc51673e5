"""Thresholds, and what a status of HTTP says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.esm.verdict import Standing, Thresholds, of_http, step

STATUS = st.sampled_from(["passing", "warning", "critical"])


def after(start: str, thresholds: Thresholds, *observed: str) -> list[str]:
    """Take results into account one after the other; return the statuses."""
    standing, found = Standing(start), []
    for one in observed:
        standing = step(standing, one, thresholds)
        found.append(standing.status)
    return found


@pytest.mark.parametrize("number", range(4))
def test_a_threshold_of_n_takes_n_plus_one(number: int) -> None:
    """Both ways, counted once."""
    bad = after("passing", Thresholds(0, number), *["critical"] * (number + 1))
    assert bad == [*["passing"] * number, "critical"]
    good = after("critical", Thresholds(number, 0), *["passing"] * (number + 1))
    assert good == [*["critical"] * number, "passing"]


def test_results_that_agree_count_down() -> None:
    """Two bad, one good, two bad: three more bad than good with a threshold of two."""
    results = ["critical", "critical", "passing", "critical", "critical"]
    assert after("passing", Thresholds(0, 2), *results)[-2:] == ["passing", "critical"]


def test_one_that_flaps_evenly_stays() -> None:
    """As often good as bad is no reason to change."""
    assert set(after("passing", Thresholds(0, 1), *["critical", "passing"] * 20)) == {"passing"}


def test_a_warning_is_as_good_as_passing() -> None:
    """It is no contrary result, and follows at once."""
    assert after("passing", Thresholds(3, 3), "warning", "passing") == ["warning", "passing"]
    assert after("critical", Thresholds(1, 0), "warning", "warning") == ["critical", "warning"]


@given(STATUS, st.lists(STATUS), st.integers(0, 4), st.integers(0, 4))
def test_without_an_end_to_results_the_status_is_theirs(
    start: str, results: list[str], good: int, bad: int
) -> None:
    """Whatever came before: enough equal results in a row decide."""
    for last in ("passing", "warning", "critical"):
        run = after(start, Thresholds(good, bad), *results, *[last] * 12)
        assert run[-1] == last


@given(STATUS, st.lists(STATUS))
def test_without_thresholds_the_status_is_the_result(start: str, results: list[str]) -> None:
    """Each one."""
    assert after(start, Thresholds(), *results) == results


@given(st.integers(0, 999))
def test_statuses_of_http(status: int) -> None:
    """2xx, 429, all else."""
    wanted = "passing" if 200 <= status <= 299 else "warning" if status == 429 else "critical"
    assert of_http(status) == wanted
