"""`lictor doctor` before a real Consul, with and without ACLs, and the stand-in for AWS."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lictor.watch.doctor import Examination
from lictor.watch.engine.child import Ended
from lictor.watch.engine.engine import Engine
from lictor.watch.engine.project import Project
from tests.fakes.path import ROOT
from tests.unit.consul.test_acl import token_with

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul

pytestmark = pytest.mark.xdist_group("guarded")

READING, WATCHING = (
    (ROOT / f"deploy/consul-policy{part}.hcl").read_text() for part in ("", "-watch")
)
BARE = 'node_prefix "" { policy = "read" }'
POLICY: dict[str, Any] = json.loads((ROOT / "deploy/iam-policy.json").read_text())


@dataclass
class Stack:
    """A stack's config, in place of files."""

    config: Mapping[str, str]

    def program(self) -> None:
        """Declare nothing."""

    def reload(self) -> None:
        """Read nothing again."""


class Still(Engine):
    """An engine that starts no CLI, which says its version."""

    said = "v3.259.0"

    def command(self, *words: str, stack: bool = True) -> Ended:  # noqa: ARG002 - the engine's
        """Print the version."""
        return Ended(0, "", f"{self.said}\n")


@dataclass
class Patient:
    """One stack with one group.

    Attributes:
        consul: Which Consul.
        aws: The stand-in.
        arn: Of the group.
        service: Of the source.
        token: Sent to Consul.
        path: Where tools are looked for.
        entry: Further arguments of the group.
    """

    consul: Consul
    aws: StandIn
    arn: str
    service: str
    token: str = field(default="", repr=False)
    path: str = ""
    entry: dict[str, Any] = field(default_factory=dict)

    def lines(self, said: str = "v3.259.0", *, leads: bool = True) -> dict[str, str]:
        """Have it examined: what -> the line."""
        group = {
            "name": "web",
            "service": self.service,
            "targetGroupArn": self.arn,
            **self.entry,
        }
        engine = Still(
            Project(Path("/none"), Path("/none/__main__.py"), "dev", "p"),
            {"PATH": self.path},
            Stack(
                {
                    "consul:address": self.consul.address,
                    **({"consul:token": self.token} if self.token else {}),
                    "aws:region": self.aws.region,
                    "aws:accessKey": "testing",
                    "aws:secretKey": "testing",
                    "aws:endpoints": json.dumps(
                        [dict.fromkeys(("elbv2", "ec2", "sts"), self.aws.url)]
                    ),
                    "lictor:targetGroups": json.dumps([group]),
                }
            ),
        )
        engine.said = said
        findings = Examination(engine, "lictor", leads=leads).all()
        assert not self.token or not any(self.token in str(finding) for finding in findings)
        return {finding.what: str(finding) for finding in findings}


@pytest.fixture
def make_patient(aws: StandIn, make_group: Callable[..., str]) -> Callable[..., Patient]:
    """Return a maker of stacks; their group stands, their service has one instance."""

    def make(consul: Consul, target_type: str = "ip", **how: Any) -> Patient:  # noqa: ANN401
        service = f"s-{uuid.uuid4().hex[:8]}"
        consul.register(service, f"{service}-n", "10.0.0.1")
        return Patient(consul, aws, make_group(target_type), service, **how)

    return make


def test_a_token_with_the_shipped_policies(
    guarded_consul: Consul, make_patient: Callable[..., Patient]
) -> None:
    """They are enough for all that is asked."""
    token = token_with(guarded_consul, f"{READING}\n{WATCHING}")
    lines = make_patient(guarded_consul, token=token).lines()
    assert all(line.startswith("ok  ") for line in lines.values()), lines
    assert "service:read on the 1 services" in lines["consul rights to read"]
    assert "session:write on the agent's node" in lines["consul rights to watch"]


def test_each_right_that_a_token_lacks(
    guarded_consul: Consul, make_patient: Callable[..., Patient]
) -> None:
    """It is named with the rule to add, and nothing was written to find out."""
    patient = make_patient(guarded_consul, token=token_with(guarded_consul, BARE))
    lines = patient.lines()
    reads, watches = lines["consul rights to read"], lines["consul rights to watch"]
    assert reads.startswith("FAIL")
    assert f"lacks service:read on {patient.service};" in reads
    assert f'add service "{patient.service}" {{ policy = "read" }} to its policy' in reads
    assert watches.startswith("FAIL")
    for part in (
        "key:write on lictor/p/dev/lock, key:read on lictor/p/dev/paused",
        "session:write on server",
        'key_prefix "lictor/p/dev/" { policy = "write" } session_prefix ""',
        "--no-lock",
    ):
        assert part in watches, watches
    assert watches.count("key_prefix") == 1, "a rule that gives two of them stands once"


def test_a_stack_without_a_lock(
    guarded_consul: Consul, make_patient: Callable[..., Patient]
) -> None:
    """Files whose state is on this host: pauses are read, and no more is needed."""
    rules = f'{READING} key_prefix "lictor/" {{ policy = "read" }}'
    patient = make_patient(guarded_consul, token=token_with(guarded_consul, rules))
    assert patient.lines()["consul rights to watch"].startswith("FAIL")
    assert patient.lines(leads=False)["consul rights to watch"].startswith("ok  ")


def test_the_rules_that_it_names_are_enough(
    guarded_consul: Consul, make_patient: Callable[..., Patient]
) -> None:
    """A token that is given them lacks nothing."""
    patient = make_patient(guarded_consul, token=token_with(guarded_consul, BARE))
    lines = [patient.lines()[f"consul rights to {what}"] for what in ("read", "watch")]
    rules = " ".join(line.split("; add ")[1].split(" to its policy")[0] for line in lines)
    patient.token = token_with(guarded_consul, f"{BARE} {rules}")
    assert all(line.startswith("ok  ") for line in patient.lines().values()), patient.lines()


def test_a_consul_without_acls(consul: Consul, make_patient: Callable[..., Patient]) -> None:
    """No right is needed; its version is told."""
    lines = make_patient(consul).lines()
    assert all(line.startswith("ok  ") for line in lines.values()), lines
    assert lines["consul rights to watch"].endswith("none is needed, Consul's ACLs are off")
    assert lines["consul version"].startswith("ok    consul version: 1.")


def test_rights_of_aws(consul: Consul, make_patient: Callable[..., Patient], aws: StandIn) -> None:
    """What was read is proved; what changes a group is not tried, and said so."""
    patient = make_patient(consul, "instance", entry={"targetId": "ec2-lookup"})
    aws.policy(POLICY)
    line = patient.lines()["web: aws rights"]
    assert "DescribeTargetGroups, DescribeTargetHealth, ec2:DescribeInstances are given" in line
    assert "RegisterTargets and DeregisterTargets cannot be told" in line
    assert "deploy/iam-policy.json" in line
    assert not [call for call in aws.calls() if "register" in call["operation"].lower()]
    read = [each for each in POLICY["Statement"] if each["Sid"] != "FindInstancesAndZones"]
    aws.policy({**POLICY, "Statement": read})
    line = patient.lines()["web: aws rights"]
    assert line.startswith("FAIL")
    assert "allow ec2:DescribeInstances to this identity" in line


def test_the_subnets_of_a_group_of_addresses(
    consul: Consul, make_patient: Callable[..., Patient], aws: StandIn
) -> None:
    """They tell the zone of an address that is new."""
    patient = make_patient(consul)
    aws.policy(POLICY)
    assert "ec2:DescribeSubnets are given" in patient.lines()["web: aws rights"]
    aws.policy({**POLICY, "Statement": POLICY["Statement"][:3]})
    assert "allow ec2:DescribeSubnets" in patient.lines()["web: aws rights"]


def test_tools(consul: Consul, make_patient: Callable[..., Patient], tmp_path: Path) -> None:
    """What is too old fails; a host for Python that is not there concerns Pulumi alone."""
    patient = make_patient(consul, path=str(tmp_path))
    lines = patient.lines("v3.100.2")
    assert lines["pulumi"].startswith("FAIL  pulumi: version v3.100.2; 3.259 or newer is needed")
    assert lines["python packages"].startswith("ok    python packages: pulumi 3.")
    for part in (", lictor ", ", Python 3."):
        assert part in lines["python packages"]
    assert lines["python language host"].startswith("ok  ")
    assert "not on PATH" in lines["python language host"]
    host = tmp_path / "pulumi-language-python"
    host.touch(mode=0o755)
    assert f"python language host: {host}" in patient.lines()["python language host"]
