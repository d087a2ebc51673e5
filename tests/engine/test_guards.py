"""Each guard's setting, as the engine carries it from the arguments to AWS and to state.

The rules in full, and their order, are those of tests/unit/plan; `test_safety` has the defaults.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.cases import Cases

if TYPE_CHECKING:
    from tests.engine.cases import Case
    from tests.engine.world import World


def due(case: Case) -> datetime:
    """Read when the one held target's delay is over."""
    (reason,) = case.held
    found = re.fullmatch(r"removal_delay; due (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)", reason)
    assert found, reason
    return datetime.fromisoformat(found[1])


def test_guards(world: World) -> None:
    """Each setting in a group of its own, struck twice; what is held is listed with its reason."""
    world.aws.settings(initial_seconds=0)
    cases = Cases(world)
    drain = cases.add("drain", 2, onEmpty="drain", minTargets=2)
    floor = cases.add("floor", 4, minTargets=3)
    half = cases.add("half", 10, maxRemovalPercent=50)
    never = cases.add("never", 10, maxRemovalPercent=0)
    window = cases.add("window", 12, removalWindow=0.1)
    wide = cases.add("wide", 12)
    soon = cases.add("soon", 3, removalDelay=0.1)
    later = cases.add("later", 3, removalDelay="1h")
    only = cases.add("add-only", 3, policy="add-only", minTargets=0)
    cases.up().ok()

    drain.become("critical")
    floor.become("critical", 0, 1)
    half.become("critical", *range(5))
    never.become("critical", 0)
    for case in (window, wide):
        case.become("critical", 0, 1, 2)
    for case in (soon, later, only):
        case.become("critical", 0)
    new = only.start(1)
    began = datetime.now(UTC)  # noqa: TID251 - what the due time is compared with
    run = cases.up().ok()
    assert drain.standing == []
    assert (floor.standing, floor.held) == (sorted(floor.keys), ["min_targets 3: 2 would remain"])
    assert half.standing == sorted(half.keys[5:])
    assert never.held == ["max_removal_percent 0: 1 of 10 within 600 s"]
    assert window.standing == sorted(window.keys[3:])
    assert wide.standing == sorted(wide.keys[3:])
    assert soon.standing == sorted(soon.keys)
    first = due(later)
    assert timedelta(hours=1) <= first - began < timedelta(hours=1, minutes=2)
    assert only.standing == sorted(only.keys)
    assert new[0] in only.outputs["attached"]
    assert only.held == ["policy add-only"]
    assert "warning: 1 held" in run.text

    floor.become("passing", 0)  # one of the two is back: the other may go
    window.become("critical", 3, 4)
    wide.become("critical", 3, 4)
    cases.up(LICTOR_ALLOW_REMOVAL="never, add-only").ok()
    assert floor.standing == sorted([floor.keys[0], *floor.keys[2:]])
    assert never.standing == sorted(never.keys[1:])
    assert window.standing == sorted(window.keys[5:])  # the first three count no more
    assert wide.held == ["max_removal_percent 30: 5 of 12 within 600 s"]
    assert soon.standing == sorted(soon.keys[1:])
    assert (due(later), later.standing) == (first, sorted(later.keys))  # fixed when first missing
    assert only.standing == sorted(only.keys)  # the user's policy is no guard

    assert f"{len(cases.all) + 1} unchanged" in cases.up().ok().text


def test_fail_refuses_the_plan(world: World) -> None:
    """`onGuard: fail` and `onEmpty: fail` end the run before anything is done, with the way out."""
    cases = Cases(world)
    guard = cases.add("guard", 3, onGuard="fail", minTargets=3)
    cases.up().ok()
    guard.become("critical", 0)
    guard.start(1)
    guard.become("critical", 1)
    way = "LICTOR_ALLOW_REMOVAL="
    parts = ("2 removals refused (min_targets 3: 2 would remain)", way)
    world.refused(cases.up(), "resource 'guard'", *parts)
    guard.become("critical")
    guard.more = {"onEmpty": "fail", "onGuard": "hold"}
    parts = ("3 removals refused (on_empty: none of 4 instances", way)
    world.refused(cases.up(), "resource 'guard'", *parts)
    assert guard.standing == sorted(guard.keys[:3])


def strangers(case: Case, count: int) -> list[str]:
    """Register targets by hand; return their keys."""
    keys = [f"{ident}:8080" for ident, _ in case.world.aws.create_instances(count)]
    targets: list[Any] = [{"Id": key.partition(":")[0], "Port": 8080} for key in keys]
    case.world.aws.boto3("elbv2").register_targets(TargetGroupArn=case.arn, Targets=targets)
    return keys


@pytest.mark.long
def test_exclusive(world: World) -> None:
    """Strangers are told on the first run and go on the second, as the guards let; and back.

    The mode may change at any time: who becomes exclusive has a first run again, whatever
    refreshes lie between, and who ceases to be leaves strangers alone.
    """
    world.aws.settings(initial_seconds=0)
    cases = Cases(world)
    new = cases.add("new", 2, ownership="exclusive")
    held = cases.add("held", 4, ownership="exclusive")
    late = cases.add("late", 2, ownership="exclusive", removalDelay="1h")
    turned = cases.add("turned", 2)
    back = cases.add("back", 7, ownership="exclusive", maxRemovalPercent=0)
    theirs = {
        "new": strangers(new, 1),
        "held": strangers(held, 6),
        "late": strangers(late, 1),
        "turned": strangers(turned, 1),
        "back": strangers(back, 4),
    }
    cases.up().ok()
    for case in cases.all.values():
        assert case.standing == sorted([*case.keys, *theirs[case.name]])
        assert case.outputs["foreign"] == sorted(theirs[case.name])

    turned.more["ownership"] = "exclusive"
    theirs["turned"] += strangers(turned, 1)
    cases.declare()
    preview = world.stack.preview("--diff").ok()
    assert f'+ {theirs["new"][0]}: "healthy"' in preview.text  # among `strangers`
    cases.up().ok()
    assert new.standing == sorted(new.keys)
    assert new.outputs["foreign"] == []
    assert held.held == ["max_removal_percent 30: 6 of 10 within 600 s"]
    assert held.standing == sorted([*held.keys, *theirs["held"]])
    first = due(late)
    assert turned.standing == sorted([*turned.keys, *theirs["turned"]])
    assert turned.outputs["foreign"] == sorted(theirs["turned"])  # what it would cost
    assert back.held == ["max_removal_percent 0: 4 of 11 within 600 s"]

    back.more["ownership"] = "owned"
    cases.declare()
    world.stack.refresh().ok()
    cases.up(LICTOR_ALLOW_REMOVAL="held").ok()
    assert held.standing == sorted(held.keys)
    assert turned.standing == sorted(turned.keys)
    assert due(late) == first
    assert back.outputs["held"] == {}
    assert back.outputs["foreign"] == sorted(theirs["back"])
    assert f"{len(cases.all) + 1} unchanged" in cases.up().ok().text

    world.stack.destroy().ok()
    assert late.standing == theirs["late"]  # a stranger that waited is no target of ours
    assert back.standing == sorted(theirs["back"])
