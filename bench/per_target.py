"""What a Pulumi user writes without lictor: Consul read in the program, a resource per target."""

from __future__ import annotations

import json
import os
import urllib.request
from functools import lru_cache
from typing import Any

import boto3
import pulumi
from pulumi import dynamic


@lru_cache(maxsize=1)
def _elbv2() -> Any:  # noqa: ANN401 - boto3's clients are made at run time
    return boto3.Session().client("elbv2")


class AttachmentProvider(dynamic.ResourceProvider):
    """One call of AWS for each target that comes or goes."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Register one target."""
        target = {"Id": props["id"], "Port": int(props["port"])}
        _elbv2().register_targets(TargetGroupArn=props["arn"], Targets=[target])
        return dynamic.CreateResult(f"{props['id']}:{int(props['port'])}", props)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Another target is another resource."""
        changed = [key for key in ("arn", "id", "port") if olds[key] != news[key]]
        return dynamic.DiffResult(changes=bool(changed), replaces=changed)

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Deregister one target."""
        target = {"Id": props["id"], "Port": int(props["port"])}
        _elbv2().deregister_targets(TargetGroupArn=props["arn"], Targets=[target])


class Attachment(dynamic.Resource, module="bench", name="Attachment"):
    """One target of one group."""

    def __init__(self, arn: str, ident: str, port: int) -> None:
        props = {"arn": arn, "id": ident, "port": port}
        super().__init__(AttachmentProvider(), f"{ident}:{port}", props)


def declare() -> None:
    """Declare a resource for each healthy instance."""
    config = pulumi.Config("bench")
    url = f"{os.environ['CONSUL_URL']}/v1/health/service/{config.require('service')}?passing=1"
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own agent
        entries = json.load(answer)
    for entry in entries:
        ident = entry["Node"]["Meta"]["instance-id"]
        Attachment(config.require("arn"), ident, entry["Service"]["Port"])
