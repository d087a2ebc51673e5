"""What removals wait for."""

import pytest

from lictor.model import TargetState
from lictor.plan import waiting
from tests.unit.plan.make import make_key, make_listing

A, B, C = (make_key(number) for number in range(3))


@pytest.mark.parametrize(
    ("state", "waited"),
    [
        (TargetState.INITIAL, True),
        (TargetState.UNHEALTHY, True),
        (TargetState.UNHEALTHY_DRAINING, True),
        (TargetState.DRAINING, True),
        (TargetState.HEALTHY, False),
        (TargetState.UNUSED, False),
        (TargetState.UNAVAILABLE, False),
    ],
)
def test_only_what_may_become_healthy_is_waited_for(state: TargetState, *, waited: bool) -> None:
    """A group that no load balancer uses would keep the run waiting for nothing."""
    assert waiting.pending([A], make_listing([A], state)) == ({A: state.value} if waited else {})


def test_what_aws_does_not_list_yet_is_waited_for() -> None:
    """Registered a moment ago, a target may be missing from the list."""
    assert waiting.pending([B, A], make_listing([B])) == {A: "not listed"}


def test_the_reason_names_one_and_counts_the_others() -> None:
    """A line for people, and none where nothing is waited for."""
    assert waiting.reason({}) == ""
    assert waiting.reason({A: "initial"}) == f"waiting for health: {A} is initial"
    assert waiting.reason({A: "initial", B: "unhealthy", C: "initial"}) == (
        f"waiting for health: {A} is initial and 2 more are not healthy"
    )


def test_a_run_after_a_wait_in_vain_waits_for_all_that_consul_names() -> None:
    """Which targets the earlier run had added is known no more; it must not matter."""
    held = {C: waiting.reason({A: "initial"})}
    assert waiting.awaited([], [B, A], held) == [A, B]
    assert waiting.awaited([B], [A, B], {C: "removal_delay; due 2026-11-21T08:00:00Z"}) == [B]
    assert waiting.awaited([], [A, B], {}) == []


def test_draining_is_what_the_whole_list_says() -> None:
    """Absent or in another state is done."""
    listing = make_listing([A], TargetState.DRAINING) | make_listing([B], TargetState.UNUSED)
    assert waiting.draining([C, B, A], listing) == [A]
