"""Killed at each step of a run: run again, and Consul, state and target group agree.

Nothing here is repaired by hand beyond what the CLI itself tells its user to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine import kills
from tests.fakes import odd_consul

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.world import World

pytestmark = pytest.mark.timeout(150)

_HELD = 60.0
"""So long is a call held; whoever waits for it has been killed by then."""

STEPS = {
    "check": "during the read of Consul",
    "before register": "RegisterTargets is under way, without effect",
    "after register": "RegisterTargets took effect, no answer yet",
    "listing": "added, the listing before the removals is under way",
    "before deregister": "DeregisterTargets is under way, without effect",
    "after deregister": "DeregisterTargets took effect, no answer yet",
    "saving": "all is done, the state is being saved",
}
VICTIMS = ("provider", "cli", "both")
TELLING = (("both", "after deregister"),)


def _pairs() -> list[object]:
    """List every victim and step; all but the telling ones are long."""
    pairs = [(victim, step) for victim in VICTIMS for step in STEPS]
    return [
        pytest.param(*pair, marks=[] if pair in TELLING else pytest.mark.long) for pair in pairs
    ]


class Change:
    """A run that adds two targets and removes one, in a group with a stranger."""

    def __init__(self, world: World) -> None:
        """Bring up three targets, then let Consul change."""
        self.world = world
        self.arn, self.old = world.attached(3)
        (ident, _), *_ = world.aws.create_instances(1)
        self.stranger = f"{ident}:1"
        world.aws.boto3("elbv2").register_targets(
            TargetGroupArn=self.arn, Targets=[{"Id": ident, "Port": 1}]
        )
        world.aws.clear_calls()
        self.new = world.fleet(2, first=3)
        world.status(0, "critical")

    @property
    def wanted(self) -> list[str]:
        """What Consul names in the end."""
        return sorted([*self.old[1:], *self.new])

    def hold(self, step: str, seconds: float = _HELD) -> Callable[[], object]:
        """Let the run stop at a step; return a wait for its getting there."""
        operation = {
            "before register": "RegisterTargets",
            "after register": "RegisterTargets",
            "listing": "DescribeTargetHealth",
            "before deregister": "DeregisterTargets",
            "after deregister": "DeregisterTargets",
        }.get(step, "")
        if operation:
            effect = not step.startswith("before")
            self.world.aws.fault(operation, "slow", seconds=seconds, effect=effect)
            return lambda: self.world.aws.wait_for_calls(operation, 1, deadline=30)
        before = self._saved()
        return lambda: kills.until(lambda: self._saved() != before, lambda: "never saved")

    def _saved(self) -> tuple[int, int]:
        """Tell one state of the backend's file from the next, once something was removed."""
        world = self.world
        path = world.stack.folder / "backend/.pulumi/stacks" / world.stack.name / "dev.json"
        if not world.aws.calls("DeregisterTargets"):
            return (0, 0)
        told = path.stat()
        return told.st_ino, told.st_mtime_ns

    def safe(self) -> None:
        """Check every call so far: no stranger named, nothing removed before it was replaced."""
        changes = [call for call in self.world.aws.calls() if call["operation"] in _CHANGING]
        named = {target["id"] for call in changes for target in call["targets"]}
        assert self.stranger.split(":")[0] not in named
        removals = [call for call in changes if call["operation"] == "DeregisterTargets"]
        for call in removals:
            assert [target["id"] for target in call["targets"]] == [self.old[0].split(":")[0]]
            before = changes[: changes.index(call)]
            added = {
                f"{target['id']}:{target['port']}"
                for other in before
                if other["operation"] == "RegisterTargets"
                for target in other["targets"]
            }
            assert set(self.new) <= added, "removed before the additions"
        standing = set(self.world.standing(self.arn))
        assert {self.stranger, *self.old[1:]} <= standing

    def go_on(self) -> None:
        """Run again as a user does, and check that everything agrees; then check it once more."""
        world = self.world
        world.aws.clear_faults()
        self.safe()
        recover(world)
        self.agree()

    def agree(self) -> None:
        """Check Consul, state and group, and that the next run has nothing to do."""
        world = self.world
        assert world.standing(self.arn) == sorted([*self.wanted, self.stranger])
        outputs = world.outputs()
        assert sorted(outputs["attached"]) == self.wanted
        assert outputs["foreign"] == [self.stranger]
        assert (outputs["failed"], outputs["held"]) == ({}, {})
        self.safe()
        assert "2 unchanged" in world.stack.up().ok().text
        assert world.standing(self.arn) == sorted([*self.wanted, self.stranger])
        assert world.stack.state().get("pending_operations", []) == []


_CHANGING = ("RegisterTargets", "DeregisterTargets")


def recover(world: World) -> None:
    """Do what the CLI asks for after a kill: free the lock, refresh, update."""
    if list((world.stack.folder / "backend/.pulumi/locks").rglob("*.json")):
        world.stack.run("cancel", "--yes", "--stack", "dev").ok()
    world.stack.refresh("--clear-pending-creates").ok()
    world.stack.up().ok()


@pytest.mark.parametrize(("victim", "step"), _pairs())
def test_killed(world: World, victim: str, step: str) -> None:
    """Kill -9, of whom and when ever; the next run brings everything in order."""
    change = Change(world)
    if step == "check":
        with odd_consul.start() as odd:
            odd.answers(odd_consul.Odd(hang=True))
            world.declare(world.group(change.arn), consul_address=odd.url)
            with kills.started(world.stack) as run:
                kills.until(lambda: odd.asked, run.text)
                run.kill(victim)
                run.end()
        world.declare(world.group(change.arn))
        assert world.changes() == []
    else:
        arrived = change.hold(step)
        with kills.started(world.stack) as run:
            arrived()
            run.kill(victim)
            run.end()
            kills.until(lambda: not kills.hosts_of(world.stack), run.text)
            assert "Traceback" not in run.text()
    change.go_on()


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.long
def test_killed_in_the_first_run(world: World, victim: str) -> None:
    """A creation that was cut short: its targets are adopted, and no pending creation is left."""
    arn = world.aws.create_group(world.service)
    keys = world.fleet(3)
    world.declare(world.group(arn))
    world.aws.fault("RegisterTargets", "slow", seconds=_HELD)
    with kills.started(world.stack) as run:
        world.aws.wait_for_calls("RegisterTargets", 1, deadline=30)
        run.kill(victim)
        run.end()
    world.aws.clear_faults()
    assert world.standing(arn) == sorted(keys)
    world.aws.clear_calls()
    recover(world)
    assert world.changes() == []
    assert sorted(world.outputs()["attached"]) == sorted(keys)
    assert world.stack.state().get("pending_operations", []) == []


@pytest.mark.long
def test_an_orphan_does_nothing_more(world: World) -> None:
    """The CLI is killed and a target comes back: nobody removes it on the dead run's behalf."""
    change = Change(world)
    world.aws.fault("RegisterTargets", "slow", seconds=8)
    with kills.started(world.stack) as run:
        world.aws.wait_for_calls("RegisterTargets", 1, deadline=30)
        run.kill("cli")
        run.end()
        kills.until(lambda: not kills.hosts_of(world.stack), lambda: "the provider lives on")
    world.aws.clear_faults()
    world.status(0, "passing")
    recover(world)
    assert "DeregisterTargets" not in world.changes()
    assert world.standing(change.arn) == sorted([*change.old, *change.new, change.stranger])


@pytest.mark.long
def test_what_nobody_wants_any_more_is_foreign(world: World) -> None:
    """Registered by a killed run, and gone from Consul by the next: shown, and not removed."""
    change = Change(world)
    world.aws.fault("RegisterTargets", "slow", seconds=_HELD)
    with kills.started(world.stack) as run:
        world.aws.wait_for_calls("RegisterTargets", 1, deadline=30)
        run.kill("both")
        run.end()
    world.aws.clear_faults()
    world.status(4, "critical")
    recover(world)
    left = change.new[1]
    assert world.outputs()["foreign"] == sorted([left, change.stranger])
    assert left in world.standing(change.arn)
    world.status(4, "passing")
    world.stack.up().ok()
    change.agree()


@pytest.mark.long
@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "step",
    [
        pytest.param("after register", marks=pytest.mark.long),
        pytest.param("listing", marks=pytest.mark.long),
        "after deregister",
    ],
)
def test_interrupted(world: World, step: str, times: int) -> None:
    """Ctrl-C once lets the update finish, and its state is exact; twice is like a kill."""
    change = Change(world)
    arrived = change.hold(step, seconds=4)
    with kills.started(world.stack) as run:
        arrived()
        for count in range(1, times + 1):
            run.interrupt()
            kills.until(lambda: run.text().count("ancel") >= count, run.text)  # noqa: B023 - called within the loop
        assert run.end() != 0
    if times == 1:
        change.safe()
        assert sorted(world.outputs()["attached"]) == change.wanted
    change.go_on()
