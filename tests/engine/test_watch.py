"""`lictor watch` as a process: a change in Consul becomes a change in AWS, and little else."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine.watches import DEADLINE, Watch, watching

if TYPE_CHECKING:
    from tests.engine.world import World


def test_a_change_runs_and_nothing_else_does(world: World) -> None:
    """Targets go and come with their checks; what a check says beside its status starts no run."""
    arn, keys = world.attached(3)
    with watching(world) as watch:
        runs = watch.settled()
        world.status(1, "critical")
        watch.until(lambda: watch.runs() == runs + 1)
        assert world.standing(arn) == sorted({*keys} - {keys[1]})
        world.status(1, "passing")
        watch.until(lambda: watch.runs() == runs + 2)
        assert world.standing(arn) == sorted(keys)
        for number in range(5):
            world.consul.check(
                world.service,
                world.node(2),
                "passing",
                f"{world.service}-2",
                output=f"said {number}",
            )
        world.status(0, "critical")
        watch.until(lambda: watch.runs() == runs + 3)
        assert world.standing(arn) == sorted({*keys} - {keys[0]})
        assert watch.end() == 0
    assert f"web - {keys[0]} {world.node(0)} (dc1)" in watch.lines
    assert sorted(world.outputs()["attached"]) == sorted({*keys} - {keys[0]})


@pytest.mark.long
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGTERM, id="TERM"),
        pytest.param(signal.SIGKILL, id="KILL", marks=pytest.mark.long),
    ],
)
def test_an_ended_watcher_leaves_nothing(world: World, number: int) -> None:
    """Neither the CLI that was waiting, nor a lock; a plain `pulumi up` goes on from there."""
    _, keys = world.attached(2)
    with watching(world) as watch:
        watch.settled()
        waiting = watch.waiting()
        assert watch.end(number) == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    end = time.monotonic() + DEADLINE
    while Path(f"/proc/{waiting}").exists():
        assert time.monotonic() < end, "the CLI that waited lives on"
        time.sleep(0.01)
    assert world.changes() == []
    world.status(0, "critical")
    world.stack.up().ok()
    assert sorted(world.outputs()["attached"]) == [keys[1]]


@pytest.mark.long
def test_a_group_added_to_the_config(world: World) -> None:
    """SIGHUP reads the config again; a file that changed is never run from memory."""
    arn, keys = world.attached(2)
    other = world.aws.create_group(f"{world.service}-more")
    with watching(world) as watch:
        watch.settled()
        world.declare(world.group(arn), {**world.group(other), "name": "more"})
        watch.process.send_signal(signal.SIGHUP)
        watch.until(lambda: world.standing(other) == sorted(keys))
        assert watch.end() == 0


def test_a_change_concerns_its_own_groups(world: World) -> None:
    """A run that one service asks for leaves the others' plans, claims and bells as they were."""
    arn, keys = world.attached(2)
    other = f"{world.service}-other"
    others = world.fleet(2, first=2, service=other)
    far = world.aws.create_group(other)
    world.declare(
        world.group(arn),
        {"name": "other", "targetGroupArn": arn, "service": other},
        {"name": "far", "targetGroupArn": far, "service": other},
    )
    world.stack.up().ok()
    with watching(world) as watch:
        watch.until(lambda: watch.waiting() and watch.runs() >= 2)
        for status, left in (("critical", [keys[1]]), ("passing", keys)):
            world.status(0, status)
            expected = sorted([*left, *others])
            watch.until(partial(stands, world, arn, expected))
        world.status(2, "critical", other)
        watch.until(partial(stands, world, arn, sorted([*keys, others[1]])))
        watch.until(partial(stands, world, far, [others[1]]))
        ident = others[1].split(":")[0]
        world.consul.register(
            world.service, world.node(9), "10.0.0.9", node_meta={"instance-id": ident}
        )
        watch.until(lambda: watch.told(f"both want {others[1]} in {arn}"))
        assert watch.end() == 0
    assert world.standing(arn) == sorted([*keys, others[1]])


def stands(world: World, arn: str, keys: list[str]) -> bool:
    """Whether these targets stand in a group, and no others."""
    return world.standing(arn) == keys


@pytest.mark.long
def test_a_program_of_another_interpreter(world: World) -> None:
    """It runs under its own, as `pulumi up` has it; that is said once, and changes still count."""
    arn, keys = world.attached(2)
    settings = world.stack.project / "Pulumi.yaml"
    text = settings.read_text()
    own = "runtime: {name: python, options: {virtualenv: ../own}}"
    settings.write_text(text.replace("runtime: python", own))
    (world.stack.folder / "own").symlink_to(sys.base_prefix)
    with watching(world) as watch:
        watch.until(lambda: watch.runs() == 2)
        world.status(0, "critical")
        watch.until(lambda: world.standing(arn) == [keys[1]])
        assert sum("runs as a plain pulumi up" in line for line in watch.lines) == 1
        assert watch.end() == 0


@pytest.mark.long
def test_locks_of_the_living_and_of_the_dead(world: World) -> None:
    """A stack that somebody runs is waited for; a lock of a dead process is cleared away."""
    arn, keys = world.attached(2)
    locks = world.stack.folder / "backend/.pulumi/locks/organization/lictor/dev"
    with watching(world) as watch:
        watch.settled()
        lock(locks, os.getpid())
        world.status(0, "critical")
        watch.until(lambda: any("locked, waiting" in line for line in watch.lines))
        assert world.standing(arn) == sorted(keys)
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        lock(locks, dead.pid)
        watch.until(lambda: world.standing(arn) == [keys[1]])
        assert any("lock of a dead process is cancelled" in line for line in watch.lines)
        assert watch.end() == 0


def lock(folder: Path, pid: int) -> None:
    """Leave a lock as the CLI does."""
    folder.mkdir(parents=True, exist_ok=True)
    host = os.uname().nodename
    content = {
        "pid": pid,
        "username": "somebody",
        "hostname": host,
        "timestamp": "2026-11-21T08:00:00Z",
    }
    new = folder / ".new"
    new.write_text(json.dumps(content))
    new.rename(folder / "0b5d1b3a-6c2e-4b7e-9a51-3a1d5c5f0a11.json")


@pytest.mark.long
def test_a_killed_run_is_recovered(world: World) -> None:
    """Watcher and CLI killed in mid-registration: the next watcher takes what was made for ours."""
    arn, keys = world.attached(2)
    stranger = world.fleet(1, first=8, service=f"{world.service}-other")[0]
    world.aws.boto3("elbv2").register_targets(
        TargetGroupArn=arn, Targets=[{"Id": stranger.split(":")[0], "Port": 8080}]
    )
    with watching(world, "--no-lock") as watch:
        watch.settled()
        world.aws.fault("RegisterTargets", "slow", seconds=3)
        world.aws.clear_calls()
        (added,) = world.fleet(1, first=2)
        world.aws.wait_for_calls("RegisterTargets", 1, deadline=30)
        os.kill(watch.waiting(), signal.SIGKILL)
        watch.end(signal.SIGKILL)
    world.aws.clear_faults()
    assert world.stack.state()["pending_operations"], "the kill came too late"
    with watching(world, "--no-lock") as watch:
        watch.until(lambda: watch.runs() >= 1)
        assert watch.told("a run was killed")
        assert sorted(world.outputs()["attached"]) == sorted([*keys, added])
        assert world.outputs()["foreign"] == [stranger]
        world.status(0, "critical")
        watch.until(lambda: world.standing(arn) == sorted([keys[1], added, stranger]))
        assert watch.end() == 0


@pytest.mark.long
def test_a_killed_cli_leaves_nothing_that_goes_on(world: World) -> None:
    """What its run was to remove is in use again: neither that run removes it nor the next one."""
    arn, keys = world.attached(3)
    with watching(world, "--no-lock") as watch:
        watch.settled()
        world.aws.fault("RegisterTargets", "slow", seconds=4)
        world.aws.clear_calls()
        world.status(0, "critical")
        (added,) = world.fleet(1, first=3)
        world.aws.wait_for_calls("RegisterTargets", 1, deadline=30)
        os.kill(watch.waiting(), signal.SIGKILL)
        world.status(0, "passing")
        watch.until(lambda: watch.told("a run was killed"))
        watch.until(lambda: sorted(world.outputs()["attached"]) == sorted([*keys, added]))
        assert watch.end() == 0
    assert world.standing(arn) == sorted([*keys, added])
    assert "DeregisterTargets" not in world.changes()


@pytest.mark.long
@pytest.mark.timeout(120)
def test_one_blocked_group_among_eight(world: World) -> None:
    """The others follow every change; it keeps all that it has, and follows when it can again."""
    names = ["web", *(f"web-{number}" for number in range(1, 8))]
    arns = [world.aws.create_group(f"{world.service}-{number}") for number in range(8)]
    keys = world.fleet(4)
    groups = [{**world.group(arn), "name": name} for name, arn in zip(names, arns, strict=True)]
    world.declare(*groups)
    world.stack.lictor("up", "--stack", "dev").ok()
    nowhere = [{"service": world.service, "datacenters": ["nowhere"]}]
    blocked = {"name": "web", "targetGroupArn": arns[0], "sources": nowhere}
    world.declare(blocked, *groups[1:])
    with watching(world, "--no-lock") as watch:
        watch.until(lambda: watch.told("web blocked: ") and watch.runs() >= 2)
        for number in (0, 1):
            world.status(number, "critical")
            left = sorted(keys[number + 1 :])
            watch.until(lambda: all(world.standing(arn) == left for arn in arns[1:]))  # noqa: B023 - at once
            assert world.standing(arns[0]) == sorted(keys)
        left = sorted([keys[0], *left])
        world.declare(*groups)
        world.status(0, "passing")
        watch.until(lambda: {*map(tuple, map(world.standing, arns))} == {(*sorted(left),)})
        assert watch.end() == 0


@pytest.mark.long
@pytest.mark.timeout(240)
def test_two_watchers_without_a_lock_do_not_fight(world: World) -> None:
    """A minute of changes under two watchers of two stacks on one group: no target flaps."""
    arn, keys = world.attached(6, maxRemovalPercent=100)
    other = world.stack.folder / "other"
    other.mkdir()
    second = dataclasses.replace(world, stack=world.stack.copy(other, world.stack.env))
    with watching(world, "--no-lock") as first, watching(second, "--no-lock") as also:
        first.settled()
        also.until(lambda: also.runs() >= 2)
        draw = random.Random(7)  # noqa: S311 - no secret
        end = time.monotonic() + 60
        wanted = set(keys)
        while time.monotonic() < end:
            number = draw.randrange(1, 6)
            world.aws.clear_calls()
            runs = [watch.runs() for watch in (first, also)]
            world.status(number, "critical" if keys[number] in wanted else "passing")
            wanted ^= {keys[number]}
            first.until(partial(holds, world, arn, wanted))
            for watch, before in zip((first, also), runs, strict=True):
                watch.until(partial(has_run, watch, before))
            assert len({*world.changes()}) <= 1, "one adds what the other removes"
            assert len(world.changes()) <= 2, "each at most once"
        assert first.end() == also.end() == 0


def has_run(watch: Watch, before: int) -> bool:
    """Whether a watcher has run since, and waits for its next run."""
    return watch.runs() > before and bool(watch.waiting())


def holds(world: World, arn: str, wanted: set[str]) -> bool:
    """Whether a group holds these, and nothing else."""
    return world.standing(arn) == sorted(wanted)
