"""What keeps a removal from being wrong: guards, failures, ownership, renames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.cases import Cases

if TYPE_CHECKING:
    from tests.engine.world import World


def test_the_last_targets_are_kept(world: World) -> None:
    """No instance passes: all targets stay, one update says so, and the next run is a no-op."""
    arn, keys = world.attached(2)
    for number in range(2):
        world.status(number, "critical")
    preview = world.stack.preview("--diff").ok()
    assert "on_empty keep: none of 2 instances" in preview.text
    run = world.stack.up().ok()
    assert "warning: 2 held" in run.text
    assert "1 updated" in run.text
    assert world.standing(arn) == sorted(keys)
    assert sorted(world.outputs()["held"]) == sorted(keys)
    assert world.aws.calls() == []

    assert "2 unchanged" in world.stack.up().ok().text
    for number in range(2):
        world.status(number, "passing")
    world.stack.up().ok()
    assert world.outputs()["held"] == {}
    assert world.changes() == []


def test_min_targets(world: World) -> None:
    """Removals that would leave too few are held, all of them, while additions go through."""
    arn, keys = world.attached(3, minTargets=3)
    new = world.fleet(1, first=3)
    for number in (0, 1):
        world.status(number, "critical")
    run = world.stack.up().ok()
    assert "min_targets 3: 2 would remain" in run.text
    assert world.standing(arn) == sorted([*keys, *new])
    world.status(0, "passing")
    world.aws.advance(60)
    world.stack.up().ok()
    assert world.standing(arn) == sorted([keys[0], keys[2], *new])


def test_max_removal_percent_and_the_way_through(world: World) -> None:
    """More than 30 % at once is held; small steps do not get round it; the user's word does."""
    arn, keys = world.attached(10)
    for number in range(3):
        world.status(number, "critical")
    world.stack.up().ok()
    assert world.standing(arn) == sorted(keys[3:])
    world.status(3, "critical")
    run = world.stack.up().ok()
    assert "max_removal_percent 30: 4 of 10 within 600 s" in run.text
    assert world.standing(arn) == sorted(keys[3:])
    world.stack.up(env={"LICTOR_ALLOW_REMOVAL": "web"}).ok()
    assert world.standing(arn) == sorted(keys[4:])


def test_a_failed_addition_stops_removals(world: World) -> None:
    """When AWS does not take additions, nothing is removed; the next run does both."""
    arn, keys = world.attached(3)
    new = world.fleet(1, first=3)
    world.status(0, "critical")
    world.aws.fault("RegisterTargets", "error", times=None)
    run = world.stack.up()
    assert run.code != 0
    assert "web: 1 failed" in run.text
    assert "Traceback" not in run.text
    assert "DeregisterTargets" not in world.changes()
    assert world.standing(arn) == sorted(keys)
    assert sorted(world.outputs()["attached"]) == sorted(keys)
    assert list(world.outputs()["held"].values()) == ["an addition failed"]

    world.aws.clear_faults()
    world.stack.up().ok()
    assert world.standing(arn) == sorted([*keys[1:], *new])
    assert world.outputs()["failed"] == {}
    assert world.outputs()["held"] == {}


def test_one_bad_target_blocks_nothing(world: World) -> None:
    """A target that AWS rejects lands in `failed`; the others are added, removals go on."""
    arn, keys = world.attached(4)
    new = world.fleet(5, first=4)
    world.aws.stop_instance(new[2].split(":")[0])
    world.status(0, "critical")
    run = world.stack.up()
    assert run.code != 0
    assert f"web: 1 failed: {new[2]} (InvalidTarget" in run.text
    good = [key for key in new if key != new[2]]
    assert world.standing(arn) == sorted([*keys[1:], *good])
    assert list(world.outputs()["failed"]) == [new[2]]

    world.aws.start_instance(new[2].split(":")[0])
    world.stack.up().ok()
    assert world.standing(arn) == sorted([*keys[1:], *new])


def test_a_target_without_an_id_fails_alone(world: World) -> None:
    """An instance whose id is nowhere to be found is listed by address, the others go on."""
    arn = world.aws.create_group(world.service)
    keys = world.fleet(1)
    world.consul.register(world.service, world.node(9), "10.1.2.3")
    world.declare(world.group(arn))
    run = world.stack.up()
    assert run.code != 0
    assert "10.1.2.3:8080 (no EC2 instance id found" in run.text
    assert world.standing(arn) == keys


@pytest.mark.long
def test_a_failed_removal_is_tried_again(world: World) -> None:
    """What could not be removed stays ours, the run fails, and the next one removes it."""
    arn, keys = world.attached(3)
    world.status(0, "critical")
    world.aws.fault("DeregisterTargets", "error", times=None)
    run = world.stack.up()
    assert run.code != 0
    assert "not removed" in run.text
    assert sorted(world.outputs()["attached"]) == sorted(keys)
    world.aws.clear_faults()
    world.stack.up().ok()
    assert world.standing(arn) == sorted(keys[1:])


def test_the_only_healthy_target_waits_for_its_successor(world: World) -> None:
    """A replaced last target stays until the new one is healthy."""
    arn, keys = world.attached(1)
    world.aws.settings(initial_seconds=3600)
    world.aws.health(arn, keys[0], "healthy")
    new = world.fleet(1, first=1)
    world.status(0, "critical")
    run = world.stack.up().ok()
    assert "waiting for health" in run.text
    assert world.standing(arn) == sorted([*keys, *new])
    world.aws.advance(4000)
    world.stack.up().ok()
    assert world.standing(arn) == new


def test_strangers_are_left_alone(world: World) -> None:
    """What somebody else has registered is listed in `foreign` and survives destroy."""
    arn = world.aws.create_group(world.service)
    (ident, _), *_ = world.aws.create_instances(1)
    world.aws.boto3("elbv2").register_targets(
        TargetGroupArn=arn, Targets=[{"Id": ident, "Port": 1}]
    )
    world.fleet(2)
    world.declare(world.group(arn))
    world.stack.up().ok()
    assert world.outputs()["foreign"] == [f"{ident}:1"]
    world.status(0, "critical")
    world.stack.up().ok()
    world.stack.destroy().ok()
    assert world.standing(arn) == [f"{ident}:1"]


def test_targets_that_stand_are_adopted(world: World) -> None:
    """A group that already has the targets is taken over without a call that changes it."""
    arn = world.aws.create_group(world.service)
    keys = world.fleet(2)
    world.aws.boto3("elbv2").register_targets(
        TargetGroupArn=arn, Targets=[{"Id": key.split(":")[0], "Port": 8080} for key in keys]
    )
    world.aws.clear_calls()
    world.declare(world.group(arn))
    world.stack.up().ok()
    assert world.changes() == []
    assert sorted(world.outputs()["attached"]) == sorted(keys)


def test_a_renamed_resource_keeps_its_targets(world: World) -> None:
    """The engine creates the new name and deletes the old: the group must not notice."""
    arn, keys = world.attached(2)
    world.declare({**world.group(arn), "name": "site"})
    world.stack.up().ok()
    assert world.standing(arn) == sorted(keys)
    assert "DeregisterTargets" not in world.changes()
    assert list(world.stack.resources()) == ["site"]
    assert "2 unchanged" in world.stack.up().ok().text


def test_a_target_wanted_twice_is_refused(world: World) -> None:
    """Two resources that want one target would fight; disjoint ones may share a group."""
    arn = world.aws.create_group(world.service)
    world.fleet(2)
    other = f"{world.service}-other"
    extra = world.fleet(1, first=2, service=other)
    world.declare(world.group(arn), {**world.group(arn), "name": "site"})
    world.refused(world.stack.preview(), "both want", "web", "site")
    world.declare(world.group(arn), {"name": "site", "targetGroupArn": arn, "service": other})
    world.stack.up().ok()
    assert sorted(world.outputs("site")["attached"]) == extra
    assert len(world.standing(arn)) == 3


def test_another_group_is_filled_before_the_old_is_left(world: World) -> None:
    """A changed ARN: the new group has the targets first; an empty exchange is refused."""
    arn, keys = world.attached(2)
    new = world.aws.create_group(f"{world.service}-new")
    world.declare(world.group(new))
    world.stack.up().ok()
    assert world.changes() == ["RegisterTargets", "DeregisterTargets"]
    assert (world.standing(arn), world.standing(new)) == ([], sorted(keys))
    for number in range(2):
        world.status(number, "critical")
    world.aws.clear_calls()
    world.declare(world.group(arn))
    world.refused(world.stack.up(), "target_group_arn changes while 2 targets stand")
    assert world.standing(new) == sorted(keys)


def test_a_label_is_no_change(world: World) -> None:
    """Another check output, tag or node name changes nothing."""
    arn, keys = world.attached(1)
    ident = keys[0].split(":")[0]
    world.consul.register(
        world.service,
        f"{world.service}-zz",
        "10.9.9.9",
        node_meta={"instance-id": ident},
        tags=["new"],
        output="fine",
    )
    world.consul.deregister(world.node(0))
    assert "2 unchanged" in world.stack.up().ok().text
    assert world.standing(arn) == keys


def test_a_rename_while_consul_names_nothing(world: World) -> None:
    """What the new name does not claim is no reason to empty the group, in this run or later."""
    arn, keys = world.attached(3)
    for number in range(3):
        world.status(number, "critical")
    world.declare({**world.group(arn), "name": "site"})
    for _ in range(2):
        run = world.stack.up()
        world.refused(run, f"3 targets stay in {arn}", "site has the group now; min_targets 1: 0")
        assert "LICTOR_ALLOW_REMOVAL=web" in run.text
        assert world.standing(arn) == sorted(keys)
    nowhere = {"service": world.service, "datacenters": ["nowhere"]}
    world.declare({"name": "site", "targetGroupArn": arn, "sources": [nowhere]})
    run = world.stack.lictor("up", "--stack", "dev")
    assert "site blocked: " in run.text, run.text
    assert world.standing(arn) == sorted(keys), "who is blocked still has his group"
    for number in range(3):
        world.status(number, "passing")
    world.declare({**world.group(arn), "name": "site"})
    world.stack.up().ok()
    assert world.standing(arn) == sorted(keys)
    assert list(world.stack.resources()) == ["site"]
    assert "DeregisterTargets" not in world.changes()


@pytest.mark.long
def test_a_rename_lets_nothing_go_that_is_held(world: World) -> None:
    """A delay that is not over and a floor hold across a rename; the user's word lets them go."""
    cases = Cases(world)
    delayed = cases.add("delayed", 4, removalDelay="1h")
    missed = cases.add("missed", 4, removalDelay="1h")
    floor = cases.add("floor", 3, minTargets=3)
    forever = cases.add("forever", 4, policy="add-only")
    gone = cases.add("gone", 3)
    cases.up().ok()
    for case in (delayed, floor, forever):
        case.become("critical", 0)
    cases.up().ok()
    missed.become("critical", 0)
    for case in (delayed, missed, floor, forever):
        case.name += "-new"
    del cases.all["gone"]
    run = cases.up()
    assert run.code != 0
    for case in (delayed, missed, floor, forever):
        assert case.standing == sorted(case.keys), case.name
    assert "removal_delay of" in run.text
    assert "min_targets 3: 2 would remain" in run.text
    assert "policy add-only" in run.text
    cases.up(LICTOR_ALLOW_REMOVAL="delayed,missed,floor,forever").ok()
    for case in (delayed, missed, floor, forever):
        assert case.standing == sorted(case.keys[1:]), case.name
    assert gone.standing == [], "nobody else has its group: its removal is a removal"
