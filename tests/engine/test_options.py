"""Pulumi's own options: aliases, parents, retained resources, targets, saved plans; upgrades."""

from __future__ import annotations

import base64
import json
import pickle
from typing import TYPE_CHECKING

import pytest

from lictor.resources.attachments import AttachmentsProvider
from tests.engine.cases import Cases
from tests.fakes.pulumi import STACK, TYPE

if TYPE_CHECKING:
    from tests.engine.world import World

_PROGRAM = """
import lictor
import pulumi

class Site(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Site", name)

def attach(name, case, **options):
    arn, service = {groups}[case]
    opts = pulumi.ResourceOptions(**options)
    return lictor.TargetGroupAttachments(name, target_group_arn=arn, service=service, opts=opts)

lictor.check_failed({resources})
"""


def write(cases: Cases, *resources: str) -> None:
    """Make a program of these calls of `attach`."""
    groups = {name: (case.arn, case.service) for name, case in cases.all.items()}
    text = _PROGRAM.format(groups=groups, resources=", ".join(resources))
    (cases.world.stack.project / "__main__.py").write_text(text)
    cases.world.declare()
    cases.world.aws.clear_calls()


@pytest.mark.long
def test_resource_options(world: World) -> None:
    """Renamed, moved under a parent or left behind: no group loses a target."""
    cases = Cases(world)
    for name in ("renamed", "moved", "kept", "both"):
        cases.add(name, 2)
    write(
        cases,
        'attach("renamed", "renamed")',
        'attach("moved", "moved")',
        'attach("kept", "kept", retain_on_delete=True)',
        'attach("both", "both")',
    )
    world.stack.up().ok()
    write(
        cases,
        'attach("new", "renamed", aliases=[pulumi.Alias(name="renamed")])',
        'attach("moved", "moved", parent=Site("site"))',
        'attach("other", "both", parent=Site("other"))',
    )
    world.stack.up().ok()
    assert "DeregisterTargets" not in world.changes()
    for case in cases.all.values():
        assert case.standing == sorted(case.keys), case.name
    assert sorted(world.stack.resources()) == ["moved", "new", "other"]
    assert sorted(world.outputs("moved")["attached"]) == sorted(cases["moved"].keys)
    assert "6 unchanged" in world.stack.up().ok().text


def test_a_group_that_cannot_be_filled_replaces_none(world: World) -> None:
    """The old group is left when the new one has its targets, and not before, check or no check."""
    cases = Cases(world)
    case = cases.add("web", 2)
    write(cases, 'attach("web", "web")')
    world.stack.up().ok()
    old = case.arn
    case.arn = world.aws.create_group(f"{case.service}-new")
    write(cases, 'attach("web", "web")')
    program = world.stack.project / "__main__.py"
    program.write_text(program.read_text().replace("lictor.check_failed", "repr"))
    world.aws.fault("RegisterTargets", "deny", target_group=case.arn, times=None)
    for _ in range(2):
        run = world.stack.up()
        assert run.code != 0
        assert "2 targets stay" in run.text
        assert "denies RegisterTargets" in run.text
        assert "Traceback" not in run.text
        assert (world.standing(old), case.standing) == (sorted(case.keys), [])
    world.aws.clear_faults()
    world.stack.up().ok()
    assert (world.standing(old), case.standing) == ([], sorted(case.keys))


@pytest.mark.long
def test_a_renamed_resource_moves_to_a_group_that_cannot_be_filled(world: World) -> None:
    """State follows a rename at once, and whatever the old name: no full group for an empty one."""
    cases = Cases(world)
    before, at_once = cases.add("before", 2), cases.add("at-once", 2)
    write(cases, 'attach("before", "before")', 'attach("at-once", "at-once")')
    world.stack.up().ok()
    aliased = 'attach("{0}-new", "{0}", aliases=[pulumi.Alias(name="{0}")])'
    write(cases, aliased.format("before"), 'attach("at-once", "at-once")')
    world.stack.up().ok()
    assert world.changes() == []
    assert world.outputs("before-new")["name"] == "before-new"
    old = {case.name: case.arn for case in (before, at_once)}
    for case in (before, at_once):
        case.arn = world.aws.create_group(f"{case.service}-new")
        world.aws.fault("RegisterTargets", "deny", target_group=case.arn, times=None)
    write(cases, aliased.format("before"), aliased.format("at-once"))
    program = world.stack.project / "__main__.py"
    program.write_text(program.read_text().replace("lictor.check_failed", "print"))
    run = world.stack.up()
    assert run.code != 0
    assert run.text.count("2 targets stay") >= len(old), run.text
    for case in (before, at_once):
        assert (world.standing(old[case.name]), case.standing) == (sorted(case.keys), [])
    world.aws.clear_faults()
    world.stack.up().ok()
    for case in (before, at_once):
        assert (world.standing(old[case.name]), case.standing) == ([], sorted(case.keys))


@pytest.mark.long
def test_one_name_under_two_parents(world: World) -> None:
    """Two resources of one name are two: on one group they may not want the same targets."""
    cases = Cases(world)
    one, two = cases.add("one", 3), cases.add("two", 2)
    cases.add("same", 0).arn = one.arn
    for number, key in enumerate(one.keys):
        world.consul.register(
            cases["same"].service,
            one.world.node(number),
            "10.0.0.9",
            node_meta={"instance-id": key.partition(":")[0]},
            service_id=f"same-{number}",
        )
    write(cases, 'attach("web", "one")', 'attach("web", "two", parent=Site("s"))')
    world.stack.up().ok()
    assert (one.standing, two.standing) == (sorted(one.keys), sorted(two.keys))
    assert "4 unchanged" in world.stack.up().ok().text
    write(cases, 'attach("web", "one")', 'attach("web", "same", parent=Site("s"))')
    world.refused(world.stack.up(), "both want", "web under test:index:Site")
    # a group that passes from one to the other is not emptied
    write(cases, 'attach("web", "same", parent=Site("s"))')
    world.stack.up().ok()
    assert one.standing == sorted(one.keys)
    assert two.standing == []


def urn(name: str) -> str:
    """Return the URN of a resource."""
    return f"urn:pulumi:{STACK}::lictor::{TYPE}::{name}"


@pytest.mark.long
def test_targets_on_the_command_line(world: World) -> None:
    """`--target` reads and changes what it names, and no claim is made by what it leaves out.

    So a renamed resource whose old name is destroyed by itself loses its targets: a refresh tells,
    and the update with it repairs.
    """
    cases = Cases(world)
    one, two = cases.add("one", 2), cases.add("two", 2)
    cases.up().ok()
    for case in (one, two):
        case.start(1)
    one.name = "new"
    cases.up("--target", urn("new")).ok()
    assert one.standing == sorted(one.keys)
    assert two.standing == sorted(two.keys[:2])
    world.stack.destroy("--target", urn("one")).ok()
    assert one.standing == [one.keys[2]]  # the old name had the other two
    cases.up("--refresh").ok()
    assert (one.standing, two.standing) == (sorted(one.keys), sorted(two.keys))
    assert sorted(world.stack.resources()) == ["new", "two"]
    one.become("critical")
    run = cases.up("--target-replace", urn("new"))
    world.refused(run, f"3 targets stay in {one.arn} (new has the group now; min_targets 1: 0")
    assert "target_group_arn" not in run.text
    one.become("passing")
    cases.up().ok()
    assert one.standing == sorted(one.keys)
    assert "DeregisterTargets" not in world.changes()
    assert sorted(world.outputs("new")["attached"]) == sorted(one.keys)


@pytest.mark.long
@pytest.mark.timeout(150)
def test_a_saved_plan(world: World) -> None:
    """`up --plan` does what the preview showed, or nothing when Consul says otherwise by then.

    When a removal is made is no part of it; when one that is delayed is due, is.
    """
    arn, keys = world.attached(2)
    keys += world.fleet(1, first=2)
    world.stack.preview("--save-plan", "plan.json").ok()
    world.fleet(1, first=3)
    planned = ("up", "--plan", "plan.json")
    world.refused(world.stack.up(*planned[1:]), "violates plan: properties changed", "targets[")
    world.consul.deregister(world.node(3))
    world.stack.up(*planned[1:]).ok()
    assert world.standing(arn) == sorted(keys)

    world.aws.advance(60)  # all are healthy
    for number in range(2):  # in another second, and then with a removal in the window
        world.status(number, "critical")
        world.stack.preview("--save-plan", "plan.json").ok()
        world.status(2, "critical")
        world.aws.clear_calls()
        world.refused(world.stack.up(*planned[1:]), "violates plan: properties changed", "targets[")
        world.status(2, "passing")
        world.stack.up(*planned[1:]).ok()
        assert world.standing(arn) == sorted(keys[number + 1 :])
        assert sum(world.outputs()["recent"].values()) == number + 1
    assert "2 unchanged" in world.stack.preview().ok().text


def repoint(world: World, reference: str) -> None:
    """Let state name the provider by another reference."""
    path = world.stack.folder / f"backend/.pulumi/stacks/{world.stack.name}/{STACK}.json"
    state = json.loads(path.read_text())
    for resource in state["checkpoint"]["latest"]["resources"]:
        if TYPE in resource["type"]:
            for part in ("inputs", "outputs"):
                resource[part]["__provider"] = reference
    path.write_text(json.dumps(state))


@pytest.mark.long
def test_state_of_another_release(world: World) -> None:
    """State that names the provider in another way still works, and is brought up to date once."""
    arn, keys = world.attached(2)
    text = pickle.dumps(AttachmentsProvider(), protocol=0)
    assert b"lictor.resources.attachments" in text
    older = base64.b64encode(text).decode()
    repoint(world, older)
    assert "1 updated" in world.stack.up().ok().text
    assert world.changes() == []
    assert world.outputs()["__provider"] != older
    repoint(world, older)
    world.aws.boto3("elbv2").deregister_targets(
        TargetGroupArn=arn, Targets=[{"Id": keys[0].partition(":")[0], "Port": 8080}]
    )
    world.stack.refresh().ok()
    assert sorted(world.outputs()["attached"]) == keys[1:]
    world.stack.destroy().ok()
    assert world.standing(arn) == []
