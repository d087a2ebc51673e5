"""Consul's rules for blocking queries, backing off and pacing: pure, for all that may come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lictor.consul import blocking, pace
from lictor.consul.blocking import Told

INDEX = st.integers(1, 2**63)


@given(asked=INDEX, answered=INDEX)
def test_an_index_goes_up_or_began_anew(asked: int, answered: int) -> None:
    """The same is no news, a higher one is, and a lower one makes all that was known old."""
    told = blocking.told(asked, answered)
    assert (told is Told.SAME) == (answered == asked)
    assert (told is Told.MOVED) == (answered > asked)
    assert (told is Told.FELL) == (answered < asked)


@given(text=st.text() | st.integers().map(str))
def test_an_index_is_at_least_one(text: str) -> None:
    """Whatever a header says, asking with what is made of it blocks."""
    index = blocking.index({"X-Consul-Index": text})
    assert index >= 1
    assert str(index) == text.lstrip("0") or index == 1 or not text.isascii()
    assert blocking.index({}) == 1


def test_an_index_that_is_none() -> None:
    """Zero, signs, fractions and digits of other scripts are no index."""
    for text in ("0", "-5", "+5", "1.5", " 7", "\u0664", "x"):
        assert blocking.index({"X-Consul-Index": text}) == 1
    assert blocking.index({"X-Consul-Index": "42"}) == 42


@given(asked=st.integers(-5, 2**63), wait=st.floats(0, 600))
def test_a_query_that_blocks(asked: int, wait: float) -> None:
    """It names an index above zero and a wait that Consul does not take for its default."""
    params = dict(blocking.params(asked, wait))
    assert int(params["index"]) >= 1
    assert params["wait"].endswith("ms")
    assert int(params["wait"].removesuffix("ms")) >= 1
    assert blocking.longest(wait) >= wait * 17 / 16 - 1e-9


@given(failures=st.integers(1, 10**6), chance=st.floats(0, 1))
def test_backing_off_has_its_limits(failures: int, chance: float) -> None:
    """However often it failed: never at once, never longer than half as much again as the most."""
    backoff = pace.Backoff(first=0.2, most=10.0)
    assert 0.1 <= backoff.pause(failures, chance) <= 15.0


@given(chance=st.floats(0, 1))
def test_backing_off_grows(chance: float) -> None:
    """Each failure doubles the pause until the most is reached, and then it stays."""
    pauses = [pace.Backoff().pause(count, chance) for count in range(1, 12)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == pauses[-2]


@given(
    burst=st.integers(1, 30),
    rate=st.floats(0.05, 50),
    gaps=st.lists(st.floats(0, 10), max_size=200),
)
def test_a_bucket_lets_through_its_burst_and_its_rate(
    burst: int, rate: float, gaps: list[float]
) -> None:
    """Whoever waits as told never does more than burst + rate * time, in any stretch of time."""
    bucket, now, done = pace.Bucket(burst), 0.0, []
    for gap in gaps:
        now += gap
        now += bucket.take(now, rate)
        done.append(now)
    for first, begin in enumerate(done):
        for last in range(first, len(done)):
            assert last - first + 1 <= burst + rate * (done[last] - begin) + 1 + 1e-6


def test_a_burst_is_not_kept_waiting() -> None:
    """What is isolated, or few, goes through at once; the next ones as fast as the rate."""
    bucket = pace.Bucket(3)
    assert [bucket.take(100.0, 2.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 1.0]
    assert bucket.take(200.0, 2.0) == 0.0
