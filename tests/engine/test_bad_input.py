"""Bad input: two lines at the most that name the resource, the remote and the remedy.

Nothing is changed in AWS, the exit code is not 0, and no SDK shows a traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import odd_consul

if TYPE_CHECKING:
    from tests.engine.world import World
    from tests.fakes.consul import Consul

_NO_ACCOUNT = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_CONFIG_FILE": "/dev/null"}


@pytest.mark.parametrize(
    ("arn", "parts"),
    [
        ("arn:aws:elasticloadbalancing:us-west-2:1:targetgroup/web", ["expected arn:aws:elastic"]),
        (
            "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/0123456789abcdef",
            ["Elastic Load Balancing in us-west-2 knows no such target group", "check the ARN"],
        ),
    ],
    ids=["syntax", "unknown"],
)
def test_wrong_arn(world: World, arn: str, parts: list[str]) -> None:
    """An ARN that cannot be, or names nothing."""
    world.fleet(1)
    world.declare({"name": "web", "targetGroupArn": arn, "service": world.service})
    world.refused(world.stack.preview(), *parts)
    world.refused(world.stack.up(), *parts)


@pytest.mark.parametrize("kind", ["lambda", "alb"])
def test_wrong_type_of_group(world: World, kind: str) -> None:
    """A group that takes functions or load balancers is refused by its type's name."""
    arn = world.aws.create_group(world.service, target_type=kind, protocol="TCP", attached=False)
    world.fleet(1)
    world.declare(world.group(arn))
    parts = ["resource 'web'", f"is of type {kind}", "instance and ip groups"]
    world.refused(world.stack.up(), *parts)


def test_unreachable_consul(world: World) -> None:
    """A Consul that cannot be reached changes nothing, neither the first time nor later."""
    arn, keys = world.attached(2)
    world.declare(world.group(arn), consul_address="127.0.0.1:1")
    parts = ["resource 'web'", "Consul at http://127.0.0.1:1 cannot be reached", "consul:address"]
    world.refused(world.stack.preview(), *parts)
    run = world.stack.up()
    world.refused(run, *parts)
    assert run.lines("the run stops here; other resources may or may not have been applied")
    assert world.standing(arn) == sorted(keys)


@pytest.mark.both_sdks
def test_wrong_token(world: World, guarded_consul: Consul) -> None:
    """A token that Consul does not know is refused, and not printed."""
    arn = world.aws.create_group(world.service)
    token = "11111111-2222-3333-4444-555555555555"  # noqa: S105 - one that nobody knows
    world.declare(world.group(arn), consul_address=guarded_consul.address)
    world.stack.run("config", "set", "--secret", "consul:token", token).ok()
    run = world.stack.up()
    world.refused(run, "resource 'web'", guarded_consul.url, "403", "set consul:token")
    assert token not in run.text


def test_no_token_under_default_deny(world: World, guarded_consul: Consul) -> None:
    """Consul answers an empty list to those who may see nothing; that is no empty service."""
    arn = world.aws.create_group(world.service)
    world.declare(world.group(arn), consul_address=guarded_consul.address)
    world.refused(world.stack.up(), guarded_consul.url, "denies by default", "set consul:token")


def test_no_leader(world: World) -> None:
    """An answer of a Consul without a leader does not count."""
    arn, keys = world.attached(1)
    with odd_consul.start() as odd:
        odd.answers(odd_consul.Odd(headers={"X-Consul-KnownLeader": "false"}))
        world.declare(world.group(arn), consul_address=odd.url)
        world.refused(world.stack.up(), odd.url, "has no leader", "list-peers")
    assert world.standing(arn) == keys


def test_no_credentials(world: World) -> None:
    """No credentials anywhere are an error at once."""
    arn = world.aws.create_group(world.service)
    world.fleet(1)
    world.declare(world.group(arn))
    parts = ["resource 'web'", "no AWS credentials found", "aws:profile"]
    world.refused(world.stack.preview(env=_NO_ACCOUNT), *parts)


@pytest.mark.parametrize(
    "operation", ["DescribeTargetGroups", "DescribeTargetHealth", "RegisterTargets"]
)
def test_denied_call(world: World, operation: str) -> None:
    """A right that is missing is named, and the next run with it goes through."""
    arn = world.aws.create_group(world.service)
    keys = world.fleet(2)
    world.declare(world.group(arn))
    world.aws.fault(operation, "deny", times=None)
    run = world.stack.up()
    assert world.standing(arn) == []
    assert run.code != 0
    assert "Traceback" not in run.text
    assert any(
        "web" in line
        and f"denies {operation}" in line
        and f"allow elasticloadbalancing:{operation}" in line
        for line in run.text.splitlines()
    ), run.text
    world.aws.clear_faults()
    world.stack.up().ok()
    assert world.standing(arn) == sorted(keys)


@pytest.mark.parametrize("operation", ["DescribeTargetHealth", "DeregisterTargets"])
def test_denied_on_refresh_and_destroy(world: World, operation: str) -> None:
    """What only can raise says so without a traceback, and the resource stays in state."""
    arn, keys = world.attached(1)
    world.aws.fault(operation, "deny", times=None)
    run = world.stack.refresh() if operation.startswith("Describe") else world.stack.destroy()
    assert run.code != 0
    assert f"denies {operation}" in run.text
    assert "Traceback" not in run.text, run.text
    assert sorted(world.outputs()["attached"]) == keys
    assert world.standing(arn) == keys


@pytest.mark.parametrize(
    ("more", "parts"),
    [
        ({"servce": "web"}, ["targetGroups[0].servce: unknown key", "did you mean service"]),
        ({"port": 70000}, ["targetGroups[0].port", "65535", "found 70000"]),
        ({"tags": "v2"}, ["targetGroups[0].tags", "list", "found 'v2'"]),
        ({"sources": [{"service": "x"}]}, ["targetGroups[0].service: stands beside sources"]),
    ],
    ids=["unknown key", "port", "text for a list", "service beside sources"],
)
def test_config(world: World, more: dict[str, Any], parts: list[str]) -> None:
    """What cannot be in the stack's config is refused with its path, what stands and what may."""
    arn = world.aws.create_group(world.service)
    world.declare(world.group(arn, **more))
    world.refused(world.stack.preview(), *parts)


def test_unknown_key_of_the_stack(world: World) -> None:
    """A misspelt list is refused: it would be an empty one."""
    world.declare(lictor_targetGroup="[]")
    world.refused(world.stack.preview(), "lictor:targetGroup: unknown key", "lictor:targetGroups")


@pytest.mark.both_sdks
def test_arguments_in_python(world: World) -> None:
    """Arguments of a Python program are checked just so, on the resource."""
    arn = world.aws.create_group(world.service)
    program = f"""
import lictor
group = lictor.TargetGroupAttachments("web", target_group_arn="{arn}", service="x", port=70000)
lictor.check_failed(group)
"""
    (world.stack.project / "__main__.py").write_text(program)
    world.declare()
    world.refused(world.stack.preview(), "resource 'web' has a problem: port", "found 70000")
