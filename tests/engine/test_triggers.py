"""What `deploy/` has for triggers, as shipped but for its folders: a change reaches AWS."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.engine.triggers import DEADLINE, DEPLOY, LICTOR_RUN, environment, running, shipped, until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.engine.world import World


def runs(log: Path) -> int:
    """Count the runs of the group `web`."""
    lines = log.read_text().splitlines()
    return sum(line.startswith("web +") and line.endswith("s") for line in lines)


def test_consul_template(world: World) -> None:
    """One run at the start and one a change; what checks print starts none."""
    arn, keys = world.attached(2)
    config = world.stack.folder / "consul-template.hcl"
    config.write_text(shipped(world, "consul-template/lictor.hcl"))
    words = ("consul-template", "-config", str(config))
    with running(world, *words, SERVICES=world.service) as log:
        until(lambda: runs(log) == 1, log)
        rendered = (world.stack.folder / "instances").read_text()
        assert all(key.split(":")[0] in rendered for key in keys)
        for number in range(3):
            world.consul.check(
                world.service,
                world.node(1),
                "passing",
                f"{world.service}-1",
                output=f"said {number}",
            )
        world.status(0, "critical")
        until(lambda: runs(log) == 2, log)
        assert world.standing(arn) == [keys[1]]
        world.status(0, "passing")
        until(lambda: runs(log) == 3, log)
        assert world.standing(arn) == sorted(keys)


@pytest.mark.long
def test_consul_watch(world: World) -> None:
    """Two watches of one stack, one backend that is away for a while: no change is lost."""
    arn, keys = world.attached(2)
    other = world.aws.create_group(f"{world.service}-other")
    second = f"{world.service}-more"
    world.fleet(1, first=2, service=second)
    world.declare(world.group(arn), {"name": "b", "targetGroupArn": other, "service": second})
    handler = (str(LICTOR_RUN), "--cwd", str(world.stack.project), "--stack", "dev")
    watch = ("consul", "watch", "-type=service", "-passingonly=true")
    with (
        running(world, *watch, f"-service={world.service}", *handler) as log,
        running(world, *watch, f"-service={second}", *handler),
    ):
        until(lambda: len(world.standing(other)) == 1 and runs(log) >= 1, log)
        state = world.stack.folder / "backend/.pulumi/stacks/lictor/dev.json"
        away = state.rename(state.with_suffix(".away"))
        world.status(0, "critical")
        until(lambda: "lictor-run: exit code 1, again in 1 s" in log.read_text(), log)
        away.rename(state)
        until(lambda: world.standing(arn) == [keys[1]], log)
        left = [world.stack.folder / name for name in ("asked", "begun")]
        until(lambda: not any(path.exists() for path in left), log)


@pytest.mark.long
def test_cron(world: World) -> None:
    """Twice at once: the second leaves without a word, and without a call to AWS."""
    arn, keys = world.attached(2)
    (line,) = [line for line in shipped(world, "cron/lictor.cron").splitlines() if "* *" in line]
    command = ["/bin/sh", "-c", line.split(maxsplit=6)[6]]
    env = environment(world)
    (added,) = world.fleet(1, first=2)
    world.aws.fault("RegisterTargets", "slow", seconds=2)
    first = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    world.aws.wait_for_calls("RegisterTargets", 1, deadline=DEADLINE)
    assert subprocess.check_output(command, env=env, text=True, timeout=DEADLINE) == ""  # noqa: S603 - the same
    assert first.poll() is None, "the second one was too late"
    assert first.communicate(timeout=DEADLINE)[0] == ""
    assert world.standing(arn) == sorted([*keys, added])
    assert world.changes() == ["RegisterTargets"]
    for number in range(3):
        world.status(number, "critical")
    said = subprocess.check_output(command, env=env, text=True, timeout=DEADLINE)  # noqa: S603 - the same
    assert said.startswith("exit code 3: ")
    assert "on_empty keep" in said


def steps(job: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the named steps of a job of the workflow."""
    workflow = yaml.safe_load((DEPLOY / "ci/github.yml").read_text())
    return {step["name"]: step for step in workflow["jobs"][job]["steps"] if "name" in step}


def step(world: World, job: str, name: str) -> int:
    """Run a step's command as GitHub's runner does; return its exit code."""
    script = world.stack.folder / "step.sh"
    script.write_text(steps(job)[name]["run"])
    summary = world.stack.folder / "summary.md"
    return subprocess.run(  # noqa: S603 - ours
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],  # noqa: S607 - as the runner does
        cwd=world.stack.project,
        env=environment(world, STACK="dev", GITHUB_STEP_SUMMARY=str(summary)),
        timeout=DEADLINE,
        check=False,
    ).returncode


@pytest.mark.long
def test_ci(world: World) -> None:
    """A pull request shows what `main` then does; what would be held is shown, and fails `main`."""
    arn, keys = world.attached(3)
    comment = world.stack.project / "preview.md"
    world.status(0, "critical")
    assert step(world, "preview", "Preview") == 0
    assert "| web | 0 | 1 | 0 | 0 |" in comment.read_text()
    assert f"- `web - {keys[0]} {world.node(0)} (dc1)`" in comment.read_text()
    assert world.changes() == []
    assert step(world, "up", "Up") == 0
    assert world.standing(arn) == sorted(keys[1:])
    for number in (1, 2):
        world.status(number, "critical")
    assert step(world, "preview", "Preview") == 0
    assert "| web | 0 | 0 | 2 | 0 |" in comment.read_text()
    assert (world.stack.folder / "summary.md").read_text().count("| web |") == 2
    assert step(world, "up", "Up") == 3
    world.declare({"name": "web", "nonsense": arn})
    assert step(world, "preview", "Preview") != 0
