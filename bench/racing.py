"""What carries a change from Consul to AWS, and how long that takes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.stage import Stage
    from lictor.watch.engine.engine import Engine
    from tests.fakes.pulumi import Stack

PAUSE = 1.5
"""Seconds between two turns: a watch gets its next CLI ready meanwhile."""
LONG = 5.0
"""The same where a run goes on for some seconds behind the change."""
NODE = 7
"""The instance that goes and comes."""
CHANGES = {
    "removal": ("critical", "DeregisterTargets"),
    "addition": ("passing", "RegisterTargets"),
}
"""Kind of change -> what the instance's check says, and the call that follows."""
_POLL = 0.002
_DEADLINE = 60.0


class _Outputs(msgspec.Struct):
    attached: dict[str, str] = {}


class _Resource(msgspec.Struct):
    id: str = ""
    outputs: _Outputs = msgspec.field(default_factory=_Outputs)


class _Latest(msgspec.Struct):
    resources: tuple[_Resource, ...] = ()


class _Checkpoint(msgspec.Struct):
    latest: _Latest


class _State(msgspec.Struct):
    checkpoint: _Checkpoint


_STATE = msgspec.json.Decoder(_State)


@dataclass(frozen=True)
class Racer:
    """A stack that follows Consul.

    Attributes:
        name: Its name in the table.
        stack: Its stack.
        service: The service that changes.
        arn: The group that changes with it.
        run: What is run once Consul has changed; None where it is watched.
        taken: Kind of change -> seconds from the write in Consul to AWS's answer, and to the state.
    """

    name: str
    stack: Stack
    service: str
    arn: str
    run: Callable[[], object] | None = None
    taken: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def change(self, on: Stage, kind: str, ident: str) -> None:
        """Change the instance in Consul; note when AWS has answered and when the state has it."""
        status, operation = CHANGES[kind]
        on.aws.clear_calls()
        with ThreadPoolExecutor(1) as pool:
            start = time.time()  # noqa: TID251 - beside the times of the call log and of files
            on.consul.checks(self.service, [f"{self.service}-{NODE}"], status)
            running = pool.submit(self.run) if self.run else None
            saved = self._saved(on, f"{ident}:8080", stands=kind == "addition")
            if running:
                running.result()
        answered = on.aws.calls(operation, self.arn)[-1]["time"]
        self.taken.setdefault(kind, []).append((answered - start, saved - start))

    def _saved(self, on: Stage, key: str, *, stands: bool) -> float:
        """Wait until the state has a target, or has it no more; return when that was written."""
        read, seen = on.saved(self.stack), b""
        end = time.monotonic() + _DEADLINE
        while time.monotonic() < end:
            written, state = read()
            if state != seen and self._has(state, key) == stands:
                return written
            seen = state
            time.sleep(_POLL)
        raise TimeoutError(f"{self.name}: {key} is not in the state as it should be")

    def _has(self, state: bytes, key: str) -> bool:
        return any(
            item.id == key or (item.id == self.arn and key in item.outputs.attached)
            for item in _STATE.decode(state).checkpoint.latest.resources
        )


@dataclass(frozen=True)
class Floor:
    """An empty program on the watch's engine.

    Attributes:
        engine: Runs it.
        taken: Whether its CLI was ready -> seconds of whole runs.
    """

    engine: Engine
    taken: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})

    def run(self) -> None:
        """Run it once with its CLI ready, and once without."""
        for ready, taken in self.taken.items():
            if ready:
                self.engine.prepare("up")
                time.sleep(PAUSE)
            taken.append(self.engine.run("up").seconds)
