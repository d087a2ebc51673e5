"""`ConsulServerCluster` against mocks: every resource and property, and what is refused."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

import lictor
from lictor.servers import user_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.resources.servers.conftest import Engine

IMAGE = "ami-0123456789abcdef0"
SUBNETS = ["subnet-0000000a", "subnet-0000000b", "subnet-0000000c"]
ARN = "arn:aws:secretsmanager:us-west-2:123456789012:secret:"
SECRETS = {
    "gossip_key_secret_arn": f"{ARN}gossip-AbCdEf",
    "tls_ca_secret_arn": f"{ARN}ca-AbCdEf",
    "tls_cert_secret_arn": f"{ARN}cert-AbCdEf",
    "tls_key_secret_arn": f"{ARN}key-AbCdEf",
}
GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
FIREWALL = "aws:ec2/securityGroup:SecurityGroup"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE = "aws:iam/role:Role"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"


pytestmark = pytest.mark.xdist_group("servers")  # pulumi-aws takes seconds to import


def cluster(name: str = "main", **arguments: Any) -> Callable[[], dict[str, Any]]:  # noqa: ANN401 - arguments
    """Make a program that declares one cluster and exports what it gives out."""
    given: dict[str, Any] = {"image_id": IMAGE, "subnet_ids": SUBNETS, **arguments}

    def program() -> dict[str, Any]:
        made = lictor.ConsulServerCluster(name, **given)
        return {
            "group": made.autoscaling_group_name,
            "firewall": made.security_group_id,
            "role": made.role_name,
            "template": made.launch_template_id,
            "tag": made.join_tag,
            "join": made.retry_join,
        }

    return program


def script(engine: Engine) -> str:
    """Return the user data as the instance gets it."""
    return base64.b64decode(engine.one(TEMPLATE)["userData"]).decode()


def test_the_least(engine: Engine) -> None:
    """Safe defaults, and nothing that was not asked for."""
    outputs = engine.run(cluster())
    assert engine.resources == sorted(
        [
            f"{FIREWALL} main",
            f"{GROUP} main",
            f"{PROFILE} main",
            f"{ROLE} main",
            f"{POLICY} main-join",
            f"{TEMPLATE} main",
        ]
    )
    assert outputs == {
        "group": "main",
        "firewall": "main-id",
        "role": "main",
        "template": "main-id",
        "tag": "consul-cluster=main",
        "join": "provider=aws region=us-west-2 tag_key=consul-cluster tag_value=main",
    }


def test_the_role(engine: Engine) -> None:
    """EC2 may take it, and it may describe instances, and no more."""
    engine.run(cluster(permissions_boundary_arn="arn:aws:iam::1:policy/b", tags={"team": "x"}))
    role = engine.one(ROLE)
    assert json.loads(role["assumeRolePolicy"])["Statement"][0]["Principal"] == {
        "Service": "ec2.amazonaws.com"
    }
    assert role["permissionsBoundary"] == "arn:aws:iam::1:policy/b"
    assert role["tags"] == {"team": "x"}
    assert engine.one(PROFILE) == {"role": "main", "tags": {"team": "x"}}
    policy = engine.one(POLICY)
    assert policy["role"] == "main-id"
    (statement,) = json.loads(policy["policy"])["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("ec2:DescribeInstances", "*")


def test_the_security_group(engine: Engine) -> None:
    """In the subnets' VPC; every rule stands in it, so that no other survives."""
    engine.run(
        cluster(
            client_security_group_ids=["sg-0123abcd"], client_cidr_blocks=["10.0.0.0/8"], dns=True
        )
    )
    group = engine.one(FIREWALL)
    assert group["vpcId"] == "vpc-1"
    assert group["description"] == "Consul servers of main"
    assert group["tags"] == {"Name": "main"}
    (out,) = group["egress"]
    assert (out["protocol"], out["cidrBlocks"]) == ("-1", ["0.0.0.0/0"])
    rules = group["ingress"]
    assert all(rule["fromPort"] == rule["toPort"] for rule in rules)
    members = {(r["toPort"], r["protocol"]) for r in rules if r.get("self")}
    group_of_clients = {
        (r["toPort"], r["protocol"]) for r in rules if r.get("securityGroups") == ["sg-0123abcd"]
    }
    block = {(r["toPort"], r["protocol"]) for r in rules if r.get("cidrBlocks") == ["10.0.0.0/8"]}
    assert group_of_clients == block
    assert members - block == {(8302, "tcp"), (8302, "udp")}
    assert len(rules) == 9 + 7 + 7


def test_the_launch_template(engine: Engine) -> None:
    """Tokens are required of whoever asks the metadata service, and the volume is encrypted."""
    engine.run(
        cluster(
            instance_type="m6i.large",
            volume_size=50,
            volume_kms_key_arn="arn:kms",
            key_name="ops",
            security_group_ids=["sg-0123abcd"],
            tags={"team": "x"},
        )
    )
    template = engine.one(TEMPLATE)
    assert template["imageId"] == IMAGE
    assert template["instanceType"] == "m6i.large"
    assert template["keyName"] == "ops"
    assert template["iamInstanceProfile"] == {"arn": "arn:main"}
    assert template["vpcSecurityGroupIds"] == ["main-id", "sg-0123abcd"]
    assert template["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
        "instanceMetadataTags": "enabled",
    }
    assert template["blockDeviceMappings"] == [
        {
            "deviceName": "/dev/sda1",
            "ebs": {
                "encrypted": "true",
                "kmsKeyId": "arn:kms",
                "volumeSize": 50,
                "volumeType": "gp3",
                "deleteOnTermination": "true",
            },
        }
    ]
    assert template["tagSpecifications"] == [
        {"resourceType": "volume", "tags": {"Name": "main", "team": "x"}}
    ]
    assert template["tags"] == {"team": "x"}
    assert template["updateDefaultVersion"] is True
    assert template["instanceInitiatedShutdownBehavior"] == "terminate", "a failed boot ends it"
    assert template["description"] == "Consul server of main"
    assert script(engine).startswith("#!/bin/bash\n")
    assert len(base64.b64decode(template["userData"])) <= user_data.LARGEST


def test_the_root_device(engine: Engine) -> None:
    """The image's own, unless it is said, or the image is one of a parameter."""
    engine.run(cluster(root_device="/dev/xvdb"))
    assert engine.one(TEMPLATE)["blockDeviceMappings"][0]["deviceName"] == "/dev/xvdb"
    engine.declared.clear()
    engine.run(cluster(image_id="resolve:ssm:/consul/image"))
    assert engine.one(TEMPLATE)["blockDeviceMappings"][0]["deviceName"] == "/dev/xvda"
    assert engine.one(TEMPLATE)["imageId"] == "resolve:ssm:/consul/image"


def test_the_auto_scaling_group(engine: Engine) -> None:
    """Three servers in three zones, replaced one by one, the new one first."""
    engine.run(cluster(health_grace="10m", instance_warmup=60, tags={"team": "x"}))
    group = engine.one(GROUP)
    assert (group["minSize"], group["desiredCapacity"], group["maxSize"]) == (3, 3, 4)
    assert group["vpcZoneIdentifiers"] == SUBNETS
    assert group["launchTemplate"] == {"id": "main-id", "version": "7"}
    assert group["healthCheckType"] == "EC2"
    assert group["healthCheckGracePeriod"] == 600
    assert group["defaultInstanceWarmup"] == 60
    percent = {"minHealthyPercentage": 100, "maxHealthyPercentage": 134}
    assert group["instanceMaintenancePolicy"] == percent
    assert group["instanceRefresh"] == {
        "strategy": "Rolling",
        "preferences": {**percent, "instanceWarmup": "60", "skipMatching": True},
    }
    assert {tag["key"]: tag["value"] for tag in group["tags"]} == {
        "Name": "main",
        "team": "x",
        "consul-cluster": "main",
        user_data.EXPECT_TAG: "3",
    }
    assert all(tag["propagateAtLaunch"] for tag in group["tags"])


def test_no_server_is_launched_before_it_may_do_what_it_must(engine: Engine) -> None:
    """It finds the others and reads its secrets at once, and ends itself where it cannot."""
    engine.run(cluster(**SECRETS))
    assert {"main-join", "main-secrets"} <= engine.needs[GROUP, "main"]


def test_a_server_fails_before_the_next_one_is_ended(engine: Engine) -> None:
    """Its patience is shorter than what the group gives it to settle in."""
    engine.run(cluster(instance_warmup="10m"))
    assert "readonly patience=540\n" in script(engine)


def test_a_cluster_that_grows_replaces_no_server(engine: Engine) -> None:
    """Its launch template stays the same: the size stands in a tag of the group."""
    engine.run(cluster())
    before = engine.one(TEMPLATE)
    engine.declared.clear()
    engine.run(cluster(size=5))
    assert engine.one(TEMPLATE) == before
    assert engine.one(GROUP)["desiredCapacity"] == 5


def test_secrets_are_named_and_not_told(engine: Engine) -> None:
    """The role may read exactly these; with TLS the clear ports are closed."""
    engine.run(cluster(**SECRETS, secrets_kms_key_arn="arn:kms"))
    policies = engine.of(POLICY)
    assert set(policies) == {"main-join", "main-secrets"}
    read, decrypt = json.loads(policies["main-secrets"]["policy"])["Statement"]
    assert (read["Action"], read["Resource"]) == (
        "secretsmanager:GetSecretValue",
        sorted(SECRETS.values()),
    )
    assert (decrypt["Action"], decrypt["Resource"]) == ("kms:Decrypt", "arn:kms")
    ports = {rule["toPort"] for rule in engine.one(FIREWALL)["ingress"]}
    assert ports == {8300, 8301, 8302, 8501, 8503}
    for arn in SECRETS.values():
        assert arn in script(engine)


def test_what_is_known_later(engine: Engine) -> None:
    """Ids and ARNs may be outputs, in lists too, and of other resources."""

    def later(value: str) -> pulumi.Output[str]:
        async def wait() -> str:
            await asyncio.sleep(0)
            return value

        return pulumi.Output.from_input(wait())

    secrets: dict[str, Any] = {key: later(arn) for key, arn in SECRETS.items()}
    engine.run(
        cluster(
            image_id=later(IMAGE),
            subnet_ids=[later(subnet) for subnet in SUBNETS],
            client_security_group_ids=[later("sg-0123abcd")],
            **secrets,
        )
    )
    assert engine.one(GROUP)["vpcZoneIdentifiers"] == SUBNETS
    assert engine.one(TEMPLATE)["imageId"] == IMAGE
    assert f"{ARN}gossip-AbCdEf" in script(engine)
    assert any(r.get("securityGroups") == ["sg-0123abcd"] for r in engine.one(FIREWALL)["ingress"])


def test_another_region(engine: Engine) -> None:
    """All that is regional goes there, and is looked up there."""
    outputs = engine.run(cluster(region="eu-west-1"))
    for kind in (FIREWALL, TEMPLATE, GROUP):
        assert engine.one(kind)["region"] == "eu-west-1"
    assert {asked["region"] for _, asked in engine.asked} == {"eu-west-1"}
    assert "region=eu-west-1" in outputs["join"]


def test_the_partition_of_china(engine: Engine) -> None:
    """EC2 is called otherwise there."""
    engine.run(cluster(region="cn-north-1"))
    assert "ec2.amazonaws.com.cn" in engine.one(ROLE)["assumeRolePolicy"]


def test_another_tag(engine: Engine) -> None:
    """For instances that are found by a tag of their own already."""
    outputs = engine.run(cluster(join_tag_key="role", join_tag_value="consul-server"))
    assert outputs["tag"] == "role=consul-server"
    assert "readonly join_key=role\nreadonly join_value=consul-server\n" in script(engine)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"size": 0}, "main: size: expected 1 to 7 servers (3 or 5 for most), found 0"),
        ({"size": 9}, "main: size: 9 servers slow every write down and bear little more than 7"),
        ({"size": "three"}, "main: size: expected int, got str, found 'three'"),
        ({"image_id": "web"}, "main: image_id: expected an image such as"),
        ({"image_id": None}, "main: image_id: is required"),
        ({"subnet_ids": []}, "main: subnet_ids: expected a list of length >= 1"),
        ({"tags": {"a/b": "c"}}, "main: tags: the tag 'a/b' cannot be told by the instance meta"),
        ({"tags": {"consul-cluster": "x"}}, "main: tags: consul-cluster is a tag that the cluster"),
        ({"join_tag_value": "a b"}, "main: join_tag_key: expected letters, digits and"),
        ({"config": {"encrypt": "x"}}, "main: config.encrypt: a secret has no place in user data"),
        ({"config": {"a": "x" * 20000}}, "main: config: the user data has 2"),
        (
            {"tls_ca_secret_arn": f"{ARN}ca-AbCdEf"},
            "main: tls_cert_secret_arn: is required where tls_ca",
        ),
    ],
)
def test_arguments_that_cannot_be(arguments: dict[str, Any], said: str) -> None:
    """One line, and nothing is declared."""
    with pytest.raises(pulumi.RunError) as caught:
        cluster(**arguments)()
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x" * 57, "the name has 57 characters; take at most 56, for AWS takes 64 for a role"),
        ("my cluster", "a name takes letters, digits, dots, dashes and underscores"),
    ],
)
def test_names_that_cannot_be(name: str, said: str) -> None:
    """The same."""
    with pytest.raises(pulumi.RunError, match=f"^{name}: {said}"):
        cluster(name)()


class _Later:
    """What is known only when the program has run."""

    def __await__(self) -> None:
        """Be what can be waited for."""


def test_an_output_where_the_value_must_be_known() -> None:
    """What there is depends on it."""
    with pytest.raises(pulumi.RunError, match=r"^main: size: must be known when the program runs"):
        cluster(size=_Later())()
