"""State in S3, as several hosts would have it, and in a folder where a CLI was killed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.engine.watches import watching
from tests.fakes.pulumi import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.world import World


@pytest.mark.long
def test_state_in_s3(world: World, tmp_path: Path) -> None:
    """The watch follows Consul; whatever reads the state takes no warning of the CLI's for it."""
    bucket = f"state-{world.service}"
    world.aws.boto3("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": world.aws.region}
    )
    url = f"s3://{bucket}?endpoint={world.aws.url}&s3ForcePathStyle=true&region={world.aws.region}"
    env = {**world.stack.env, "PULUMI_BACKEND_URL": url}
    world = replace(world, stack=Stack(tmp_path / "s3", env).create())
    arn = world.aws.create_group(world.service)
    keys = world.fleet(3)
    world.declare(world.group(arn))
    with watching(world) as watch:
        watch.until(lambda: world.standing(arn) == sorted(keys) and watch.waiting())
        world.status(0, "critical")
        watch.until(lambda: watch.told(f"web - {keys[0]}"))
        assert watch.end() == 0
    assert world.standing(arn) == sorted(keys[1:])
    export = world.stack.run("stack", "export", "--stack", "dev").ok().text
    assert f'"{keys[1]}"' in export[export.index("{") :]
    status = json.loads(world.stack.lictor("status", "--json").ok().text)
    assert sorted(row["key"] for row in status) == sorted(keys)
    assert world.stack.lictor("doctor").ok().text.startswith("ok    pulumi: v3.")


def test_a_folder_in_which_a_cli_was_killed(world: World) -> None:
    """Killed between two writes it leaves a file empty: what to do is said, and it is enough."""
    arn, keys = world.attached(2)
    folder = world.stack.folder / "backend/.pulumi/stacks" / world.stack.name
    cut_off = folder / "dev.json.attrs"
    cut_off.write_bytes(b"")
    world.status(0, "critical")
    refused = world.stack.lictor("up")
    assert refused.code == 1
    assert "(.pulumi/stacks/PROJECT/STACK.json.attrs): remove that" in refused.text
    assert world.standing(arn) == sorted(keys)
    cut_off.unlink()
    world.stack.lictor("up").ok()
    assert world.standing(arn) == keys[1:]
