"""Waits, quotas and roles: how a run takes its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.cases import Cases

if TYPE_CHECKING:
    from tests.engine.cases import Case
    from tests.engine.world import World

QUOTA = 12
MANY = 110
ROLE = "arn:aws:iam::123456789012:role/lictor"


def drain_in(case: Case, seconds: int) -> None:
    """Set the group's deregistration delay."""
    case.world.aws.boto3("elbv2").modify_target_group_attributes(
        TargetGroupArn=case.arn,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": str(seconds)}],
    )


def replace_one(case: Case) -> None:
    """Let the first of the fleet fail and another one start."""
    case.become("critical", 0)
    case.start(1)


@pytest.mark.long
def test_waits_and_quotas(world: World) -> None:
    """Removals wait for health where asked; drains are waited for; a quota turns the order."""
    world.aws.settings(initial_seconds=0)
    cases = Cases(world)
    healthy = cases.add("healthy", 2, waitFor="healthy", healthTimeout="30s")
    patient = cases.add("patient", 2, waitFor="healthy", healthTimeout=1)
    drained = cases.add("drained", 2, waitForDrain=True)
    full = cases.add("full", QUOTA)
    room = cases.add("room", 0)
    role = cases.add("role", 2, roleArn=ROLE)
    drain_in(drained, 2)
    drain_in(full, 0)
    cases.up().ok()
    roles = world.aws.calls("AssumeRole")
    assert roles

    for case in (healthy, patient, drained, full, role):
        replace_one(case)
    room.start(MANY)
    world.aws.settings(initial_seconds=1, targets_per_group=QUOTA)
    world.aws.health(patient.arn, patient.keys[2], "unhealthy")
    run = cases.up()
    assert healthy.standing == sorted(healthy.keys[1:])
    calls = [call["operation"] for call in world.aws.calls(target_group=healthy.arn)]
    between = calls[calls.index("RegisterTargets") : calls.index("DeregisterTargets")]
    assert between.count("DescribeTargetHealth") > 1
    assert "healthy: waiting for 1 targets to be healthy" in run.text

    assert patient.standing == sorted(patient.keys)
    assert patient.held == [f"waiting for health: {patient.keys[2]} is unhealthy"]
    assert f"{drained.keys[0]} is draining" in run.text
    assert world.aws.targets(drained.arn).keys() == set(drained.keys[1:])

    assert full.changes() == ["RegisterTargets", "DeregisterTargets", "RegisterTargets"]
    assert full.standing == sorted(full.keys[1:])
    assert len(room.standing) == QUOTA
    assert room.changes() == ["RegisterTargets"], "nothing is tried that cannot fit in"
    failed = room.outputs["failed"]
    assert len(failed) == MANY - QUOTA
    assert f"no head-room: 0 of {QUOTA} targets of load balancer" in failed[min(failed)]
    assert run.code != 0
    assert f"room: {MANY - QUOTA} failed" in run.text

    world.aws.settings(targets_per_group=1000)
    world.aws.health(patient.arn, patient.keys[2], None)
    world.aws.advance(60)
    cases.up().ok()
    assert patient.standing == sorted(patient.keys[1:])
    assert room.standing == sorted(room.keys)
    assert f"{len(cases.all) + 1} unchanged" in cases.up().ok().text

    world.aws.clear_calls()
    world.stack.destroy().ok()
    assert len(world.aws.calls("AssumeRole")) == 1, "a deletion takes the role, too"
    assert role.standing == []
