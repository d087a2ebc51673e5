"""The budget of changing calls, on a clock of the test's."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.aws import budget, target_groups
from lictor.model import Target

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.model import AWSAccess
    from tests.fakes.aws.client import StandIn

ARN = "arn:aws:elasticloadbalancing:{}:{}:targetgroup/g/0123456789abcdef"


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        """Begin at some time."""
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


def make_bucket(clock: Clock) -> budget.Bucket:
    """Make the real bucket with the test's clock."""
    return budget.Bucket(clock=clock, sleep=clock.sleep)


def test_twenty_at_once_then_four_a_second() -> None:
    """What AWS gives an account and region."""
    clock = Clock()
    bucket = make_bucket(clock)
    assert [bucket.take() for _ in range(20)] == [0.0] * 20
    assert [bucket.take() for _ in range(4)] == pytest.approx([0.25] * 4)


def test_a_rest_fills_it_up_and_no_further() -> None:
    """A minute's rest is worth 20 calls, not 240."""
    clock = Clock()
    bucket = make_bucket(clock)
    for _ in range(20):
        bucket.take()
    clock.now += 60
    assert [bucket.take() for _ in range(21)] == pytest.approx([0.0] * 20 + [0.25])


@given(st.lists(st.floats(0, 3), min_size=1, max_size=150))
def test_never_more_than_the_budget(pauses: list[float]) -> None:
    """However calls come: in any span of t seconds there are 20 + 4 t of them at most."""
    clock = Clock()
    bucket = make_bucket(clock)
    times = []
    for pause in pauses:
        clock.now += pause
        bucket.take()
        times.append(clock.now)
    for first, start in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= 20 + 4 * (times[last] - start) + 1e-6


def test_threads_queue_up() -> None:
    """Eight at once on an empty bucket wait 1/4, 2/4, ... 8/4 s: no token is given out twice."""
    waits: list[float] = []
    bucket = budget.Bucket(clock=lambda: 0.0, sleep=waits.append)
    for _ in range(20):
        bucket.take()
    threads = [threading.Thread(target=bucket.take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == pytest.approx([n / 4 for n in range(1, 9)])


def test_one_for_each_account_and_region() -> None:
    """AWS keeps them apart, and so do we; two groups of one place share."""
    budgets = budget.Budgets()
    here = budgets.of(ARN.format("us-west-2", "1" * 12))
    assert budgets.of(ARN.format("us-west-2", "1" * 12).replace("/g/", "/h/")) is here
    assert budgets.of(ARN.format("us-west-1", "1" * 12)) is not here
    assert budgets.of(ARN.format("us-west-2", "2" * 12)) is not here
    assert budgets.of("") is budgets.of("")


def test_every_attempt_draws_on_it(
    aws: StandIn,
    access: AWSAccess,
    make_group: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Register and deregister together, new tries of botocore's included; looks are free."""
    clock = Clock()
    monkeypatch.setattr(budget, "OF_PROCESS", budget.Budgets(lambda: make_bucket(clock)))
    arn = make_group()
    targets = [Target("172.31.0.4", 80)]
    aws.fault("RegisterTargets", "throttle", times=2)
    for _ in range(9):
        target_groups.register(access, arn, targets)
        target_groups.listing(access, arn)
    for _ in range(9):
        target_groups.deregister(access, arn, targets)
    assert clock.slept == []
    target_groups.deregister(access, arn, targets)
    assert clock.slept == pytest.approx([0.25])
