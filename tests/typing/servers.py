"""The components of the extra `servers` as type checkers see them: checked, never run."""

from __future__ import annotations

from typing import assert_type

import pulumi
from pulumi import Output

import lictor


def plain_values() -> lictor.ConsulServerCluster:
    """Every argument as a plain value."""
    return lictor.ConsulServerCluster(
        "main",
        image_id="ami-0123456789abcdef0",
        subnet_ids=["subnet-1", "subnet-2"],
        size=5,
        force_size=False,
        instance_type="m6i.large",
        volume_size=50,
        volume_kms_key_arn="arn:...",
        root_device="/dev/xvda",
        key_name="ops",
        datacenter="dc1",
        join_tag_key="role",
        join_tag_value="consul",
        listen="private",
        dns=True,
        client_security_group_ids=("sg-1",),
        client_cidr_blocks=["10.0.0.0/8"],
        security_group_ids=["sg-2"],
        egress_cidr_blocks=["0.0.0.0/0"],
        gossip_key_secret_arn="arn:...",  # noqa: S106 - the name of one
        tls_ca_secret_arn="arn:...",  # noqa: S106 - the name of one
        tls_cert_secret_arn="arn:...",  # noqa: S106 - the name of one
        tls_key_secret_arn="arn:...",  # noqa: S106 - the name of one
        secrets_kms_key_arn="arn:...",
        config={"log_level": "debug", "limits": {"rpc_rate": 100}},
        health_grace="10m",
        instance_warmup=60,
        permissions_boundary_arn="arn:...",
        region="us-west-2",
        tags={"team": "x"},
        opts=pulumi.ResourceOptions(protect=True),
    )


def an_image() -> lictor.ConsulServerImage:
    """Every argument of an image as a plain value."""
    return lictor.ConsulServerImage(
        "main",
        consul_version="1.22.5",
        sha256="0" * 64,
        architecture="arm64",
        archive_url="https://...",
        parent_image="ami-0123456789abcdef0",
        instance_type="t4g.large",
        volume_size=10,
        subnet_id="subnet-1",
        security_group_ids=["sg-1"],
        build=False,
        region="us-west-2",
        tags={"team": "x"},
        opts=pulumi.ResourceOptions(protect=True),
    )


def outputs(text: Output[str], texts: Output[list[str]]) -> None:
    """What other resources make may be an `Output`, in lists too."""
    image = lictor.ConsulServerImage(
        "main", consul_version="1.22.5", sha256="0", subnet_id=text, security_group_ids=[text]
    )
    cluster = lictor.ConsulServerCluster(
        "main",
        image_id=image.image_id,
        subnet_ids=texts,
        client_security_group_ids=[text, "sg-1"],
        security_group_ids=texts,
        gossip_key_secret_arn=text,
        tls_ca_secret_arn=text,
        tls_cert_secret_arn=text,
        tls_key_secret_arn=text,
        secrets_kms_key_arn=text,
        volume_kms_key_arn=text,
        permissions_boundary_arn=text,
        key_name=text,
    )
    assert_type(cluster.retry_join, Output[str])
    assert_type(cluster.join_tag, Output[str])
    assert_type(cluster.security_group_id, Output[str])
    assert_type(lictor.consul_servers(), dict[str, lictor.ConsulServerCluster])


def what_must_be_known(text: Output[str], number: Output[int]) -> None:
    """What decides on the resources is no `Output`, and no other type."""
    lictor.ConsulServerCluster(
        "main",
        image_id=1,  # type: ignore[arg-type]
        subnet_ids=["subnet-1"],
        size=number,  # type: ignore[arg-type]
        instance_type=text,  # type: ignore[arg-type]
        join_tag_value=text,  # type: ignore[arg-type]
        config=text,  # type: ignore[arg-type]
        tags=["x"],  # type: ignore[arg-type]
        dns="yes",  # type: ignore[arg-type]
    )
    lictor.ConsulServerImage(
        "main",
        consul_version=text,  # type: ignore[arg-type]
        sha256=text,  # type: ignore[arg-type]
        build="no",  # type: ignore[arg-type]
    )


def wrong_calls() -> None:
    """A keyword that does not exist, and one that is missing."""
    lictor.ConsulServerCluster("main", image_id="ami-1", subnet_ids=[], sise=3)  # type: ignore[call-arg]
    lictor.ConsulServerCluster("main", subnet_ids=["subnet-1"])  # type: ignore[call-arg]
    lictor.ConsulServerImage("main", consul_version="1.22.5")  # type: ignore[call-arg]
