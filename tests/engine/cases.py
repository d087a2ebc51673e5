"""Several groups in one stack, each another case: a run of the engine costs what a test does not.

Each case has a service, a fleet and a group of its own, so what strikes one leaves the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.engine.world import World
    from tests.fakes.pulumi import Run


@dataclass
class Case:
    """One group of a stack.

    Attributes:
        world: The test's world, with this case's own service.
        name: The resource's name.
        arn: The group.
        more: What its entry says beside name, ARN and service.
        keys: Target keys of the fleet, in the order in which it started.
    """

    world: World
    name: str
    arn: str
    more: dict[str, Any]
    keys: list[str] = field(default_factory=list)

    @property
    def service(self) -> str:
        """The case's service."""
        return self.world.service

    @property
    def entry(self) -> dict[str, Any]:
        """The case as an entry of `lictor:targetGroups`; `None` leaves a key out."""
        own = {"service": self.service} if not {"sources", "preparedQuery"} & set(self.more) else {}
        entry = {"name": self.name, "targetGroupArn": self.arn, **own, **self.more}
        return {key: value for key, value in entry.items() if value is not None}

    def start(self, count: int) -> list[str]:
        """Start more of the fleet; return the new keys."""
        new = self.world.fleet(count, first=len(self.keys))
        self.keys += new
        return new

    def become(self, status: str, *numbers: int) -> None:
        """Change what the checks of some of the fleet say; of all, when none is named."""
        for number in numbers or range(len(self.keys)):
            self.world.status(number, status)

    @property
    def standing(self) -> list[str]:
        """What stands in the group, draining targets left out."""
        return self.world.standing(self.arn)

    @property
    def outputs(self) -> dict[str, Any]:
        """The resource's outputs."""
        return self.world.outputs(self.name)

    @property
    def held(self) -> list[str]:
        """The reasons for which targets are held, each once."""
        return sorted(set(self.outputs["held"].values()))

    def changes(self) -> list[str]:
        """List the calls that changed the group since the log was emptied."""
        calls = self.world.aws.calls(target_group=self.arn)
        return [str(call["operation"]) for call in calls if "Describe" not in call["operation"]]


@dataclass
class Cases:
    """The cases of one stack.

    Attributes:
        world: The test's world.
        all: Name -> case.
    """

    world: World
    all: dict[str, Case] = field(default_factory=dict)

    def add(
        self,
        name: str,
        count: int = 0,
        group: dict[str, Any] | None = None,
        **more: Any,  # noqa: ANN401 - JSON
    ) -> Case:
        """Add a case with a fleet of that size.

        Args:
            name: Of the resource, and part of the service's and of the group's name.
            count: Instances to start.
            group: How its group is created.
            more: Keys of its entry.
        """
        world = replace(self.world, service=f"{self.world.service}-{name}")
        case = Case(world, name, world.aws.create_group(world.service, **(group or {})), more)
        case.start(count)
        self.all[name] = case
        return case

    def __getitem__(self, name: str) -> Case:
        return self.all[name]

    def declare(self, **config: str) -> None:
        """Write the stack's config: every case."""
        self.world.declare(*[case.entry for case in self.all.values()], **config)

    def up(self, *options: str, **env: str) -> Run:
        """Declare every case as it is now and update; the log of calls begins with it."""
        self.declare()
        self.world.aws.clear_calls()
        return self.world.stack.up(*options, env=env)
