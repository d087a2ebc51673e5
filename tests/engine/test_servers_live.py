"""The real thing: unmodified Consul, with the rendered config, on a cluster's own instances.

The instances are the stand-in's, their addresses the loopback's, and Consul finds the others as it
does on AWS: by asking EC2 who carries the tag. The program is the one in `examples/servers`.
"""

from __future__ import annotations

import errno
import json
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from lictor.servers import user_data
from tests.fakes import aws_provider, servers, tunnel
from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.world import World
    from tests.fakes.servers import Server

GOSSIP = "pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s="
SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:gossip-AbCdEf"  # noqa: S105 - a name
EXAMPLE = (ROOT / "examples/servers/__main__.py").read_text()
CLIENTS = "    client_security_group_ids=[clients.id],\n"
# Three servers on one machine cannot share 127.0.0.1; and the gossip is encrypted.
MORE = f'    listen="private",\n    gossip_key_secret_arn="{SECRET}",\n'


class Live:
    """The example's stack, and its servers.

    Attributes:
        world: Consul is the cluster's own here.
        env: What the CLI needs beside.
        servers: In the order of their launch.
        group: ARN of the target group.
    """

    def __init__(self, world: World, provider: str) -> None:
        """Lay out the program in a VPC of the loopback's addresses."""
        assert CLIENTS in EXAMPLE
        program = EXAMPLE.replace(CLIENTS, CLIENTS + MORE)
        (world.stack.project / "__main__.py").write_text(program)
        self.env = aws_provider.environment(provider, world.stack.env["PYTHONPATH"])
        self.world = world
        self.servers: list[Server] = []
        self._vpc, self._subnets = _loopback(world)

    def up(self, asked: Server | None = None) -> None:
        """Run the stack, with this server's address once there is one to be asked."""
        config = {
            "lictor:vpcId": self._vpc,
            "lictor:subnetIds": self._subnets,
            "lictor:sha256": "0" * 64,
        }
        known = {"consul:address": f"http://{asked.address}:8500"} if asked else {}
        self.world.stack.configure({**config, **known})
        self.world.stack.up(env=self.env).ok()

    @property
    def targets(self) -> set[str]:
        """What stands in the target group, what drains left out: instance ids."""
        found = self.world.aws.boto3("elbv2").describe_target_groups()["TargetGroups"]
        (group,) = (one for one in found if one.get("VpcId") == self._vpc)
        return {key.partition(":")[0] for key in self.world.standing(group["TargetGroupArn"])}

    @property
    def tagged(self) -> set[str]:
        """Who carries the leader's tag: instance ids."""
        return {one["InstanceId"] for one in self.instances("consul-leader")}

    def instances(self, key: str) -> list[dict[str, Any]]:
        """List the running instances that carry a tag with the cluster's name."""
        found = self.world.aws.boto3("ec2").describe_instances(
            Filters=[
                {"Name": "instance-state-name", "Values": ["running"]},
                {"Name": f"tag:{key}", "Values": ["consul"]},
            ]
        )
        return [dict(one) for each in found["Reservations"] for one in each["Instances"]]


def _loopback(world: World) -> tuple[str, list[str]]:
    """Make a VPC of the loopback's addresses that no other test uses, and its subnets."""
    ec2 = world.aws.boto3("ec2")
    net = 32 + os.getpid() % 200
    vpc = ec2.create_vpc(CidrBlock=f"127.{net}.0.0/16")["Vpc"]["VpcId"]
    return vpc, [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"127.{net}.{number}.0/24", AvailabilityZone=f"us-west-2{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("abc", 1)
    ]


@pytest.fixture
def live(world: World, tmp_path: Path) -> Iterator[Live]:
    """Bring up the example, and boot its three instances: configured, Consul not yet started."""
    with (
        aws_provider.start(world.aws) as provider,
        tunnel.start(world.aws, tmp_path, f"ec2.{world.aws.region}.api.aws") as proxy,
    ):
        running = Live(world, provider)
        running.up()
        reach = proxy.environment(world.aws)
        running.servers = [
            servers.boot(world.aws, one, tmp_path, reach, gossip=GOSSIP)
            for one in running.instances("consul-cluster")
        ]
        try:
            yield running
            assert set(proxy.asked) == {f"ec2.{world.aws.region}.api.aws:443"}
        finally:
            for server in running.servers:
                server.kill()


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_cluster_lives(live: Live) -> None:
    """Three elect a leader, the leader dies, the tag follows, the dead one rejoins by it."""
    assert len(live.servers) == 3
    for server in live.servers:
        server.start()
    first = servers.agreed(live.servers, voters=3)
    whole = {server.ident for server in live.servers}
    servers.until(lambda: known(first, whole) or None, lambda: "the catalog lacks instance ids")
    live.up(first)
    assert live.tagged == {first.ident}
    assert live.targets == whole

    first.kill()
    others = [server for server in live.servers if server is not first]
    second = servers.agreed(others, voters=3)
    servers.until(lambda: failed(second, first) or None, lambda: second.log[-2000:])
    live.up(second)
    assert live.tagged == {second.ident}
    assert live.targets == whole - {first.ident}

    first.forget()
    rejoin(live, first, second)
    servers.agreed(live.servers, voters=3)
    servers.until(lambda: not failed(second, first) or None, lambda: first.log[-2000:])
    live.up(second)
    assert live.tagged == {servers.agreed(live.servers, voters=3).ident}
    assert live.targets == whole

    assert second.leave() == 0
    rest = [server for server in live.servers if server is not second]
    servers.agreed(rest, voters=2)


def rejoin(live: Live, dead: Server, leader: Server) -> None:
    """Start it with what `join-address` prints, and with no other way to find anybody."""
    printed = live.world.stack.lictor(
        "join-address", "--tag", "consul-leader=consul", "--format", "retry-join"
    ).ok()
    assert printed.text == f"retry_join = {json.dumps([leader.address])}\n"
    config = dead.machine.root / "etc/consul.d"
    instance = json.loads((config / "20-instance.json").read_text())
    del instance["retry_join"]
    (config / "20-instance.json").write_text(json.dumps(instance))
    (config / "95-join.hcl").write_text(printed.text)
    dead.start()


def known(server: Server, instances: set[str]) -> bool:
    """Tell whether the catalog knows the instance of every server, and each one's health."""
    nodes = {node["Node"]: node["Meta"] for node in server.ask("/v1/catalog/nodes")}
    passing = {entry["Node"]["Node"] for entry in server.ask("/v1/health/service/consul?passing")}
    return instances == passing and all(
        nodes[ident].get("instance-id") == ident for ident in instances
    )


def failed(server: Server, other: Server) -> bool:
    """Tell whether a server takes another one for dead."""
    passing = {entry["Node"]["Node"] for entry in server.ask("/v1/health/service/consul?passing")}
    return other.ident not in passing


def test_servers_that_speak_tls(world: World, tmp_path: Path) -> None:
    """With material from Secrets Manager they join, elect and answer; no clear port is open."""
    _, (subnet, *_) = _loopback(world)
    tags = {"consul-cluster": "safe", user_data.EXPECT_TAG: "2"}
    launched = world.aws.boto3("ec2").run_instances(
        ImageId="ami-04681a1dbd79675a5",
        MinCount=2,
        MaxCount=2,
        SubnetId=subnet,
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        ],
    )["Instances"]
    script = user_data.render(
        user_data.Boot(
            "safe",
            "consul-cluster",
            "safe",
            listen="private",
            gossip_secret=SECRET,
            tls=user_data.TLS("arn:ca", "arn:cert", "arn:key"),
        )
    )
    authority = trustme.CA()
    names = ["server.dc1.consul", *(one["PrivateIpAddress"] for one in launched)]
    made = authority.issue_cert(*names)
    material = {
        "gossip": GOSSIP,
        "ca": authority.cert_pem.bytes().decode(),
        "cert": b"".join(pem.bytes() for pem in made.cert_chain_pems).decode(),
        "key": made.private_key_pem.bytes().decode(),
    }
    with tunnel.start(world.aws, tmp_path, f"ec2.{world.aws.region}.api.aws") as proxy:
        reach = proxy.environment(world.aws)
        both = [
            servers.boot_with(script, dict(one), tmp_path, reach, **material) for one in launched
        ]
        try:
            for server in both:
                server.start()
            leader = servers.agreed(both, voters=2)
            for port in (8500, 8502):
                with socket.socket() as clear:
                    assert clear.connect_ex((leader.address, port)) == errno.ECONNREFUSED
        finally:
            for server in both:
                server.kill()
