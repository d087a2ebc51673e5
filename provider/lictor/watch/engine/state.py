"""The stack's state as the CLI exports it, as far as lictor reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lictor import errors

if TYPE_CHECKING:
    from lictor.watch.engine.engine import Engine


class Resource(msgspec.Struct, frozen=True):
    """One resource of the stack, or what an operation on it was begun with.

    Attributes:
        urn: Which.
        type: Its type token.
        inputs: What the last run asked for.
        outputs: What came of it.
    """

    urn: str
    type: str
    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] = {}


class Operation(msgspec.Struct, frozen=True):
    """A step of a run that was killed: nobody knows its end.

    Attributes:
        resource: What it was about.
        type: ``creating``, ``updating``, ``deleting``, ...
    """

    resource: Resource
    type: str

    @property
    def creating(self) -> bool:
        """Whether the resource was being made: then state has no other word of it."""
        return self.type == "creating"


class Deployment(msgspec.Struct, frozen=True):
    """What stands by the last run.

    Attributes:
        resources: In the order in which they were made.
        pending_operations: What was under way when a run was killed.
    """

    resources: list[Resource] = []
    pending_operations: list[Operation] = []


class _Export(msgspec.Struct, frozen=True):
    deployment: Deployment | None = None


def read(engine: Engine) -> Deployment:
    """Read the state; that of a stack that was never run is empty.

    Raises:
        errors.EngineError: It cannot be read.
    """
    ended = engine.command("stack", "export")
    if ended.code:
        raise errors.EngineError(
            f"the state of stack {engine.project.stack} cannot be read: {ended.text.strip()}"
        )
    try:
        return msgspec.json.decode(ended.out, type=_Export).deployment or Deployment()
    except msgspec.DecodeError as error:
        raise errors.EngineError(
            f"the state of stack {engine.project.stack} is not as Pulumi writes it: {error}"
        ) from error
