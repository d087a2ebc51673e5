"""Consul and AWS in memory, as a resource sees them: for runs without a process beside the test."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lictor import errors
from lictor.model import Answer, Target, TargetHealth, TargetState, TargetType
from lictor.model import TargetGroup as Group
from lictor.resources.remotes import Remotes
from lictor.resources.run import Run
from lictor.watch.engine.scope import Scope
from tests.fakes.instances import make_instance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lictor.aws.target_groups import Registration
    from lictor.model import Source

ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/0123456789abcdef"


def key(number: int) -> str:
    """Name the target of an instance."""
    return f"10.0.0.{number}:80"


@dataclass
class Scene:
    """What is so, and what was asked.

    Attributes:
        named: Numbers of the instances that pass.
        states: Key -> state of what stands in the group.
        silent: Whether Consul does not answer.
        refusing: Whether AWS refuses additions.
        asked: How often Consul was asked.
        settled: How often time passed between two reads.
        settling: What happens in that time.
        registering: What happens while AWS registers.
        now: The time.
    """

    named: frozenset[int] = frozenset()
    states: dict[str, TargetState] = field(default_factory=dict)
    silent: bool = False
    refusing: bool = False
    asked: int = 0
    settled: int = 0
    settling: Callable[[], None] = lambda: None
    registering: Callable[[], None] = lambda: None
    now: datetime = datetime(2026, 11, 21, tzinfo=UTC)

    def names(self, *numbers: int) -> None:
        """Have so many instances pass."""
        self.named = frozenset(numbers)

    def becomes_healthy(self) -> None:
        """Have the load balancer find all of them well."""
        self.states = dict.fromkeys(self.states, TargetState.HEALTHY)

    def stand(self, *numbers: int) -> None:
        """Have somebody else register them, healthy."""
        self.states |= dict.fromkeys(map(key, numbers), TargetState.HEALTHY)


@dataclass(frozen=True)
class InMemory(Remotes):
    """Consul and AWS as the scene has them."""

    scene: Scene = field(kw_only=True)

    def now(self) -> datetime:
        """Return the scene's time."""
        return self.scene.now

    def settle(self) -> None:
        """Let what happens happen, at once."""
        self.scene.settled += 1
        self.scene.settling()

    def ask(self, sources: Sequence[Source], *, consistent: bool = False) -> list[Answer]:  # noqa: ARG002 - the base's
        """Answer each source with the scene's instances."""
        self.scene.asked += 1
        if self.scene.silent:
            raise errors.ConsulUnreachable("nobody answers")
        found = tuple(make_instance(number, port=80) for number in sorted(self.scene.named))
        return [Answer(source, found) for source in sources]

    def target_group(self, arn: str) -> Group:
        """Describe the one kind of group that there is."""
        return Group(arn, TargetType.IP, 80, "vpc-1")

    def vpc(self, arn: str) -> tuple[str, ...]:  # noqa: ARG002 - the base's
        """Have all addresses inside."""
        return ("10.0.0.0/8",)

    def listing(self, arn: str) -> dict[str, TargetHealth]:  # noqa: ARG002 - the base's
        """List what stands."""
        return {
            name: TargetHealth(Target.from_key(name), state)
            for name, state in self.scene.states.items()
        }

    def register(self, arn: str, targets: Sequence[Target]) -> Registration:  # noqa: ARG002 - the base's
        """Register, unless AWS refuses."""
        from lictor.aws.target_groups import Registration  # noqa: PLC0415 - boto3

        self.go_on()
        self.scene.registering()
        if self.scene.refusing and targets:
            return Registration(frozenset(), {}, errors.AWSError("throttled"))
        self.scene.states |= {target.key: TargetState.INITIAL for target in targets}
        return Registration(frozenset(targets), {}, None)

    def deregister(self, arn: str, targets: Sequence[Target]) -> None:  # noqa: ARG002 - the base's
        """Deregister, at once."""
        self.go_on()
        for target in targets:
            self.scene.states.pop(target.key, None)


@dataclass
class InMemoryScope(Scope):
    """A run of the engine whose remotes are a scene."""

    scene: Scene = field(default_factory=Scene)
    run: Run = field(default_factory=Run)

    def remotes(self, urn: str, heard: Callable[[], bool], *, unseen: bool) -> Remotes:
        """Return the scene, as careful as the run is."""
        settles = super().remotes(urn, heard, unseen=unseen).settles
        made = InMemory(self.config.get, self.env, self.run, scene=self.scene)
        return replace(made, asker=urn, settles=settles, patient=self.patient, heard=heard)


def make(scene: Scene, *, settles: float = 0.0, env: Mapping[str, str] | None = None) -> Remotes:
    """Make the remotes of a run of their own."""
    none: dict[str, str] = {}
    return InMemory(none.get, env or {}, Run(), scene=scene, settles=settles)


def keys(*numbers: int) -> set[str]:
    """Name the targets of instances."""
    return set(map(key, numbers))
