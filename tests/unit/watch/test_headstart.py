"""What a run is about goes first, and the program is what it would be without."""

from __future__ import annotations

import asyncio
import contextvars
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pulumi
import pytest
from pulumi.runtime import mocks, set_all_config
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import _get_rpc_manager, reset_options
from pulumi.runtime.stack import run_pulumi_func

import lictor
from lictor.resources import tokens
from lictor.watch.engine.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable

ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/{}/0123456789abcdef"
NAMES = ["a", "b", "c", "d"]
DEADLINE = 20.0


class _Nothing(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        raise NotImplementedError(args.name)

    def call(self, args: mocks.MockCallArgs) -> Any:  # noqa: ANN401 - Pulumi's
        raise NotImplementedError(args.token)


class Engine(mocks.MockMonitor):
    """Notes what reaches it, and when it has answered.

    Attributes:
        told: What began, and what ended, in order.
        inputs: Name -> what was asked for.
        begun: How many calls were under way when the program itself had ended.
    """

    def __init__(self) -> None:
        super().__init__(_Nothing())
        self.told: list[str] = []
        self.inputs: dict[str, Any] = {}
        self.begun = 0

    def RegisterResource(self, request: Any) -> Any:  # noqa: ANN401, N802 - Pulumi's
        """Note it; it becomes what was asked for."""
        if not request.type.startswith(tokens.OURS):
            return super().RegisterResource(request)  # type: ignore[no-untyped-call]
        self.told.append(f"{request.name} begins")
        found = [*request.propertyDependencies["target_group_arn"].urns], request.object
        self.inputs[request.name] = found
        urn = self.make_urn(request.parent, request.type, request.name)
        self.told.append(f"{request.name} ends")
        return resource_pb2.RegisterResourceResponse(urn=urn, id="1", object=request.object)

    def run(self, declare: Callable[[], None], *first: str) -> Engine:
        """Run a program to its end, in which some groups go first."""
        program = Program(declare)
        program.first = frozenset(f"urn:pulumi:dev::p::{tokens.ATTACHMENTS}::{it}" for it in first)

        async def whole() -> None:
            reset_options(project="p", stack="dev")
            mocks.set_mocks(self.mocks, monitor=self)
            groups = [
                {"name": name, "targetGroupArn": ARN.format(name), "service": name}
                for name in NAMES
            ]
            set_all_config({"lictor:targetGroups": json.dumps(groups)})

            async def main() -> None:
                await program()
                self.begun = len(_get_rpc_manager().rpcs)

            await run_pulumi_func(main)

        with ThreadPoolExecutor(1) as thread:  # a loop and a context of its own
            context = contextvars.copy_context()
            thread.submit(context.run, asyncio.run, whole()).result(DEADLINE)
        return self

    def began(self, name: str) -> int:
        """Tell when a group's registration began."""
        return self.told.index(f"{name} begins")

    def ended(self, name: str) -> int:
        """Tell when it had ended."""
        return self.told.index(f"{name} ends")


def of_config() -> None:
    """Declare what stands in config."""
    assert [*lictor.target_groups()] == NAMES


def of_its_own(*, needs: dict[str, str] | None = None) -> None:
    """Declare the groups one by one; some need another."""
    made: dict[str, lictor.TargetGroupAttachments] = {}
    for name in NAMES:
        needed = [made[other] for other in [(needs or {}).get(name)] if other]
        made[name] = lictor.TargetGroupAttachments(
            name,
            target_group_arn=ARN.format(name),
            service=name,
            opts=pulumi.ResourceOptions(depends_on=needed),
        )


@pytest.mark.parametrize("declare", [of_config, of_its_own])
@pytest.mark.parametrize("first", [["c"], ["b", "d"], ["a"]])
def test_the_others_begin_when_the_first_are_through(
    declare: Callable[[], None], first: list[str]
) -> None:
    """Wherever they stand in the program, and whether the list is lictor's or the user's."""
    engine = Engine().run(declare, *first)
    others = [name for name in NAMES if name not in first]
    assert max(map(engine.ended, first)) < min(map(engine.began, others)), engine.told


@pytest.mark.parametrize("declare", [of_config, of_its_own])
def test_what_is_asked_for_stays_the_same(declare: Callable[[], None]) -> None:
    """Who waits is registered with the inputs that it has without, none of them secret."""
    assert Engine().run(declare, "c").inputs == Engine().run(declare).inputs


@pytest.mark.parametrize("first", [(), ("gone",)])
def test_nobody_waits_for_what_is_not_there(first: tuple[str, ...]) -> None:
    """No resource concerned, or one that the program declares no more: all are registered."""
    engine = Engine().run(of_config, *first)
    assert [*engine.inputs] == NAMES
    assert engine.begun >= len(NAMES)  # the SDK waits for each, and searches no outputs


def test_a_first_one_that_needs_another() -> None:
    """It cannot be through before that one is: they all go on."""
    engine = Engine().run(lambda: of_its_own(needs={"c": "a"}), "c")
    assert sorted(engine.inputs) == NAMES
    assert engine.ended("a") < engine.began("c")


def test_what_the_program_puts_off_sees_its_end() -> None:
    """A callback runs behind the last line, with all that the program defines on its way there."""
    seen: list[list[str]] = []

    def declare() -> None:
        lines = ["first"]
        pulumi.Output.from_input(0).apply(lambda _: seen.append([*lines]))
        lictor.target_groups()
        lines.append("last")

    Engine().run(declare, "c")
    assert seen == [["first", "last"]]


def test_a_program_that_fails() -> None:
    """Its error comes out; nobody waits for ever for what will not come."""

    def declare() -> None:
        of_its_own()
        raise pulumi.RunError("no such thing")

    with pytest.raises(pulumi.RunError, match="no such thing"):
        Engine().run(declare, "d")
