"""AWS fails while a run adds and removes: the state is exact, the next run heals.

One stack holds a resource and a group for each case, so a whole matrix is a handful of runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.engine.world import World
    from tests.fakes.aws.client import Kind
    from tests.fakes.pulumi import Run

pytestmark = pytest.mark.timeout(170)

OPERATIONS = ("RegisterTargets", "DeregisterTargets", "DescribeTargetHealth")
LASTING: tuple[Kind, ...] = ("error", "deny", "lost", "drop", "broken")
"""Kinds that last for the whole run; the next one finds AWS in order."""
PASSING: dict[Kind, dict[str, Any]] = {
    "throttle": {"times": 2},
    "error": {"times": 2},
    "lost": {"times": 1},
    "drop": {"times": 2},
    "slow": {"seconds": 1.0},
}
"""Kinds that a call gets over by being made again, or by waiting."""


@dataclass(frozen=True)
class Fault:
    """One fault: which call, what befalls it, for how many tries (None: all)."""

    operation: str
    kind: Kind
    how: dict[str, Any]

    @property
    def lasts(self) -> bool:
        """Whether every try of the run meets it."""
        return self.how.get("times", 1) is None


@dataclass
class Case:
    """One resource with a group of its own, in which a stranger stands.

    Attributes:
        world: Where it lives.
        name: Of the resource.
        faults: What befalls its calls in the second run.
    """

    world: World
    name: str
    faults: Sequence[Fault]

    def __post_init__(self) -> None:
        """Make the group and three instances, on nodes that no other case knows."""
        world = self.world = replace(self.world, service=f"{self.world.service}-{self.name}")
        self.arn = world.aws.create_group(world.service)
        (ident, _), *_ = world.aws.create_instances(1)
        self.stranger = f"{ident}:1"
        world.aws.boto3("elbv2").register_targets(
            TargetGroupArn=self.arn, Targets=[{"Id": ident, "Port": 1}]
        )
        self.old = world.fleet(3)
        self.new: list[str] = []

    def declared(self) -> dict[str, Any]:
        """Make its entry of `lictor:targetGroups`."""
        return {**self.world.group(self.arn), "name": self.name}

    def change(self) -> None:
        """Let Consul name two more, and one no longer; put the faults in place."""
        self.new = self.world.fleet(2, first=3)
        self.world.status(0, "critical")
        for fault in self.faults:
            how = {"times": 1, **fault.how}
            self.world.aws.fault(fault.operation, fault.kind, target_group=self.arn, **how)

    @property
    def wanted(self) -> set[str]:
        """What Consul names."""
        return {*self.old[1:], *self.new}

    @property
    def lasting(self) -> dict[str, Kind]:
        """The operations that failed for the whole run, and how."""
        return {fault.operation: fault.kind for fault in self.faults if fault.lasts}

    @property
    def fails(self) -> bool:
        """Whether something cannot be done; of a lost answer the listing tells what it did."""
        lasting = self.lasting
        adding, removing = (lasting.get(one, "lost") for one in OPERATIONS[:2])
        return (
            adding != "lost"
            or "DescribeTargetHealth" in lasting
            or (removing != "lost" and "RegisterTargets" not in lasting)
        )

    def exact(self) -> None:
        """Check that the state says what stands of ours, and that nothing wrong was removed."""
        standing = set(self.world.standing(self.arn))
        outputs = self.world.outputs(self.name)
        attached, failed, held = (set(outputs[key]) for key in ("attached", "failed", "held"))
        assert self.stranger in standing, self.name
        assert set(self.old[1:]) <= standing, self.name
        assert standing - {self.stranger} <= attached, self.name
        assert attached - standing <= failed, self.name
        assert attached - self.wanted <= failed | held, self.name
        assert self.wanted - attached <= failed, self.name
        if "RegisterTargets" in self.lasting:
            assert self.old[0] in standing, f"{self.name}: removed after a failed addition"
            assert self.old[0] in failed | held, self.name
        if self.fails:
            assert failed, self.name
        if not self.lasting:
            self.healed()

    def healed(self) -> None:
        """Check that Consul, state and group agree."""
        outputs = self.world.outputs(self.name)
        assert set(self.world.standing(self.arn)) == self.wanted | {self.stranger}, self.name
        assert set(outputs["attached"]) == self.wanted, self.name
        assert (outputs["failed"], outputs["held"]) == ({}, {}), self.name
        assert outputs["foreign"] == [self.stranger], self.name


def live_through(world: World, faults: Sequence[Sequence[Fault]]) -> Run:
    """Have one resource for each list of faults live through them; return the run in between."""
    cases = [Case(world, f"case-{number}", some) for number, some in enumerate(faults)]
    world.declare(*(case.declared() for case in cases))
    world.stack.up().ok()
    for case in cases:
        case.change()
    run = world.stack.up()
    assert "Traceback" not in run.text, run.text
    assert bool(run.code) is any(case.fails for case in cases), run.text
    for case in cases:
        case.exact()
        if case.fails:
            assert f"{case.name}: " in run.text, run.text
    world.aws.clear_faults()
    world.aws.advance(60)
    world.stack.up().ok()
    for case in cases:
        case.healed()
    assert f"{len(cases) + 1} unchanged" in world.stack.up().ok().text
    return run


@pytest.mark.long
def test_each_fault_that_lasts(world: World) -> None:
    """Every call of the run fails, in each way: exact state, exit code 1, healed by the next."""
    every = product(OPERATIONS, LASTING)
    live_through(world, [[Fault(*one, {"times": None})] for one in every])


@pytest.mark.long
def test_each_fault_that_passes(world: World) -> None:
    """A call that goes well in the end leaves no trace."""
    every = product(OPERATIONS, PASSING.items())
    live_through(world, [[Fault(operation, kind, how)] for operation, (kind, how) in every])


@pytest.mark.long
def test_throttled_to_the_end(world: World) -> None:
    """Throttling that no patience outlasts ends like any other failure."""
    live_through(world, [[Fault(one, "throttle", {"times": None})] for one in OPERATIONS])


@pytest.mark.long
@pytest.mark.parametrize(
    ("first", "second"),
    [(one, other) for one, other in product(OPERATIONS, OPERATIONS) if one < other],
)
@pytest.mark.parametrize("times", [None, 8], ids=["both last", "the first ends"])
def test_pairs_of_faults(world: World, first: str, second: str, times: int | None) -> None:
    """Two operations fail, each in each way; `the first ends` after one call with all its tries."""
    live_through(
        world,
        [
            [Fault(first, kind, {"times": times}), Fault(second, other, {"times": None})]
            for kind, other in product(LASTING, LASTING)
        ],
    )


@pytest.mark.long
def test_a_group_that_cannot_be_looked_up(world: World) -> None:
    """Each failure of DescribeTargetGroups in the first run is an error, and nothing is changed."""
    world.fleet(2)
    arn = world.aws.create_group(world.service)
    world.declare(world.group(arn))
    for kind in ("deny", "broken"):
        world.aws.fault("DescribeTargetGroups", kind, times=None)
        world.refused(world.stack.up(), "DescribeTargetGroups")
        world.aws.clear_faults()
    world.aws.fault("DescribeTargetGroups", "lost", times=2)
    world.stack.up().ok()
    assert len(world.standing(arn)) == 2


@pytest.mark.long
@pytest.mark.parametrize("kind", ["throttle", "error", "lost", "drop"])
def test_a_group_that_cannot_be_looked_up_at_length(world: World, kind: Kind) -> None:
    """The other ways in which the first look may fail."""
    world.fleet(2)
    arn = world.aws.create_group(world.service)
    world.declare(world.group(arn))
    world.aws.fault("DescribeTargetGroups", kind, times=None)
    world.refused(world.stack.up(), "DescribeTargetGroups")
    world.aws.clear_faults()
    world.stack.up().ok()
    assert len(world.standing(arn)) == 2


@pytest.mark.long
@pytest.mark.parametrize(
    "effect",
    [
        pytest.param(True, marks=pytest.mark.long, id="took effect"),
        pytest.param(False, id="did not"),
    ],
)
def test_nobody_knows_whether_targets_stand(world: World, *, effect: bool) -> None:
    """Answer lost and listing down: ours and failed; once AWS answers, the next run knows."""
    arn, keys = world.attached(2)
    new = world.fleet(1, first=2)
    world.aws.fault("RegisterTargets", "lost", times=None, effect=effect)
    world.aws.fault("DescribeTargetHealth", "error", times=None)
    run = world.stack.up()
    assert (run.code, "Traceback" in run.text) == (1, False), run.text
    outputs = world.outputs()
    assert sorted(outputs["attached"]) == sorted([*keys, *new])
    assert list(outputs["failed"]) == new
    world.aws.clear_faults()
    world.stack.up().ok()
    assert world.standing(arn) == sorted([*keys, *new])
    assert world.outputs()["failed"] == {}
    assert "2 unchanged" in world.stack.up().ok().text
