"""A provider for the package `aws` that applies to the stand-in: one resource, the target group.

Pulumi's AWS plugin cannot be had everywhere, and a program that declares a group and its
attachments needs one. This one is attached with `PULUMI_DEBUG_PROVIDERS`, which the engine takes
for an attached process: it is called in previews too, so what is made there is made up.
"""

from __future__ import annotations

import contextlib
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.aws.client import StandIn

_TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
_FIXED = ("name", "port", "protocol", "targetType", "vpcId")


class _Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The calls that the engine makes for one resource type."""

    def __init__(self, aws: StandIn) -> None:
        self._elbv2: Any = aws.boto3("elbv2")
        ec2: Any = aws.boto3("ec2")
        self._vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]

    def Handshake(self, _request: Any, _context: Any) -> Any:  # noqa: ANN401, N802 - gRPC's names
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, accept_resources=True, accept_outputs=True
        )

    def Attach(self, _request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        return empty_pb2.Empty()

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        return plugin_pb2.PluginInfo(version="7.51.1")

    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, _request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, _request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=True
        )

    def Check(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Give a name where there is none, and keep the one that was given before."""
        kind = request.urn.split("::")[2].rsplit("$", 1)[-1]
        if kind != _TARGET_GROUP:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no such resource here: {kind}")
        news, olds = _read(request.news), _read(request.olds)
        name = request.urn.rsplit("::", 1)[1]
        news.setdefault("name", olds.get("name", f"{name}-{request.randomSeed.hex()[:7]}"))
        return provider_pb2.CheckResponse(inputs=_write(news))

    def Diff(self, request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        """A group cannot change: what differs makes another one."""
        olds, news = _read(request.old_inputs), _read(request.news)
        changed = [key for key in _FIXED if olds.get(key) != news.get(key)]
        kinds = provider_pb2.DiffResponse
        return kinds(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE, replaces=changed, diffs=changed
        )

    def Create(self, request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        inputs = _read(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=_write({**inputs, "arn": rpc.UNKNOWN}))
        group = self._elbv2.create_target_group(
            Name=inputs["name"],
            Port=int(inputs["port"]),
            Protocol=inputs["protocol"],
            TargetType=inputs.get("targetType", "instance"),
            VpcId=self._vpc,
        )["TargetGroups"][0]
        arn = group["TargetGroupArn"]
        return provider_pb2.CreateResponse(id=arn, properties=_write({**inputs, "arn": arn}))

    def Read(self, request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        return provider_pb2.ReadResponse(
            id=request.id, properties=request.properties, inputs=request.inputs
        )

    def Delete(self, request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        self._elbv2.delete_target_group(TargetGroupArn=request.id)
        return empty_pb2.Empty()

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        return empty_pb2.Empty()


def _read(properties: struct_pb2.Struct) -> dict[str, Any]:
    """Read plain values; marks of unknown ones stay the texts that they are."""
    return dict(json_format.MessageToDict(properties))


def _write(properties: dict[str, Any]) -> struct_pb2.Struct:
    result = struct_pb2.Struct()
    result.update({key: value for key, value in properties.items() if value is not None})
    return result


@contextlib.contextmanager
def start(aws: StandIn) -> Iterator[str]:
    """Serve until the block ends; gives the value of `PULUMI_DEBUG_PROVIDERS`."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(_Provider(aws), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"aws:{port}"
    finally:
        server.stop(grace=None).wait()
