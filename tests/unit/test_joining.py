"""`lictor join-address` as a process, as an init script runs it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import imds
from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.fakes.aws.client import StandIn

_NUMBERS = itertools.count(1)
POLICY = {"Action": "ec2:DescribeInstances", "Effect": "Allow", "Resource": "*"}


@dataclass(frozen=True)
class Fleet:
    """Running instances that carry a tag: ids and addresses."""

    aws: StandIn
    tag: str
    ids: list[str]
    addresses: list[str]

    def environment(self) -> dict[str, str]:
        """Return what an init script has, but for the region."""
        own = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LICTOR_"))}
        aws = {k: v for k, v in self.aws.environment().items() if not k.endswith("REGION")}
        files = {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
        return {**own, **aws, **files}

    def process(self, *args: str, **env: str) -> subprocess.Popen[str]:
        """Start the verb."""
        return subprocess.Popen(  # noqa: S603 - our own verb
            [sys.executable, "-m", "lictor", "join-address", "--tag", self.tag, *args],
            env={**self.environment(), **env},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *args: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Run the verb; return its exit code and what it printed, errors apart."""
        process = self.process(*args, **(env or {}))
        out, err = process.communicate(timeout=50)
        return process.returncode, out, err


@pytest.fixture
def fleet(aws: StandIn) -> Iterator[Fleet]:
    """Start three instances that carry a tag, one of them stopped."""
    made = aws.create_instances(3)
    value = f"test-{next(_NUMBERS)}"
    aws.boto3("ec2").create_tags(
        Resources=[ident for ident, _ in made], Tags=[{"Key": "role", "Value": value}]
    )
    aws.stop_instance(made[2][0])
    listed = sorted(made[:2], key=lambda one: [int(part) for part in one[1].split(".")])
    yield Fleet(aws, f"role={value}", [i for i, _ in listed], [address for _, address in listed])
    aws.policy(None)


def test_the_forms(fleet: Fleet) -> None:
    """Lines, a line of Consul's config, JSON; by number, and with one permission only."""
    fleet.aws.policy({"Version": "2012-10-17", "Statement": [POLICY]})
    region = {"AWS_REGION": fleet.aws.region}
    code, out, err = fleet.run(env=region)
    assert (code, out.split(), err) == (0, fleet.addresses, "")
    code, out, _ = fleet.run("--format", "json", "--region", fleet.aws.region)
    assert (code, json.loads(out)) == (0, fleet.addresses)
    code, out, _ = fleet.run("--format", "retry-join", env=region)
    assert (code, out) == (0, f"retry_join = {json.dumps(fleet.addresses)}\n")


def test_on_an_instance(fleet: Fleet) -> None:
    """The metadata service tells who we are, who is left out, and where."""
    known = {"instance-id": fleet.ids[0], "placement/region": fleet.aws.region}
    with imds.start(known) as env:
        code, out, err = fleet.run(env=env)
        assert (code, out.split(), err) == (0, fleet.addresses[1:], "")
        fleet.aws.stop_instance(fleet.ids[1])
        code, out, err = fleet.run(env=env)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert f"no running EC2 instance but this one ({fleet.ids[0]}) carries the tag" in err


class _Late(dict[str, str]):
    """What a metadata service knows that is not up before it was asked for the region."""

    up = False

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as a mapping has it
        """Nothing until then."""
        was, self.up = self.up, self.up or key == "placement/region"
        return super().get(key, default) if was else default


def test_a_metadata_service_that_comes_up_late(fleet: Fleet) -> None:
    """While an instance boots it is asked again who this is, or an instance would join itself."""
    known = _Late({"instance-id": fleet.ids[0], "placement/region": fleet.aws.region})
    with imds.start(known) as env:
        code, out, err = fleet.run("--wait", "40s", env=env)
    assert (code, out.split()) == (0, fleet.addresses[1:])
    assert "waiting up to 40 s: EC2: DescribeInstances: no region" in err


def test_a_wait_that_is_rewarded(fleet: Fleet) -> None:
    """Nobody at first, which is said once; then somebody comes."""
    for ident in fleet.ids:
        fleet.aws.stop_instance(ident)
    process = fleet.process("--wait", "40s", AWS_REGION=fleet.aws.region)
    assert process.stderr is not None
    assert "waiting up to 40 s: no running EC2 instance carries" in process.stderr.readline()
    fleet.aws.start_instance(fleet.ids[1])
    out, err = process.communicate(timeout=50)
    assert (process.returncode, out.split(), err) == (0, [fleet.addresses[1]], "")


@pytest.mark.parametrize(
    ("args", "env", "code", "text"),
    [
        (["--wait", "soon"], {}, 2, "--wait: "),
        (
            ["--region", "west"],
            {},
            2,
            "--region: expected a region such as us-west-2, found 'west'",
        ),
        (["--tag", "role"], {}, 2, "--tag: expected KEY=VALUE, found 'role'"),
        (["--tag", "=x"], {}, 2, "--tag: expected KEY=VALUE, found '=x'"),
        ([], {}, 1, "no region is known; set aws:region, or AWS_REGION"),
        (["--region", "us-west-2"], {"AWS_ACCESS_KEY_ID": ""}, 1, "no AWS credentials found"),
        (["--tag", "role=nobody", "--region", "us-west-2", "--wait", "0.1"], {}, 1, "no running"),
    ],
    ids=["wait", "region", "tag", "key", "nowhere", "nobody", "none"],
)
def test_what_cannot_be(
    fleet: Fleet, args: list[str], env: dict[str, str], code: int, text: str
) -> None:
    """A clear line on stderr, nothing on stdout, and an exit code to tell usage from failure."""
    found, out, err = fleet.run(*args, env=env)
    assert (found, out) == (code, ""), err
    assert text in err
    assert "Traceback" not in err


def test_what_is_denied_is_not_waited_for(fleet: Fleet) -> None:
    """It names what is missing."""
    fleet.aws.policy({"Version": "2012-10-17", "Statement": []})
    code, _, err = fleet.run("--region", fleet.aws.region, "--wait", "45s")
    assert code == 1
    assert "allow ec2:DescribeInstances to this identity" in err
    assert "waiting" not in err


def test_it_starts_without_pulumi() -> None:
    """An init script waits for it: neither Pulumi nor Consul's client is loaded."""
    script = (
        "import sys, lictor.joining; print([m for m in sys.modules if m in {'pulumi', 'consul'}])"
    )
    said = subprocess.check_output([sys.executable, "-c", script], text=True)  # noqa: S603 - ours
    assert said == "[]\n"
