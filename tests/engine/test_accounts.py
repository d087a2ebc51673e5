"""Who speaks to AWS: the stand-in's log has region, access key and session token of each call."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.aws.client import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.world import World
    from tests.fakes.pulumi import Run

pytestmark = pytest.mark.timeout(180)

ONE, TWO, THREE, FIRST, SECOND = (
    f"arn:aws:iam::123456789012:role/{name}" for name in ("one", "two", "three", "first", "second")
)
NOBODY = {
    "AWS_ACCESS_KEY_ID": "",
    "AWS_SECRET_ACCESS_KEY": "",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
NOT_AWS = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
"""Where nobody listens: what stands in config must win."""

KEYS = {"aws:accessKey": "AKIACONFIG", "aws:secretKey": "x", "aws:token": "session"}


@dataclass(frozen=True)
class Accounts:
    """A stack with a group of its own account, one behind a role, and one in another region.

    Attributes:
        world: The test's world.
        arns: Resource -> group.
    """

    world: World
    arns: dict[str, str]

    @classmethod
    def make(cls, world: World) -> Accounts:
        """Create the groups."""
        abroad = StandIn(world.aws.url, "eu-west-1")
        arns = {name: world.aws.create_group(f"{world.service}-{name}") for name in ("own", "role")}
        arns["far"] = abroad.create_group(f"{world.service}-far")
        return cls(world, arns)

    def start(self, number: int) -> None:
        """Start an instance for each group."""
        for name, arn in self.arns.items():
            there = StandIn(self.world.aws.url, arn.split(":")[3])
            replace(self.world, aws=there, service=f"{self.world.service}-{name}").fleet(1, number)

    def declare(self, config: dict[str, Any], role: str = ONE) -> None:
        """Write the stack's config; where AWS is, is always said in it."""
        url = self.world.aws.url
        entries = [
            {
                "name": name,
                "targetGroupArn": arn,
                "service": f"{self.world.service}-{name}",
                "region": arn.split(":")[3],
                **({"roleArn": role} if name == "role" else {}),
            }
            for name, arn in self.arns.items()
        ]
        settings = {
            "consul:address": self.world.consul.address,
            "aws:endpoints": json.dumps([{"elbv2": url, "ec2": url, "sts": url, "s3": "x"}]),
            **config,
            "lictor:targetGroups": entries,
        }
        self.world.stack.configure(settings)
        self.world.aws.clear_calls()

    def standing(self) -> dict[str, int]:
        """Count what stands in each group."""
        return {name: len(self.world.standing(arn)) for name, arn in self.arns.items()}

    def who(self, name: str, operation: str = "RegisterTargets") -> tuple[str, str, str]:
        """Tell region, access key and session token of the last such call on a group."""
        call = self.world.aws.calls(operation, self.arns[name])[-1]
        return call["region"], call["access_key"], call["session_token"]

    def assumed(self) -> dict[str, str]:
        """Tell the roles that were assumed, in order: role -> whose access key asked for it."""
        calls = self.world.aws.calls("AssumeRole")
        return {call["params"]["RoleArn"]: call["access_key"] for call in calls}


def changed(run: Run) -> list[str]:
    """List what the summary counts of resources."""
    return run.ok().lines("~ ", "+ ", "- ", "+-", *map(str, range(10)))[-2:]


@pytest.mark.long
def test_whose_account(world: World, tmp_path: Path) -> None:
    """Keys, profile, roles one after the other, region and environment: each as it is said."""
    accounts = Accounts.make(world)
    accounts.start(0)

    # keys of the config, and a role for one resource
    accounts.declare(KEYS)
    world.stack.up(env=NOT_AWS).ok()
    assert accounts.standing() == {"own": 1, "role": 1, "far": 1}
    assert accounts.who("own") == ("us-west-2", "AKIACONFIG", "session")
    assert accounts.who("far") == ("eu-west-1", "AKIACONFIG", "session")
    assert accounts.assumed() == {ONE: "AKIACONFIG"}
    assert accounts.who("role")[1] not in ("AKIACONFIG", "")

    # another role for that resource is one update, and nothing is registered anew
    accounts.declare(KEYS, role=TWO)
    assert changed(world.stack.up(env=NOT_AWS)) == ["~ 1 updated", "3 unchanged"]
    assert world.changes() == []
    assert world.outputs("role")["role_arn"] == TWO

    # a profile of the shared file wins over keys around it; its roles come before the resource's
    shared = tmp_path / "credentials"
    shared.write_text("[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = x\n")
    roles = json.dumps([{"roleArn": FIRST, "externalId": "e-1"}, {"roleArn": SECOND}])
    accounts.start(1)
    accounts.declare({"aws:profile": "work", "aws:assumeRoles": roles}, role=TWO)
    world.stack.up(env={**NOT_AWS, "AWS_SHARED_CREDENTIALS_FILE": str(shared)}).ok()
    assert accounts.standing() == {"own": 2, "role": 2, "far": 2}
    assumed = accounts.assumed()
    assert set(assumed) == {FIRST, SECOND, TWO}
    assert assumed[FIRST] == "AKIAWORK"
    speakers = {accounts.who(name)[1] for name in accounts.arns}
    assert len({*speakers, *assumed.values()}) == 6  # nobody speaks with another's keys
    assert world.aws.calls("AssumeRole")[0]["params"]["ExternalId"] == "e-1"

    # nothing in the config: the environment
    env = {**NOT_AWS, "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "x"}
    accounts.start(2)
    accounts.declare({}, role=TWO)
    world.stack.up(env=env).ok()
    assert accounts.who("own") == ("us-west-2", "AKIAENV", "")
    assert accounts.assumed() == {TWO: "AKIAENV"}

    # a deletion knows the last run: its role, and the config that the engine keeps with it
    accounts.declare(KEYS, role=THREE)
    world.stack.destroy(env=env).ok()
    assert accounts.standing() == {"own": 0, "role": 0, "far": 0}
    assert accounts.who("own", "DeregisterTargets") == ("us-west-2", "AKIAENV", "")
    assert accounts.assumed() == {TWO: "AKIAENV"}


@pytest.fixture
def silent() -> Iterator[str]:
    """Listen on the loopback as a metadata service that never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.long
def test_who_is_nobody(world: World, silent: str) -> None:
    """No credentials, a metadata service that hangs, a profile or a role that is none: named."""
    accounts = Accounts.make(world)
    accounts.start(0)
    metadata = {
        **NOBODY,
        "AWS_EC2_METADATA_DISABLED": "false",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": silent,
        "AWS_METADATA_SERVICE_TIMEOUT": "60",
        "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "10",
    }
    accounts.declare({})
    start = time.monotonic()
    run = world.stack.preview(env=metadata)
    world.refused(run, "no AWS credentials found; set aws:accessKey and aws:secretKey, aws:profile")
    assert time.monotonic() - start < 60  # one of the metadata service's own attempts

    accounts.declare({"aws:profile": "nope"})
    world.refused(world.stack.preview(env=NOBODY), "profile (nope) could not be found")

    accounts.declare({"aws:accessKey": "AKIACONFIG"})
    half = world.stack.preview(env=NOBODY)
    world.refused(half, "aws:accessKey is set without aws:secretKey: set both or neither")

    accounts.declare(KEYS)
    world.aws.fault("AssumeRole", "deny", times=None)
    run = world.stack.preview(env=NOBODY)
    world.refused(run, f"STS in us-west-2 at {world.aws.url} denies AssumeRole", "allow sts:Assume")
