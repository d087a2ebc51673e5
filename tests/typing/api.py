"""The public API as type checkers see it: checked by mypy --strict, never run.

Each argument is given as a plain value, as an `Output`, and as something that it is not; there an
`arg-type` that is no error would be an unused ignore, and so an error of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, assert_type

import pulumi
from pulumi import Output

import lictor


def plain_values() -> lictor.TargetGroupAttachments:
    """Every argument as a plain value."""
    return lictor.TargetGroupAttachments(
        "web",
        target_group_arn="arn:...",
        sources=[
            lictor.ConsulService(
                "web",
                tags=["v2"],
                any_tags=("blue", "green"),
                exclude_tags=["canary"],
                datacenters=["dc1", "dc2"],
                filter='Service.Meta.version == "2"',
                node_meta={"rack": "r1"},
                namespace="team",
                partition="part",
                peer="other",
                health="warning",
                require_service_check=True,
            ),
            lictor.PreparedQuery("web-geo", datacenter="dc1", allow_failover=True),
        ],
        ownership="exclusive",
        take_over=True,
        on_empty="drain",
        min_targets=2,
        max_removal_percent=10,
        removal_window="10m",
        removal_delay=30,
        on_guard="fail",
        policy="add-only",
        target_type="ip",
        target_id="ec2-lookup",
        address="lan_ipv4",
        resolve_hosts=True,
        port=8080,
        availability_zone="all",
        wait_for="healthy",
        health_timeout=1.5,
        wait_for_drain=True,
        region="us-west-2",
        role_arn="arn:...",
        opts=pulumi.ResourceOptions(protect=True),
    )


def short_for_one_source() -> lictor.TargetGroupAttachments:
    """The smallest resource."""
    return lictor.TargetGroupAttachments("web", target_group_arn="arn:...", service="web")


def outputs(  # noqa: PLR0913 - a value of each type
    *,
    text: Output[str],
    number: Output[int],
    seconds: Output[float],
    flag: Output[bool],
    texts: Output[list[str]],
    pairs: Output[dict[str, str]],
) -> None:
    """Every argument as an `Output`."""
    source = lictor.ConsulService(
        text,
        tags=texts,
        any_tags=[text, "plain"],
        exclude_tags=texts,
        datacenters=[text],
        filter=text,
        node_meta=pairs,
        namespace=text,
        partition=text,
        peer=text,
        health=text,
        require_service_check=flag,
    )
    lictor.ConsulService("web", node_meta={"rack": text})
    lictor.TargetGroupAttachments(
        "web",
        target_group_arn=text,
        sources=[source, lictor.PreparedQuery(text, datacenter=text, allow_failover=flag)],
        ownership=text,
        take_over=flag,
        on_empty=text,
        min_targets=number,
        max_removal_percent=number,
        removal_window=seconds,
        removal_delay=text,
        on_guard=text,
        policy=text,
        target_type=text,
        target_id=text,
        address=text,
        resolve_hosts=flag,
        port=number,
        availability_zone=text,
        wait_for=text,
        health_timeout=number,
        wait_for_drain=flag,
        region=text,
        role_arn=text,
    )
    lictor.TargetGroupAttachments("api", target_group_arn=text, service=text)


def sources_known_later(
    one: Output[lictor.ConsulService],
    query: Awaitable[lictor.PreparedQuery],
    several: Output[list[lictor.ConsulService]],
) -> None:
    """Sources, or the list of them, that are known only later."""
    lictor.TargetGroupAttachments("web", target_group_arn="arn:...", sources=[one, query])
    lictor.TargetGroupAttachments("api", target_group_arn="arn:...", sources=several)


def results(group: lictor.TargetGroupAttachments) -> None:
    """What a resource gives back, and what the program does with it."""
    assert_type(group.targets, Output[Mapping[str, str]])
    assert_type(group.held, Output[Mapping[str, str]])
    assert_type(group.attached, Output[Mapping[str, str]])
    assert_type(group.failed, Output[Mapping[str, str]])
    assert_type(group.foreign, Output[Sequence[str]])
    assert_type(lictor.counts({"web": group}), dict[str, dict[str, Any]])
    assert_type(lictor.target_groups(), dict[str, lictor.TargetGroupAttachments])
    lictor.check_failed(group, *lictor.target_groups().values())


def leader_tags(text: Output[str], texts: Output[list[str]], pairs: Output[dict[str, str]]) -> None:
    """Every argument of a leader tag, plain and as an `Output`."""
    lictor.LeaderTag("leader")
    tag = lictor.LeaderTag(
        "leader",
        tag_key="consul-leader",
        tag_value="dc1",
        datacenter="dc1",
        instance_filter={"vpc-id": "vpc-1", "tag:Name": ["a", text], "subnet-id": texts},
        region="us-west-2",
        role_arn="arn:...",
        opts=pulumi.ResourceOptions(protect=True),
    )
    lictor.LeaderTag(
        "leader",
        tag_key=text,
        tag_value=text,
        datacenter=text,
        instance_filter=pairs,
        region=text,
        role_arn=text,
    )
    assert_type(tag.leader, Output[Mapping[str, str]])
    assert_type(tag.tagged, Output[Mapping[str, str]])
    assert_type(tag.failed, Output[Mapping[str, str]])
    assert_type(lictor.leader_tags(), dict[str, lictor.LeaderTag])
    lictor.check_failed(tag, *lictor.target_groups().values(), *lictor.leader_tags().values())


def wrong_types_of_a_leader_tag() -> None:
    """What no argument takes."""
    lictor.LeaderTag(
        7,  # type: ignore[arg-type]
        tag_key=True,  # type: ignore[arg-type]
        tag_value=True,  # type: ignore[arg-type]
        datacenter=["dc1"],  # type: ignore[arg-type]
        instance_filter=["vpc-id"],  # type: ignore[arg-type]
        region=2,  # type: ignore[arg-type]
        role_arn={},  # type: ignore[arg-type]
        opts={},  # type: ignore[arg-type]
    )
    lictor.LeaderTag("leader", "consul-leader")  # type: ignore[call-arg]
    lictor.LeaderTag("leader", instance_filter={"vpc-id": 7})  # type: ignore[dict-item]


def external_nodes(
    text: Output[str], number: Output[int], texts: Output[list[str]], pairs: Output[dict[str, str]]
) -> None:
    """Every argument of an external node, plain and as an `Output`."""
    lictor.ExternalNode("db", address="db.example.com")
    service = lictor.ExternalService(
        "web", id="w", address="10.0.0.1", port=443, tags=["v2"], meta={"k": "v"}
    )
    check = lictor.ExternalCheck(
        "http",
        id="c",
        service="w",
        notes="why",
        http="https://db.example.com",
        method="HEAD",
        header={"X-A": ["1", text]},
        body="x",
        tcp="h:1",
        tcp_use_tls=True,
        grpc="h:1",
        grpc_use_tls=True,
        tls_server_name="h",
        tls_skip_verify=False,
        interval="10s",
        timeout=2.5,
        deregister_critical_service_after="1h",
    )
    node = lictor.ExternalNode(
        "db",
        address=text,
        node=text,
        node_meta=pairs,
        services=[service, lictor.ExternalService(text, port=number, tags=texts, meta=pairs)],
        checks=[check, lictor.ExternalCheck(text, tcp=text, interval=number)],
        probe=True,
        datacenter=text,
        opts=pulumi.ResourceOptions(protect=True),
    )
    assert_type(node.indexes, Output[Mapping[str, int]])
    assert_type(node.failed, Output[Mapping[str, str]])
    assert_type(lictor.external_nodes(), dict[str, lictor.ExternalNode])
    lictor.check_failed(node, *lictor.external_nodes().values())


def wrong_types_of_an_external_node() -> None:
    """What no argument takes."""
    lictor.ExternalNode("db")  # type: ignore[call-arg]
    lictor.ExternalNode(
        "db",
        address=7,  # type: ignore[arg-type]
        node=True,  # type: ignore[arg-type]
        node_meta=["x"],  # type: ignore[arg-type]
        services=["web"],  # type: ignore[list-item]
        checks={"name": "up"},  # type: ignore[arg-type]
        probe="yes",  # type: ignore[arg-type]
        datacenter=1,  # type: ignore[arg-type]
    )
    lictor.ExternalService("web", port="443", tags="v2x", meta=["k"])  # type: ignore[arg-type]
    lictor.ExternalCheck("up", "tcp")  # type: ignore[call-arg]


def wrong_types_of_a_resource() -> None:
    """What no argument takes."""
    lictor.TargetGroupAttachments(
        7,  # type: ignore[arg-type]
        target_group_arn=7,  # type: ignore[arg-type]
        service=7,  # type: ignore[arg-type]
        sources="web",  # type: ignore[arg-type]
        ownership=True,  # type: ignore[arg-type]
        take_over="yes",  # type: ignore[arg-type]
        on_empty=False,  # type: ignore[arg-type]
        min_targets="2",  # type: ignore[arg-type]
        max_removal_percent=0.3,  # type: ignore[arg-type]
        removal_window=["10m"],  # type: ignore[arg-type]
        removal_delay=b"30s",  # type: ignore[arg-type]
        on_guard=1,  # type: ignore[arg-type]
        policy=["sync"],  # type: ignore[arg-type]
        target_type=1,  # type: ignore[arg-type]
        target_id=1,  # type: ignore[arg-type]
        address=10.1,  # type: ignore[arg-type]
        resolve_hosts="yes",  # type: ignore[arg-type]
        port="8080",  # type: ignore[arg-type]
        availability_zone=["us-west-2a"],  # type: ignore[arg-type]
        wait_for=30,  # type: ignore[arg-type]
        health_timeout=[],  # type: ignore[arg-type]
        wait_for_drain="no",  # type: ignore[arg-type]
        region=2,  # type: ignore[arg-type]
        role_arn={},  # type: ignore[arg-type]
        opts={},  # type: ignore[arg-type]
    )


def wrong_types_of_sources() -> None:
    """What no source takes."""
    lictor.ConsulService(
        7,  # type: ignore[arg-type]
        tags=7,  # type: ignore[arg-type]
        any_tags={"v2": True}.items(),  # type: ignore[arg-type]
        exclude_tags=[7],  # type: ignore[list-item]
        datacenters=True,  # type: ignore[arg-type]
        filter=["x"],  # type: ignore[arg-type]
        node_meta=["rack"],  # type: ignore[arg-type]
        namespace=7,  # type: ignore[arg-type]
        partition=7,  # type: ignore[arg-type]
        peer=7,  # type: ignore[arg-type]
        health=True,  # type: ignore[arg-type]
        require_service_check="yes",  # type: ignore[arg-type]
    )
    lictor.PreparedQuery(
        7,  # type: ignore[arg-type]
        datacenter=["dc1"],  # type: ignore[arg-type]
        allow_failover="no",  # type: ignore[arg-type]
    )
    lictor.check_failed("web")  # type: ignore[arg-type]
    lictor.counts(["web"])  # type: ignore[arg-type]


def wrong_outputs(text: Output[str], number: Output[int]) -> None:
    """An `Output` of another type is as wrong as the value."""
    lictor.TargetGroupAttachments(
        "web",
        target_group_arn=number,  # type: ignore[arg-type]
        sources=text,  # type: ignore[arg-type]
        min_targets=text,  # type: ignore[arg-type]
        wait_for_drain=text,  # type: ignore[arg-type]
    )
    lictor.ConsulService(number, tags=text)  # type: ignore[arg-type]


def wrong_calls() -> None:
    """A keyword that does not exist, one that is missing, and what goes by keyword only."""
    lictor.TargetGroupAttachments("web", target_group_arn="arn:...", servce="web")  # type: ignore[call-arg]
    lictor.TargetGroupAttachments("web", service="web")  # type: ignore[call-arg]
    lictor.TargetGroupAttachments("web", "arn:...", service="web")  # type: ignore[call-arg]
    lictor.ConsulService("web", ["v2"])  # type: ignore[call-arg]
    lictor.PreparedQuery()  # type: ignore[call-arg]
