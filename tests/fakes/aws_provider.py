"""A provider for the package `aws` that applies to the stand-in.

Pulumi's AWS plugin cannot be had everywhere, and a program that declares a group and its
attachments, or servers, needs one. What it can make stands in `aws_resources`. It is attached with
`PULUMI_DEBUG_PROVIDERS`; the engine then calls it in previews too, so what is made there is made
up.
"""

from __future__ import annotations

import contextlib
import os
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
from botocore.exceptions import ClientError
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tests.fakes import aws_resources
from tests.fakes.path import OVERLAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.aws.client import StandIn


class _Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The calls that the engine makes."""

    def __init__(self, aws: StandIn) -> None:
        self._kinds = aws_resources.kinds(aws)
        self._ec2: Any = aws.boto3("ec2")
        self._region = aws.region

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
        if _kind(request) not in self._kinds:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no such resource here: {_kind(request)}")
        news, olds = _read(request.news), _read(request.olds)
        name = request.urn.rsplit("::", 1)[1]
        news.setdefault("name", olds.get("name", f"{name}-{request.randomSeed.hex()[:7]}"))
        return provider_pb2.CheckResponse(inputs=_write(news))

    def Diff(self, request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        """Compare inputs; some of them cannot change, and make another resource."""
        olds, news = _read(request.old_inputs), _read(request.news)
        changed = sorted(key for key in {*olds, *news} if olds.get(key) != news.get(key))
        replaces = [key for key in changed if key in self._kinds[_kind(request)].fixed]
        kinds = provider_pb2.DiffResponse
        return kinds(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE,
            replaces=replaces,
            diffs=changed,
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        inputs, kind = _read(request.properties), self._kinds[_kind(request)]
        if request.preview:
            unknown = dict.fromkeys(kind.computed, rpc.UNKNOWN)
            return provider_pb2.CreateResponse(properties=_write({**inputs, **unknown}))
        with _told(context):
            ident, outputs = kind.create(inputs)
        return provider_pb2.CreateResponse(id=ident, properties=_write({**inputs, **outputs}))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        inputs, kind = _read(request.news), self._kinds[_kind(request)]
        if request.preview:
            unknown = dict.fromkeys(kind.computed, rpc.UNKNOWN)
            return provider_pb2.UpdateResponse(properties=_write({**inputs, **unknown}))
        with _told(context):
            outputs = kind.update(request.id, inputs)
        return provider_pb2.UpdateResponse(properties=_write({**inputs, **outputs}))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        with _told(context):
            self._kinds[_kind(request)].delete(request.id, _read(request.properties))
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: ANN401, N802
        """Answer a look-up; what is not there is an error, as it is with Pulumi's own."""
        asked = _read(request.args)
        with _told(context):
            answer = getattr(self, "_" + request.tok.rsplit(":", 1)[1])(asked)
        return provider_pb2.InvokeResponse(**{"return": _write(answer)})

    def _getRegion(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - Pulumi's name
        region = asked.get("region", self._region)
        known = [each["RegionName"] for each in self._ec2.describe_regions()["Regions"]]
        if region not in known:
            raise LookupError(f"invalid AWS Region: {region}")
        return {"id": region, "name": region, "region": region}

    def _getSubnet(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the same
        (found,) = self._ec2.describe_subnets(SubnetIds=[asked["id"]])["Subnets"]
        return {
            "id": found["SubnetId"],
            "vpcId": found["VpcId"],
            "availabilityZone": found["AvailabilityZone"],
        }

    def _getAmi(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802 - the same
        (ident,) = asked["filters"][0]["values"]
        found = self._ec2.describe_images(ImageIds=[ident])["Images"]
        if not found:
            raise LookupError("your query returned no results")
        return {"id": ident, "imageId": ident, "rootDeviceName": found[0]["RootDeviceName"]}

    def Read(self, request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        return provider_pb2.ReadResponse(
            id=request.id, properties=request.properties, inputs=request.inputs
        )

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: ANN401, N802
        return empty_pb2.Empty()


def _kind(request: Any) -> str:  # noqa: ANN401 - any of the engine's requests
    """Return the type of the resource that a request is about."""
    return str(request.urn.split("::")[2].rsplit("$", 1)[-1])


@contextlib.contextmanager
def _told(context: Any) -> Iterator[None]:  # noqa: ANN401 - gRPC's
    """Let an error of AWS's be the error of the call."""
    try:
        yield
    except (ClientError, LookupError) as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _read(properties: struct_pb2.Struct) -> dict[str, Any]:
    """Read plain values; marks of unknown ones stay the texts that they are."""
    return dict(json_format.MessageToDict(properties))


def _write(properties: dict[str, Any]) -> struct_pb2.Struct:
    result = struct_pb2.Struct()
    result.update({key: value for key, value in properties.items() if value is not None})
    return result


def environment(address: str, modules: str = "") -> dict[str, str]:
    """Return what a program over pulumi-aws needs.

    Args:
        address: What `start` gave.
        modules: What is on the stack's PYTHONPATH already.
    """
    paths = [modules, str(OVERLAYS / "pulumi-aws")]
    return {
        "PULUMI_DEBUG_PROVIDERS": address,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "PYTHONDONTWRITEBYTECODE": "",  # compiling pulumi-aws takes seconds each time
    }


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
