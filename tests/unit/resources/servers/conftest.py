"""A program with components over pulumi-aws, run against mocks of the engine.

What fails while the program waits leaves tasks behind that fail the next program: that is tested
on the real engine, in `tests/engine/test_servers.py`.
"""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi.runtime import mocks, stack, sync_await

from tests.fakes.path import OVERLAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OVERLAY = OVERLAYS / "pulumi-aws"
IMAGE = "ami-0123456789abcdef0"
SUBNETS = {
    f"subnet-0000000{letter}": {"vpcId": "vpc-1", "availabilityZone": f"us-west-2{letter}"}
    for letter in "abc"
}
_LOOPS: list[asyncio.AbstractEventLoop] = []
REGIONS = ("us-west-2", "eu-west-1", "cn-north-1")


@dataclass
class Engine(mocks.Mocks):
    """Notes what a program declares, and answers what it looks up.

    Attributes:
        subnets: Id -> what AWS tells of it.
        images: Id -> what AWS tells of it.
        declared: (type, name) -> inputs, of all resources.
        asked: What was looked up, in order.
        needs: (type, name) -> names of the resources that are made before.
    """

    subnets: dict[str, dict[str, Any]] = field(default_factory=lambda: dict(SUBNETS))
    images: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {IMAGE: {"rootDeviceName": "/dev/sda1"}}
    )
    declared: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    needs: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Make up an id and an ARN; the rest is as it was declared."""
        self.declared[args.typ, args.name] = args.inputs
        made: dict[str, Any] = {"arn": f"arn:{args.name}", "name": args.name, "latestVersion": 7}
        if args.typ == "aws:imagebuilder/image:Image":
            made["outputResources"] = [{"amis": [{"image": "ami-baked"}]}]
        return f"{args.name}-id", {**made, **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> Any:  # noqa: ANN401 - an answer, or it and failures
        """Answer a look-up; what is not there is a failure of it."""
        self.asked.append((args.token.rsplit(":", 1)[1], args.args))
        answers: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "aws:index/getRegion:getRegion": _region,
            "aws:ec2/getSubnet:getSubnet": lambda asked: self.subnets[asked["id"]],
            "aws:ec2/getAmi:getAmi": lambda asked: self.images[asked["filters"][0]["values"][0]],
        }
        try:
            return answers[args.token](args.args)
        except LookupError as missing:
            return {}, [("id", f"no matching {missing} found")]

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """List what was declared of a type: name -> inputs."""
        return {name: inputs for (typ, name), inputs in self.declared.items() if typ == kind}

    def one(self, kind: str) -> dict[str, Any]:
        """Return the inputs of the only resource of a type."""
        (inputs,) = self.of(kind).values()
        return inputs

    @property
    def resources(self) -> list[str]:
        """List what would have been made, components aside."""
        return sorted(f"{typ} {name}" for typ, name in self.declared if typ.startswith("aws:"))

    def run(self, program: Callable[[], Mapping[str, Any]], *, preview: bool = False) -> Any:  # noqa: ANN401 - outputs of any type
        """Run a program to its end, and return its outputs; unknown ones are missing."""
        outputs: dict[str, Any] = {}

        def note(key: str, value: object) -> None:
            pulumi.Output.from_input(value).apply(lambda known: outputs.update({key: known}))

        def declare() -> None:
            for key, value in program().items():
                note(key, value)

        def whole() -> None:
            mocks.set_mocks(self, preview=preview, monitor=_Monitor(self))
            sync_await._sync_await(stack.run_pulumi_func(declare))  # noqa: SLF001 - as pulumi.runtime.test does

        contextvars.copy_context().run(whole)
        return outputs


class _Monitor(mocks.MockMonitor):
    """Notes what depends on what, which mocks are not told."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._engine = engine

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's messages and name
        """Note it, and go on."""
        needs = {urn.rsplit("::", 1)[-1] for urn in request.dependencies}
        self._engine.needs[request.type, request.name] = needs
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def _region(asked: Mapping[str, Any]) -> dict[str, Any]:
    region = asked.get("region", "us-west-2")
    if region not in REGIONS:
        raise LookupError(region)
    return {"region": region, "name": region, "id": region}


@pytest.fixture(autouse=True)
def _loop() -> None:
    """Have a current event loop, as the SDK expects: who ran one before has left none."""
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        _LOOPS.append(asyncio.new_event_loop())  # the SDK goes on with it: nobody may close it
        asyncio.set_event_loop(_LOOPS[-1])


@pytest.fixture(autouse=True)
def _overlay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put pulumi-aws within reach, which is no part of the virtual environment."""
    assert (OVERLAY / "pulumi_aws").is_dir(), f"{OVERLAY} is missing: make test"
    monkeypatch.syspath_prepend(OVERLAY)


@pytest.fixture
def engine() -> Engine:
    """Hand out an engine that knows three subnets and an image."""
    return Engine()
