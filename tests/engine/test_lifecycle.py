"""The life of attachments: preview, up, change, refresh, destroy."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.engine.world import World


def marks(text: str, keys: list[str]) -> dict[str, str]:
    """Read a diff: key -> the mark that stands before it."""
    found = {}
    for line in text.splitlines():
        match = re.match(r'\s*([-+~]?)\s*"?([^"\s]+?:\d+)"?\s*:', line)
        if match and match[2] in keys:
            found[match[2]] = match[1]
    return found


@pytest.mark.both_sdks
def test_life(world: World) -> None:
    """Preview shows each target, up registers them once, a second up does nothing, destroy ends."""
    arn = world.aws.create_group(world.service)
    keys = world.fleet(3)
    world.declare(world.group(arn))
    preview = world.stack.preview("--diff").ok()
    assert set(keys) <= set(re.findall(r"i-[0-9a-f]+:8080", preview.text))
    assert world.changes() == []

    world.stack.up().ok()
    assert world.standing(arn) == sorted(keys)
    assert world.changes() == ["RegisterTargets"]
    assert world.outputs()["attached"] == {
        key: f"{world.node(number)} (dc1)" for number, key in enumerate(keys)
    }

    world.aws.clear_calls()
    assert "unchanged" in world.stack.up().ok().text
    assert world.aws.calls() == []

    world.stack.destroy().ok()
    assert world.standing(arn) == []


def test_one_minus_line_for_a_stopped_instance(world: World) -> None:
    """Preview marks the stopped instance's target with a minus and no other; up removes it."""
    arn, keys = world.attached(3)
    world.status(1, "critical")
    preview = world.stack.preview("--diff").ok()
    assert marks(preview.text, keys) == {keys[0]: "", keys[1]: "-", keys[2]: ""}
    assert len([line for line in preview.lines("- ") if ":8080" in line]) == 1

    world.stack.up().ok()
    assert world.standing(arn) == sorted([keys[0], keys[2]])

    world.status(1, "passing")
    preview = world.stack.preview("--diff").ok()
    assert marks(preview.text, keys) == {keys[0]: "", keys[1]: "+", keys[2]: ""}
    world.stack.up().ok()
    assert world.standing(arn) == sorted(keys)


def test_added_before_removed(world: World) -> None:
    """A run that does both registers first."""
    arn, keys = world.attached(2)
    new = world.fleet(1, first=2)
    world.status(0, "critical")
    world.stack.up().ok()
    assert world.changes() == ["RegisterTargets", "DeregisterTargets"]
    assert world.standing(arn) == sorted([keys[1], *new])


def test_ip_group(world: World) -> None:
    """An ip group takes the service's address, else the node's; a port of 0 is the group's."""
    arn = world.aws.create_group(world.service, target_type="ip", port=9090)
    addresses = [address for _, address in world.aws.create_instances(3)]
    world.consul.register(world.service, world.node(0), addresses[0], port=80)
    world.consul.register(
        world.service, world.node(1), "10.255.0.1", port=81, service_address=addresses[1]
    )
    world.consul.register(world.service, world.node(2), addresses[2], port=0)
    world.declare(world.group(arn))
    world.stack.up().ok()
    assert world.standing(arn) == sorted(
        [f"{addresses[0]}:80", f"{addresses[1]}:81", f"{addresses[2]}:9090"]
    )
    assert world.outputs()["target_type"] == "ip"


def test_instance_ids(world: World) -> None:
    """Service meta goes before node meta, node meta before the node's name."""
    arn = world.aws.create_group(world.service)
    (one, first), (two, second), (three, third) = world.aws.create_instances(3)
    world.consul.register(
        world.service,
        world.node(0),
        first,
        meta={"instance_id": one},
        node_meta={"instance-id": two},
    )
    world.consul.register(world.service, world.node(1), second, node_meta={"instance_id": two})
    world.consul.register(world.service, three, third)
    world.declare(world.group(arn))
    world.stack.up().ok()
    assert world.standing(arn) == sorted(f"{ident}:8080" for ident in (one, two, three))
    world.consul.deregister(three)


def test_sources_unite(world: World) -> None:
    """Two sources feed one group; tags choose, and a target found twice stands once."""
    arn = world.aws.create_group(world.service)
    keys = world.fleet(2)
    other = f"{world.service}-other"
    (ident, address), (_, unwanted) = world.aws.create_instances(2)
    meta = {"instance-id": ident}
    world.consul.register(other, f"{other}-0", address, tags=["v2"], node_meta=meta)
    world.consul.register(other, f"{other}-1", unwanted, tags=["v1"])
    sources = [
        {"service": world.service},
        {"service": other, "tags": ["v2"]},
        {"service": world.service, "health": "any", "datacenters": ["dc1"]},
    ]
    world.declare({"name": "web", "targetGroupArn": arn, "sources": sources})
    world.stack.up().ok()
    assert world.standing(arn) == sorted([*keys, f"{ident}:8080"])


def test_health(world: World) -> None:
    """`passing` leaves warnings out, `warning` takes them, `any` takes all."""
    arns = {
        health: world.aws.create_group(f"{world.service}-{health}")
        for health in ("passing", "warning", "any")
    }
    keys = world.fleet(3)
    world.status(1, "warning")
    world.status(2, "critical")
    world.declare(
        *[{**world.group(arn), "name": health, "health": health} for health, arn in arns.items()]
    )
    world.stack.up().ok()
    assert [world.standing(arns[health]) for health in ("passing", "warning", "any")] == [
        sorted(keys[:1]),
        sorted(keys[:2]),
        sorted(keys),
    ]


def test_counts_are_exported(world: World) -> None:
    """The stack's outputs count what stands in each group."""
    world.attached(2)
    outputs = json.loads(world.stack.run("stack", "output", "--json").ok().text)
    assert outputs == {
        "targetGroups": {"web": {"attached": 2, "held": 0, "failed": 0, "foreign": 0}}
    }


def test_drift_is_seen_and_repaired(world: World) -> None:
    """A target removed by hand is shown by refresh as a minus, and the next up puts it back."""
    arn, keys = world.attached(3)
    world.aws.boto3("elbv2").deregister_targets(
        TargetGroupArn=arn, Targets=[{"Id": keys[1].split(":")[0], "Port": 8080}]
    )
    assert "unchanged" in world.stack.up().ok().text
    shown = world.stack.preview("--refresh", "--diff").ok().text
    assert re.search(rf'\+ "?{keys[1]}', shown), shown
    assert sorted(world.outputs()["attached"]) == sorted(keys)
    world.stack.refresh().ok()
    assert sorted(world.outputs()["attached"]) == sorted([keys[0], keys[2]])
    world.stack.up().ok()
    assert world.standing(arn) == sorted(keys)


def test_a_group_that_is_gone(world: World) -> None:
    """Refresh takes the resource out of the state; destroy treats it as done."""
    arn, _ = world.attached(1)
    world.remove_group(arn)
    world.stack.refresh().ok()
    assert world.stack.resources() == {}
    world.stack.destroy().ok()


def test_destroy_with_consul_down(world: World) -> None:
    """Refresh and destroy ask Consul nothing."""
    arn, _ = world.attached(2)
    world.declare(world.group(arn), consul_address="127.0.0.1:1")
    world.stack.refresh().ok()
    world.stack.destroy().ok()
    assert world.standing(arn) == []
