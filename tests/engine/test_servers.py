"""Consul servers on the real engine, applied to the AWS stand-in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import aws_provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.world import World

IMAGE = "ami-04681a1dbd79675a5"
ABROAD = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gossip-AbCdEf"

_PROGRAM = """
import json
import lictor
import pulumi
import pulumi_aws as aws

config = pulumi.Config("test")
clients = aws.ec2.SecurityGroup("clients", description="clients", vpc_id=config.require("vpc"))
image = lictor.ConsulServerImage("baked", consul_version="1.22.5", sha256="0" * 64)
arguments = config.require_object("arguments")
main = lictor.ConsulServerCluster(
    "main",
    **{
        "image_id": image.image_id,
        "client_security_group_ids": [clients.id],
        "tags": {"team": "infra"},
        **arguments,
    },
)
pulumi.export("group", main.autoscaling_group_name)
pulumi.export("join", main.retry_join)
"""


@pytest.fixture
def env(world: World) -> Iterator[dict[str, str]]:
    """Attach the provider that stands in for Pulumi's AWS plugin."""
    with aws_provider.start(world.aws) as address:
        yield aws_provider.environment(address, world.stack.env["PYTHONPATH"])


def ground(world: World) -> tuple[str, list[str]]:
    """Find the default VPC and its subnets."""
    ec2 = world.aws.boto3("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])
    return vpc["VpcId"], [subnet["SubnetId"] for subnet in found["Subnets"]][:3]


def write(world: World, **arguments: Any) -> None:  # noqa: ANN401 - a component's arguments
    """Make the program, with these arguments of the cluster."""
    vpc, subnets = ground(world)
    (world.stack.project / "__main__.py").write_text(_PROGRAM)
    given = {"subnet_ids": subnets, **arguments}
    world.declare(test_vpc=vpc, test_arguments=json.dumps(given))


def servers(world: World) -> list[dict[str, Any]]:
    """List the instances that run, in the order of their launch."""
    found = world.aws.boto3("ec2").describe_instances(
        Filters=[
            {"Name": "instance-state-name", "Values": ["running"]},
            {"Name": "tag:consul-cluster", "Values": ["main"]},
        ]
    )
    return [dict(one) for each in found["Reservations"] for one in each["Instances"]]


def tags(instance: dict[str, Any]) -> dict[str, str]:
    """Return an instance's tags."""
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def left(world: World) -> dict[str, list[str]]:
    """List what stands in AWS of what a cluster is made of."""
    ec2, iam = world.aws.boto3("ec2"), world.aws.boto3("iam")
    groups = world.aws.boto3("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return {
        "groups": [group["AutoScalingGroupName"] for group in groups],
        "roles": [role["RoleName"] for role in iam.list_roles()["Roles"]],
        "profiles": [
            each["InstanceProfileName"] for each in iam.list_instance_profiles()["InstanceProfiles"]
        ],
        "templates": [
            each["LaunchTemplateName"]
            for each in ec2.describe_launch_templates()["LaunchTemplates"]
        ],
        "firewalls": [
            each["GroupName"]
            for each in ec2.describe_security_groups()["SecurityGroups"]
            if each["GroupName"] != "default"
        ],
        "servers": [one["InstanceId"] for one in servers(world)],
    }


@pytest.mark.long
@pytest.mark.timeout(180)
def test_the_life_of_a_cluster(world: World, env: dict[str, str]) -> None:
    """A subnet that is none, preview, up, unchanged, five instead of three, destroy."""
    write(world, subnet_ids=["subnet-11111111"])
    world.refused(world.stack.up(env=env), "main: subnet_ids: AWS knows no subnet-11111111, or")
    assert not any(name.startswith("main") for names in left(world).values() for name in names)
    world.stack.destroy(env=env).ok()

    write(world)
    preview = world.stack.preview("--diff", env=env).ok()
    assert "lictor:index:ConsulServerCluster" in preview.text
    assert not any(left(world).values()), "a preview makes nothing"

    world.stack.up(env=env).ok()
    three = servers(world)
    assert len(three) == 3
    for one in three:
        assert tags(one)["team"] == "infra"
        assert tags(one)["consul-bootstrap-expect"] == "3"
        assert [group["GroupName"][:5] for group in one["SecurityGroups"]] == ["main-"]
    assert "unchanged" in (again := world.stack.up(env=env).ok().text)
    assert "updated" not in again
    assert "created" not in again

    write(world, size=5)
    grown = world.stack.up("--diff", env=env).ok().text
    assert "~ 1 updated" in grown, "the Auto Scaling group alone"
    five = servers(world)
    assert [one["InstanceId"] for one in five[:3]] == [one["InstanceId"] for one in three]
    assert [tags(one)["consul-bootstrap-expect"] for one in five[3:]] == ["5", "5"]

    world.stack.destroy(env=env).ok()
    assert not any(left(world).values()), left(world)


@pytest.mark.long
@pytest.mark.timeout(180)
def test_what_aws_does_not_know(world: World, env: dict[str, str]) -> None:
    """One line each, and nothing of the cluster is made before."""
    _, subnets = ground(world)
    ec2 = world.aws.boto3("ec2")
    other = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    abroad = ec2.create_subnet(VpcId=other, CidrBlock="10.77.1.0/24")["Subnet"]["SubnetId"]
    for wrong, said in (
        ({"subnet_ids": ["subnet-11111111"]}, "main: subnet_ids: AWS knows no subnet-11111111"),
        ({"subnet_ids": [*subnets, abroad]}, "main: subnet_ids: they are of 2 VPCs, vpc-"),
        ({"image_id": "ami-11111111"}, "main: image_id: AWS knows no ami-11111111, or"),
        ({"region": "us-wset-2"}, "main: region: AWS knows no us-wset-2, or does not tell"),
        (
            {"gossip_key_secret_arn": ABROAD},
            "main: gossip_key_secret_arn: the secret is one of eu-",
        ),
        ({"size": 0}, "main: size: expected 1 to 7 servers (3 or 5 for most), found 0"),
    ):
        write(world, **{"image_id": IMAGE, **wrong})
        world.refused(world.stack.up(env=env), said)
        assert not any(name.startswith("main") for names in left(world).values() for name in names)
    world.stack.destroy(env=env).ok()


@pytest.mark.long
def test_warnings(world: World, env: dict[str, str]) -> None:
    """A size that bears no more than one less would, and subnets of one zone, are told of."""
    _, subnets = ground(world)
    write(world, size=4, subnet_ids=subnets[:1])
    preview = world.stack.preview(env=env).ok()
    assert "main: 4 servers bear the loss of 1, as 3 do; 5 bear 2" in preview.text
    assert "main: the subnets lie in one zone: its loss may take quorum" in preview.text
