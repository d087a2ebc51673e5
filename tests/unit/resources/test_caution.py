"""Answers that were not seen for a while: they add at once, and remove where two reads agree."""

from __future__ import annotations

from typing import Any

import pytest

from lictor import errors
from lictor.resources import checking
from tests.fakes import remotes
from tests.fakes.remotes import ARN, Scene, keys


def check(
    scene: Scene, *stood: int, settles: float = 2.0, **arguments: object
) -> dict[str, dict[str, str]]:
    """Plan in a run that has to be careful, after one that left so many standing."""
    given: dict[str, Any] = {
        "name": "web",
        "target_group_arn": ARN,
        "target_type": "ip",
        "sources": [{"service": "web"}],
        **arguments,
    }
    targets = {remotes.key(number): f"node-{number}" for number in stood}
    olds = {**given, "targets": targets, "held": {}, "recent": {}} if stood else {}
    return checking.inputs(olds, given, remotes.make(scene, settles=settles))


def test_what_is_only_added_is_not_waited_for() -> None:
    """It is an addition, whatever else is not known."""
    scene = Scene(frozenset({1, 2}))
    assert set(check(scene, 1)["targets"]) == keys(1, 2)
    assert (scene.settled, scene.asked) == (0, 1)


def test_a_removal_counts_when_two_reads_agree() -> None:
    """Some time lies between them; where answers were seen all along, one is enough."""
    scene = Scene(frozenset({1}))
    assert set(check(scene, 1, 2)["targets"]) == keys(1)
    assert scene.settled == 1
    assert set(check(scene, 1, 2, settles=0.0)["targets"]) == keys(1)
    assert scene.settled == 1


@pytest.mark.parametrize("later", [{1, 2, 3}, {1, 2}, {3}, set()])
def test_a_removal_does_not_count_while_reads_differ(later: set[int]) -> None:
    """More or less: Consul is on its way."""
    scene = Scene(frozenset({1}))
    scene.settling = lambda: scene.names(*later)
    with pytest.raises(errors.ConsulNotReady, match=r"two reads 2 s apart do\s+not agree"):
        check(scene, 1, 2, 3)


def test_who_takes_a_group_over_waits_for_the_names_of_what_stands_there() -> None:
    """Consul has just begun again and names one of five: the others stand, and are healthy."""
    scene = Scene(frozenset({1}))
    scene.stand(1, 2, 3, 4, 5)
    scene.settling = lambda: scene.names(1, 2, 3, 4)
    found = check(scene, ownership="exclusive", take_over=True)
    assert found["strangers"] == {}
    assert set(found["targets"]) == keys(1), "what is named is not added at once"
    scene.settling = lambda: None
    found = check(scene, 1, ownership="exclusive", take_over=True)
    assert set(found["strangers"]) == keys(5)
    assert scene.settled == 2


def test_strangers_are_looked_for_at_once_where_answers_were_seen() -> None:
    """Nothing is waited for; what Consul names by the second read is none."""
    scene = Scene(frozenset({1}))
    scene.stand(1, 2, 3)
    found = check(scene, settles=0.0, ownership="exclusive", take_over=True)
    assert set(found["strangers"]) == keys(2, 3)
    assert scene.settled == 0
