"""A group and its attachments in one program: the ARN is known only when the group is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import aws_provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.world import World

_PROGRAM = """
import lictor
import pulumi
import pulumi_aws as aws

config = pulumi.Config("test")
group = aws.lb.TargetGroup("made", port=config.require_int("port"), protocol="HTTP")
web = lictor.TargetGroupAttachments(
    "web",
    target_group_arn=group.arn,
    sources=[lictor.ConsulService(config.require("service"), tags=config.get_object("tags"))],
    {more}
)
pulumi.export("arn", group.arn)
lictor.check_failed(web)
"""


@pytest.fixture
def env(world: World) -> Iterator[dict[str, str]]:
    """Attach the provider that stands in for Pulumi's AWS plugin."""
    with aws_provider.start(world.aws) as address:
        yield aws_provider.environment(address)


def write(world: World, more: str = "", port: str = "80") -> None:
    """Make a program with that argument beside the usual ones."""
    (world.stack.project / "__main__.py").write_text(_PROGRAM.format(more=more))
    world.declare(test_service=world.service, test_port=port)


@pytest.mark.long
@pytest.mark.timeout(180)
def test_group_and_attachments(world: World, env: dict[str, str]) -> None:
    """Targets are unknown in the preview, attached by the up, and replaced with their group."""
    keys = world.fleet(2)
    write(world)
    preview = world.stack.preview("--diff", env=env).ok()
    assert "targets         : [unknown]" in preview.text
    assert world.aws.calls("CreateTargetGroup") == []

    world.stack.up(env=env).ok()
    arn = world.outputs()["target_group_arn"]
    assert world.standing(arn) == sorted(keys)
    assert "3 unchanged" in world.stack.up(env=env).ok().text

    write(world, port="81")
    world.stack.up(env=env).ok()
    new = world.outputs()["target_group_arn"]
    assert new != arn
    assert world.standing(new) == sorted(keys)

    world.stack.run("destroy", "--yes", "--skip-preview", "--stack", "dev", env=env).ok()
    assert arn not in world.aws.summary()
    assert new not in world.aws.summary()


def test_targets_of_a_group_to_be(world: World, env: dict[str, str]) -> None:
    """With `target_type` given, the preview shows the targets of a group that does not exist."""
    keys = world.fleet(2)
    write(world, 'target_type="instance"')
    preview = world.stack.preview("--diff", env=env).ok()
    for key in keys:
        assert key in preview.text
    assert world.changes() == []
