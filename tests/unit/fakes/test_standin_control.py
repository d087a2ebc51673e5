"""The control face of the stand-in: log, summary, settings, reset, process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.fakes.aws import process
from tests.fakes.aws.client import ControlError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from types_boto3_elbv2 import ElasticLoadBalancingv2Client as Elbv2

    from tests.fakes.aws.client import StandIn

    MakeGroup: TypeAlias = Callable[..., str]

ROOT = Path(__file__).resolve().parents[3]


def test_log_tells_what_was_asked_and_answered(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """Each entry has the operation, the group, the targets, the status and the access key."""
    arn = make_group()
    elbv2.register_targets(
        TargetGroupArn=arn,
        Targets=[{"Id": "172.31.0.1", "Port": 81}, {"Id": "10.0.0.1", "AvailabilityZone": "all"}],
    )
    [entry] = aws.calls()
    assert entry["service"] == "elasticloadbalancing"
    assert entry["operation"] == "RegisterTargets"
    assert entry["target_group"] == arn
    assert entry["targets"] == [
        {"id": "172.31.0.1", "port": 81, "zone": None},
        {"id": "10.0.0.1", "port": None, "zone": "all"},
    ]
    assert (entry["status"], entry["error"]) == (200, None)
    assert entry["access_key"] == aws.environment()["AWS_ACCESS_KEY_ID"]


def test_log_is_filtered_and_cleared(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """By operation, group and sequence number, which clearing does not start anew."""
    one, two = make_group(), make_group()
    for arn in (one, two, one):
        elbv2.describe_target_health(TargetGroupArn=arn)
    elbv2.describe_account_limits()
    assert len(aws.calls("DescribeTargetHealth")) == 3
    first, second = aws.calls("DescribeTargetHealth", one)
    assert aws.calls(target_group=one, since=first["seq"]) == [second]
    aws.clear_calls()
    assert aws.calls() == []
    elbv2.describe_account_limits()
    assert aws.calls()[0]["seq"] > second["seq"]


def test_set_up_leaves_no_trace(aws: StandIn, make_group: MakeGroup) -> None:
    """The stand-in's own set-up meets neither fault nor policy nor log."""
    aws.fault("*", "error", times=None)
    aws.policy({"Statement": []})
    make_group("instance")
    aws.create_instances(1)
    assert aws.calls() == []


def test_waiting_for_calls_ends_with_the_call(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """A test waits on the condition, not on the clock."""
    arn = make_group()
    waiting = threading.Thread(
        target=lambda: aws.wait_for_calls("DescribeTargetHealth", 20, arn, deadline=50),
        name="waiting",
        daemon=True,
    )
    waiting.start()
    for _ in range(20):
        elbv2.describe_target_health(TargetGroupArn=arn)
    waiting.join(10)
    assert not waiting.is_alive()


def test_waiting_in_vain_tells_what_there_was(aws: StandIn, elbv2: Elbv2) -> None:
    """The error of a missed deadline helps to find out why."""
    elbv2.describe_account_limits()
    with pytest.raises(TimeoutError, match="DescribeAccountLimits"):
        aws.wait_for_calls("RegisterTargets", 1, deadline=0.05)


def test_summary_shows_every_group(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """One look for demo and bench: each group with its targets and their states."""
    arn = make_group(port=8080)
    aws.settings(initial_seconds=0)
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "172.31.0.1"}])
    shown = aws.summary()[arn]
    assert shown["targets"] == {"172.31.0.1:8080": "healthy"}
    assert (shown["target_type"], shown["port"], shown["attached"]) == ("ip", 8080, True)


def test_unknown_setting_is_refused(aws: StandIn) -> None:
    """A misspelt switch would make a test prove nothing."""
    with pytest.raises(ControlError, match="unknown settings"):
        aws.settings(quota=1)


def test_unknown_control_is_refused(aws: StandIn) -> None:
    """A wrong path tells the right ones."""
    with pytest.raises(ControlError, match="no such control"):
        aws._send("GET", "nothing")  # noqa: SLF001 - the path has no method


def test_reset_lifts_everything_but_resources(
    aws: StandIn, elbv2: Elbv2, make_group: MakeGroup
) -> None:
    """Faults, policy, log, health and settings go; groups and targets stay."""
    arn = make_group()
    before = aws.settings()
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": "172.31.0.1"}])
    aws.settings(targets_per_group=1, initial_seconds=99)
    aws.health(arn, "172.31.0.1:80", "unhealthy")
    aws.fault("*", "error", times=None)
    aws.policy({"Statement": []})
    aws.reset()
    assert aws.settings() == before
    assert aws.calls() == aws.faults() == []
    assert aws.targets(arn) == {"172.31.0.1:80": "initial"}
    elbv2.describe_target_health(TargetGroupArn=arn)


def test_environment_is_all_an_sdk_needs(
    aws: StandIn, make_group: MakeGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client made from the environment alone speaks to the stand-in."""
    arn = make_group()
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    described = boto3.client("elbv2").describe_target_groups(TargetGroupArns=[arn])
    assert described["TargetGroups"][0]["TargetGroupArn"] == arn


def test_other_services_of_moto_stay_usable(aws: StandIn) -> None:
    """S3, STS and IAM answer as moto's server does, and are logged."""
    s3 = aws.boto3("s3")
    s3.create_bucket(Bucket="state", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="state", Key="a/b.json", Body=b"{}")
    assert s3.get_object(Bucket="state", Key="a/b.json")["Body"].read() == b"{}"
    role = aws.boto3("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]
    assert aws.boto3("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="session")[
        "Credentials"
    ]
    operations = [call["operation"] for call in aws.calls()]
    assert operations == ["CreateBucket", "PutObject", "GetObject", "CreateRole", "AssumeRole"]


def test_instances_lie_in_the_vpc(aws: StandIn, elbv2: Elbv2, make_group: MakeGroup) -> None:
    """A thousand start at once, spread over zones, with addresses that ip groups take."""
    started = aws.create_instances(1000)
    arn = make_group()
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": ip} for _, ip in started])
    listed = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert len(listed) == len({identifier for identifier, _ in started}) == 1000
    assert len({description["Target"]["AvailabilityZone"] for description in listed}) > 1


@pytest.mark.long
def test_process_ends_with_its_block_and_forgets_all(tmp_path: Path) -> None:
    """It works from any folder, resets to its own options, and leaves nothing running."""
    log = tmp_path / "standin.log"
    with process.start("--initial", "7", "--draining", "3", region="eu-west-1", log=log) as own:
        arn = own.create_group("web", "ip")
        assert arn.startswith("arn:aws:elasticloadbalancing:eu-west-1:")
        own.reset(everything=True)
        assert own.summary() == {}
        own.create_group("web", "ip")
        settings = own.settings(initial_seconds=0)
        own.reset()
        assert own.settings() == settings | {"initial_seconds": 7}
        assert settings["draining_seconds"] == 3
    assert log.read_text() == ""
    with pytest.raises(OSError, match="refused"):
        own.summary()


def test_process_that_cannot_start_shows_its_log() -> None:
    """The reason stands in the error."""
    with (
        pytest.raises(process.DiedError, match="unrecognized arguments: --nonsense"),
        process.start("--nonsense"),
    ):
        pass


def command_line(*options: str) -> subprocess.Popen[str]:
    """Start the stand-in as a person does."""
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "tests.fakes.aws", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_line_prints_what_to_export_and_ends_quietly(number: signal.Signals) -> None:
    """For people: URL, exports, examples; Ctrl-C is no error."""
    with command_line("--region", "eu-west-1") as child:
        assert child.stdout
        printed = [child.stdout.readline() for _ in range(13)]
        child.send_signal(number)
        _, errors = child.communicate(timeout=10)
    assert (child.returncode, errors) == (0, "")
    assert printed[0].startswith("listening on http://127.0.0.1:")
    assert "export AWS_REGION=eu-west-1\n" in printed
    assert [line.split()[0] for line in printed[-4:-1]] == ["curl", "curl", "aws"]


def test_process_ends_with_its_parent() -> None:
    """A test run that is killed leaves no stand-in behind: its end of the pipe closes."""
    with command_line("--until-stdin-closes") as child:
        assert child.stdout
        assert child.stdout.readline().startswith("listening on")
        child.communicate(timeout=10)
    assert child.returncode == 0
