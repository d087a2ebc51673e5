"""Metrics under the names that dashboards of consul-esm know."""

from __future__ import annotations

from lictor.esm.board import Times
from lictor.esm.metrics import Exposition, Kind, Point
from lictor.settings.monitor import Telemetry


def exposed(*points: Point) -> list[str]:
    """Write points; return the lines of values."""
    exposition = Exposition(lambda: points, Telemetry(disable_hostname=True), "host")
    return [line for line in exposition.text().decode().splitlines() if line[0] != "#"]


def test_a_counter_of_consul_esms() -> None:
    """Has no `_total`; ours have."""
    assert exposed(
        Point(("check", "txn"), Kind.COUNTER, 3, "x", plain=True),
        Point(("esm", "pings"), Kind.COUNTER, 4, "x"),
    ) == ["check_txn 3.0", "esm_pings_total 4.0"]


def test_a_time() -> None:
    """In milliseconds, with quantiles; without any as long as nothing took any time."""
    times = Times()
    for number in range(1, 101):
        times.add(number)
    assert exposed(times.point("a.b", "x")) == [
        'a_b{quantile="0.5"} 50000.0',
        'a_b{quantile="0.9"} 90000.0',
        'a_b{quantile="0.99"} 99000.0',
        "a_b_sum 5.05e+06",
        "a_b_count 100.0",
    ]
    assert 'a{quantile="0.5"} NaN' in exposed(Times().point("a", "x"))


def test_times_that_are_known_in_all() -> None:
    """The average of what is new; nothing where nothing is."""
    times = Times()
    times.add(3.0, 3)
    times.add(0.0, 3)
    times.add(1.0, 5)
    assert list(times.recent) == [1.0, 0.5]
    assert (times.total, times.count) == (4.0, 5)
