"""The real thing: unmodified Consul, with the rendered config, on a cluster's own instances.

The instances are the stand-in's, their addresses the loopback's, and Consul finds the others as it
does on AWS: by asking EC2 who carries the tag.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import aws_provider, servers, tunnel
from tests.fakes.path import OVERLAYS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.world import World
    from tests.fakes.servers import Server

IMAGE = "ami-04681a1dbd79675a5"
GOSSIP = "pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s="
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:gossip"  # noqa: S105 - a name

_PROGRAM = """
import lictor
import pulumi

main = lictor.ConsulServerCluster("main", **pulumi.Config("test").require_object("arguments"))
"""


def loopback(world: World) -> list[str]:
    """Make a VPC of the loopback's addresses that no other test uses, and its subnets."""
    ec2 = world.aws.boto3("ec2")
    net = 32 + os.getpid() % 200
    vpc = ec2.create_vpc(CidrBlock=f"127.{net}.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"127.{net}.{number}.0/24", AvailabilityZone=f"us-west-2{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("abc", 1)
    ]


def instances(world: World) -> list[dict[str, Any]]:
    """List the instances that run and carry the cluster's tag."""
    found = world.aws.boto3("ec2").describe_instances(
        Filters=[
            {"Name": "instance-state-name", "Values": ["running"]},
            {"Name": "tag:consul-cluster", "Values": ["main"]},
        ]
    )
    return [dict(one) for each in found["Reservations"] for one in each["Instances"]]


@pytest.fixture
def cluster(world: World, tmp_path: Path) -> Iterator[list[Server]]:
    """Bring up a cluster, and boot its three instances: configured, Consul not yet started."""
    (world.stack.project / "__main__.py").write_text(_PROGRAM)
    arguments = {
        "image_id": IMAGE,
        "subnet_ids": loopback(world),
        "listen": "private",
        "gossip_key_secret_arn": SECRET,
    }
    world.declare(test_arguments=json.dumps(arguments))
    with (
        aws_provider.start(world.aws) as provider,
        tunnel.start(world.aws, tmp_path, f"ec2.{world.aws.region}.api.aws") as proxy,
    ):
        paths = [world.stack.env["PYTHONPATH"], str(OVERLAYS / "pulumi-aws")]
        env = {
            "PULUMI_DEBUG_PROVIDERS": provider,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "PYTHONDONTWRITEBYTECODE": "",
        }
        world.stack.up(env=env).ok()
        reach = proxy.environment(world.aws)
        booted = [
            servers.boot(world.aws, one, tmp_path, reach, gossip=GOSSIP) for one in instances(world)
        ]
        try:
            yield booted
            assert set(proxy.asked) == {f"ec2.{world.aws.region}.api.aws:443"}
        finally:
            for server in booted:
                server.kill()


def known(leader: Server, cluster: list[Server]) -> bool:
    """Tell whether the catalog knows the instance of every server, as leader tags need it."""
    nodes = {node["Node"]: node["Meta"] for node in leader.ask("/v1/catalog/nodes")}
    return all(nodes.get(one.ident, {}).get("instance-id") == one.ident for one in cluster)


@pytest.mark.timeout(240)
def test_servers_find_each_other_by_tag(cluster: list[Server]) -> None:
    """Three elect a leader; one that leaves is gone; a leader that dies is followed by another."""
    assert len(cluster) == 3
    for server in cluster:
        server.start()
    leader = servers.agreed(cluster, voters=3)
    members = {each["Name"]: each["Addr"] for each in leader.ask("/v1/agent/members")}
    assert members == {server.ident: server.address for server in cluster}
    servers.until(lambda: known(leader, cluster) or None, lambda: "the catalog lacks instance ids")

    leader.kill()
    others = [server for server in cluster if server is not leader]
    second = servers.agreed(others, voters=3)
    leader.start()
    assert servers.agreed(cluster, voters=3) is second

    assert second.leave() == 0
    rest = [server for server in cluster if server is not second]
    servers.agreed(rest, voters=2)
