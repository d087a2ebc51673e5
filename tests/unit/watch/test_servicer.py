"""The servicer between the engine and a resource: what a run keeps, it does not carry out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from pulumi.runtime.proto import provider_pb2

from lictor.resources.kinds import PROVIDER
from lictor.watch.engine import structs
from lictor.watch.engine.others import Others
from lictor.watch.engine.outcome import Group, Groups
from lictor.watch.engine.servicer import Servicer
from tests.fakes import remotes
from tests.fakes.remotes import ARN, InMemoryScope, Scene, keys

URN = "urn:pulumi:dev::lictor::pulumi-python:dynamic/lictor:TargetGroupAttachments::web"
ANOTHER = frozenset({URN.replace("::web", "::other")})


class Aborted(Exception):
    """A call was answered with an error."""


@dataclass
class Context:
    """A call of the engine's.

    Attributes:
        active: Whether the engine waits for the answer.
    """

    active: bool = True

    def abort(self, code: object, text: str) -> NoReturn:
        """Answer with an error."""
        raise Aborted(code, text)

    def is_active(self) -> bool:
        """Tell whether somebody waits for the answer."""
        return self.active


@dataclass
class Stack:
    """A stack of one resource, and the calls that the engine makes for it.

    Attributes:
        scene: What the remotes say.
        arguments: The program's.
        inputs: Of the last run.
        outputs: Of the last run.
        context: What the calls that change something come with.
    """

    scene: Scene
    arguments: dict[str, Any]
    servicer: Servicer = field(default_factory=Servicer)
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    context: Context = field(default_factory=Context)

    def up(self, *, refresh: bool = False, **more: Any) -> Group:  # noqa: ANN401 - Scope's
        """Run once, as `lictor watch` does."""
        groups = Groups()
        scope = InMemoryScope({}, patient=False, scene=self.scene, **more)
        self.servicer.begin(scope, groups, Others(Path(), {}))
        if refresh:
            self._read()
        self.inputs = self._check()
        if not self.outputs:
            request = provider_pb2.CreateRequest(urn=URN, properties=structs.write(self.inputs))
            made = self.servicer.Create(request, self.context)
            self.outputs = structs.read(made.properties)
        elif self._differs():
            request = provider_pb2.UpdateRequest(urn=URN, **self._both())
            made = self.servicer.Update(request, self.context)
            self.outputs = structs.read(made.properties)
        return groups.all()[0]

    def _read(self) -> None:
        request = provider_pb2.ReadRequest(id=ARN, urn=URN, properties=structs.write(self.outputs))
        found = self.servicer.Read(request, Context())
        self.inputs, self.outputs = structs.read(found.inputs), structs.read(found.properties)

    def _check(self) -> dict[str, Any]:
        news = structs.write({**self.arguments, PROVIDER: "the class"})
        olds = structs.write(self.inputs)
        found = self.servicer.Check(
            provider_pb2.CheckRequest(urn=URN, olds=olds, news=news), Context()
        )
        assert not found.failures
        self.before = olds
        return structs.read(found.inputs)

    def _differs(self) -> bool:
        request = provider_pb2.DiffRequest(urn=URN, old_inputs=self.before, **self._both())
        found = self.servicer.Diff(request, Context())
        return bool(found.changes == provider_pb2.DiffResponse.DIFF_SOME)

    def _both(self) -> dict[str, Any]:
        return {"olds": structs.write(self.outputs), "news": structs.write(self.inputs)}


def made(*numbers: int, **arguments: object) -> Stack:
    """Make a stack that has run once, whose group holds these instances, healthy."""
    scene = Scene()
    scene.names(*numbers)
    known = {"name": "web", "target_group_arn": ARN, "service": None, "target_type": "ip"}
    stack = Stack(scene, {**known, "sources": [{"service": "web"}], **arguments})
    stack.up()
    scene.becomes_healthy()
    return stack


def waiting() -> Stack:
    """Make a stack whose last run has kept a removal back, for the sake of an addition's health."""
    stack = made(1, 2, wait_for="healthy")
    scene = stack.scene
    scene.names(2, 3)
    held = stack.up().held
    assert held[remotes.key(1)].startswith("waiting for health")
    scene.becomes_healthy()
    return stack


def test_a_blocked_resource_carries_out_no_old_removal() -> None:
    """It has recovered meanwhile, for all that anybody knows."""
    stack = waiting()
    stack.scene.silent = True
    assert stack.up().blocked is not None
    assert set(stack.scene.states) == keys(1, 2, 3)
    stack.scene.silent = False
    stack.scene.names(1, 2, 3)
    stack.up()
    assert set(stack.scene.states) == keys(1, 2, 3)
    stack.scene.names(2, 3)
    stack.up()
    assert set(stack.scene.states) == keys(2, 3), "a removal that is sure is not made"


def test_who_was_blocked_is_careful_in_the_next_run() -> None:
    """Its answers were not seen for a while, whatever the others' were; and only in that one."""
    stack = made(1, 2, 3)
    scene = stack.scene
    scene.silent = True
    stack.up()
    scene.silent = False
    scene.names(1)
    scene.settling = lambda: scene.names(1, 2)
    assert "two reads" in str(stack.up().blocked)
    assert set(scene.states) == keys(1, 2, 3)
    stack.up()
    assert set(scene.states) == keys(1, 2)
    assert scene.settled == 2
    scene.names(1)
    stack.up()
    assert (set(scene.states), scene.settled) == (keys(1), 2)


def test_a_group_whose_successor_cannot_be_planned_keeps_its_targets() -> None:
    """Files give a name another group, and by then Consul does not answer."""
    stack = made(1, 2)
    scene = stack.scene
    before = stack.outputs
    stack.arguments["target_group_arn"] = ARN.replace("web", "next")
    stack.inputs, stack.outputs, scene.silent = {}, {}, True
    assert stack.up(apart=True).blocked is not None
    request = provider_pb2.DeleteRequest(urn=URN, id=ARN, properties=structs.write(before))
    with pytest.raises(Aborted, match="nothing could be planned for it"):
        stack.servicer.Delete(request, Context())
    assert set(scene.states) == keys(1, 2)


@pytest.mark.parametrize("back", [True, False])
def test_what_was_kept_back_is_planned_anew(*, back: bool) -> None:
    """Another group's change brings a run about: Consul is asked before the removal is made."""
    stack = waiting()
    if back:
        stack.scene.names(1, 2, 3)
    stack.up(only=ANOTHER)
    assert set(stack.scene.states) == (keys(1, 2, 3) if back else keys(2, 3))
    asked = stack.scene.asked
    stack.up(only=ANOTHER)
    assert stack.scene.asked == asked, "asked though it has come to its plan"


def test_a_removal_that_another_process_kept_back_waits() -> None:
    """This one has not seen it; it asks in the next run, whoever brings that about."""
    stack = waiting()
    stack.servicer = Servicer()
    stack.scene.names(1, 2, 3)
    for _ in range(2):
        stack.up(only=ANOTHER)
        assert set(stack.scene.states) == keys(1, 2, 3)
    stack.scene.names(2, 3)
    stack.up()
    assert set(stack.scene.states) == keys(2, 3)


def test_strangers_of_the_last_run_are_looked_for_anew() -> None:
    """One that Consul names by now, registered by another watcher, stays."""
    stack = made(1, 2, ownership="exclusive")
    scene = stack.scene
    scene.stand(3)
    stack.up()
    assert set(scene.states) == keys(1, 2), "a stranger stays"
    assert stack.inputs["strangers"]
    scene.stand(3)
    scene.names(1, 2, 3)
    stack.up(only=ANOTHER)
    assert set(scene.states) == keys(1, 2, 3)
    scene.silent = True
    stack.up()
    assert set(scene.states) == keys(1, 2, 3)


def test_strangers_of_the_last_run_stay_while_the_resource_is_blocked() -> None:
    """Nobody can tell whether they are strangers."""
    stack = made(1, 2, ownership="exclusive")
    scene = stack.scene
    scene.stand(3)
    stack.up()
    scene.stand(3)
    scene.silent = True
    assert stack.up().blocked is not None
    assert set(scene.states) == keys(1, 2, 3)


def test_what_a_killed_run_registered_goes_as_any_other_target_does() -> None:
    """It has stood by then: what Consul names no more is held for as long as is asked."""
    stack = made(1, 2, removal_delay=30)
    scene = stack.scene
    scene.stand(3)
    stack.up(refresh=True, pending={URN: {remotes.key(3): "node-3 (dc1)", remotes.key(4): "n"}})
    assert set(scene.states) == keys(1, 2, 3)
    assert set(stack.outputs["attached"]) == keys(1, 2, 3)
    assert stack.outputs["held"][remotes.key(3)].startswith("removal_delay; due")
    assert set(stack.inputs["targets"]) == keys(1, 2, 3), "what was never registered is missed"
    scene.now += timedelta(seconds=31)
    stack.up()
    assert set(scene.states) == keys(1, 2)


def test_what_a_refresh_found_gone_is_put_back() -> None:
    """In a run that is about another group, too."""
    stack = made(1, 2)
    scene = stack.scene
    del scene.states[remotes.key(1)]
    stack.up(refresh=True, only=ANOTHER)
    assert set(scene.states) == keys(1, 2)


def test_an_update_whose_engine_was_killed_removes_nothing() -> None:
    """The next run may have found in use what this one's plan was to remove."""
    stack = made(1, 2)
    scene = stack.scene
    scene.registering = lambda: setattr(stack.context, "active", False)
    scene.names(2, 3)
    with pytest.raises(Aborted, match="the engine has ended"):
        stack.up()
    assert set(scene.states) == keys(1, 2, 3)


def test_the_calls_of_a_run_are_waited_for() -> None:
    """They go on when nobody waits for their answers any more."""
    stack = made(1)
    scene = stack.scene
    under_way, answered = threading.Event(), threading.Event()

    def slowly() -> None:
        under_way.set()
        assert answered.wait(10)

    scene.registering = slowly
    scene.names(1, 2)
    with ThreadPoolExecutor(1) as engine:
        run = engine.submit(stack.up)
        assert under_way.wait(10)
        assert not stack.servicer.calls.ended(0)
        answered.set()
        assert stack.servicer.calls.ended(10)
        run.result(10)
