"""One stack under Pulumi's stock host and under lictor's own engine, by turns."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.engine.world import World
    from tests.fakes.pulumi import Run

HOSTS = ("pulumi", "lictor")


def up(world: World, host: str, *args: str) -> Run:
    """Bring the stack up, by `pulumi up` or by `lictor up`."""
    if host == "pulumi":
        return world.stack.up(*args)
    return world.stack.lictor("up", "--stack", "dev", *args)


def properties(world: World) -> list[object]:
    """Return what state has of the resource, the program's position aside."""
    state = world.stack.resources()["web"]
    return [state[key] for key in ("urn", "id", "type", "inputs", "outputs")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(*pair, marks=() if pair == ("pulumi", "lictor") else pytest.mark.long)
        for pair in itertools.product(HOSTS, HOSTS)
    ],
)
def test_state_of_one_is_used_by_the_other(world: World, first: str, second: str) -> None:
    """Made, changed, unchanged, drifted and repaired, whoever ran before."""
    arn = world.aws.create_group(world.service)
    keys = world.fleet(4)
    world.declare(world.group(arn))
    up(world, first).ok()
    assert world.standing(arn) == sorted(keys)
    made = properties(world)
    world.aws.clear_calls()
    up(world, second).ok()
    assert world.changes() == []
    assert properties(world) == made

    world.status(1, "critical")
    up(world, second).ok()
    assert world.standing(arn) == sorted({*keys} - {keys[1]})
    world.status(1, "passing")
    up(world, first).ok()
    assert world.standing(arn) == sorted(keys)

    world.aws.boto3("elbv2").deregister_targets(
        TargetGroupArn=arn, Targets=[{"Id": keys[0].split(":")[0], "Port": 8080}]
    )
    up(world, second, "--refresh").ok()
    assert world.standing(arn) == sorted(keys)
    assert sorted(world.outputs()["attached"]) == sorted(keys)
    world.stack.destroy().ok()
    assert world.standing(arn) == []


@pytest.mark.long
def test_one_line_a_change(world: World) -> None:
    """`lictor up` tells of each target and each group, and `preview` changes nothing."""
    arn, keys = world.attached(3)
    world.status(0, "critical")
    node = world.outputs()["attached"][keys[0]]
    told = [f"web - {keys[0]} {node}"]
    preview = world.stack.lictor("preview", "--stack", "dev").ok()
    assert preview.text.splitlines()[:1] == told
    assert world.standing(arn) == sorted(keys)
    done = world.stack.lictor("up", "--stack", "dev").ok()
    first, last = done.text.splitlines()
    assert first == told[0]
    assert last.startswith("web +0 -1 =2 held 0 failed 0 ")
    again = world.stack.lictor("up", "--stack", "dev").ok()
    assert again.text.startswith("web +0 -0 =2 held 0 failed 0 ")


def test_a_blocked_group_keeps_what_it_has(world: World) -> None:
    """A source that cannot be asked blocks its own group; the others go through, exit code 3."""
    arn, keys = world.attached(2)
    other = world.aws.create_group(f"{world.service}-other")
    blocked = {
        "name": "web",
        "targetGroupArn": arn,
        "sources": [{"service": world.service, "datacenters": ["nowhere"]}],
    }
    world.declare(blocked, {**world.group(other), "name": "other"})
    run = world.stack.lictor("up", "--stack", "dev")
    assert run.code == 3, run.text
    assert "web blocked: " in run.text
    assert "nowhere" in run.text
    assert world.standing(arn) == sorted(keys)
    assert world.standing(other) == sorted(keys)
    assert world.changes() == ["RegisterTargets"]


def test_exit_codes(world: World) -> None:
    """0 done, 1 error, 2 usage, 3 for what is held or failed; nobody sees a traceback."""
    lictor = world.stack.lictor
    group = world.group(world.aws.create_group(world.service))
    keys = world.fleet(2)
    world.stack.configure({"lictor:targetGroups": [group]})
    for wrong, code, said in (
        (lictor("up", "--nonsense"), 2, "No such option"),
        (lictor("up", "--cwd", "/"), 2, "no Pulumi.yaml"),
        (lictor("up", "--stack", "none"), 1, "no stack named 'none' found"),
        (lictor("up", env={"PATH": "/nowhere"}), 1, "no Pulumi CLI on PATH"),
        (lictor("up", env={"CONSUL_HTTP_ADDR": "127.0.0.1:1"}), 1, "127.0.0.1:1"),
    ):
        assert wrong.code == code, wrong.text
        assert said in wrong.text
        assert "Traceback" not in wrong.text
        assert world.changes() == []
    world.declare(group)
    foreseen = lictor("preview").ok().text.splitlines()
    assert [line.split()[:3] for line in foreseen[:2]] == [
        ["web", "+", key] for key in sorted(keys)
    ]
    assert foreseen[2].startswith("web +2 -0 =0 ")
    assert lictor("up").code == 0
    for number in range(2):
        world.status(number, "critical")
    held = lictor("up")
    assert held.code == 3, held.text
    assert f"web held {keys[0]} on_empty keep" in held.text
    assert lictor("up", "--allow-removal", "web").code == 0
    assert world.standing(group["targetGroupArn"]) == []


@pytest.mark.long
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="INT", marks=pytest.mark.long),
        pytest.param(signal.SIGTERM, id="TERM"),
    ],
)
def test_up_ends_in_order(world: World, number: int) -> None:
    """A signal lets the update that is under way finish: its state is exact, the lock is gone."""
    arn, keys = world.attached(1)
    keys += world.fleet(1, first=1)
    world.aws.fault("RegisterTargets", "slow", seconds=3)
    run = subprocess.Popen(
        [sys.executable, "-m", "lictor", "up", "--stack", "dev"],
        cwd=world.stack.project,
        env=world.stack.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    world.aws.wait_for_calls("RegisterTargets", 1, deadline=30)
    run.send_signal(number)
    assert run.wait(30) == 1
    assert world.standing(arn) == sorted(keys)
    assert sorted(world.outputs()["attached"]) == sorted(keys)
    assert not world.stack.state().get("pending_operations")
    assert up(world, "lictor").ok().text.startswith("web +0 -0 =2")


OWN = '''
import os

import lictor
import pulumi
from pulumi import dynamic


class Notes(dynamic.ResourceProvider):
    """Writes a note for each call that would change something."""

    def note(self, word):
        with open(os.environ["NOTES"], "a") as notes:
            notes.write(f"{word}\\n")

    def create(self, props):
        self.note("create")
        return dynamic.CreateResult("note", {"text": props["text"]})

    def update(self, id_, olds, news):
        self.note("update")
        return dynamic.UpdateResult({"text": news["text"]})

    def delete(self, id_, props):
        self.note("delete")


class Note(dynamic.Resource):
    text: pulumi.Output[str]

    def __init__(self, name, text, opts=None):
        super().__init__(Notes(), name, {"text": text}, opts)


groups = lictor.target_groups()
note = Note("note", pulumi.Config("own").require("text"))
pulumi.export("text", note.text)
lictor.check_failed(*groups.values())
'''


@pytest.mark.long
def test_dynamic_resources_of_the_users_own(world: World) -> None:
    """Served as by the stock host with `--whole-stack`, never made in preview, else left alone."""
    notes = world.stack.folder / "notes"
    env = {"NOTES": str(notes)}
    (world.stack.project / "__main__.py").write_text(OWN)
    arn = world.aws.create_group(world.service)
    keys = world.fleet(2)
    world.declare(world.group(arn), own_text="one")
    whole = ("--stack", "dev", "--whole-stack")
    world.stack.lictor("preview", *whole, env=env).ok()
    assert not notes.exists()
    world.stack.lictor("up", *whole, env=env).ok()
    assert notes.read_text() == "create\n"
    assert world.standing(arn) == sorted(keys)
    world.declare(world.group(arn), own_text="two")
    world.status(0, "critical")
    world.stack.lictor("up", "--stack", "dev", env=env).ok()
    assert notes.read_text() == "create\n"
    assert world.standing(arn) == [keys[1]]
    world.stack.lictor("up", *whole, env=env).ok()
    assert notes.read_text() == "create\nupdate\n"
    world.stack.run("destroy", "--yes", "--skip-preview", "--stack", "dev", env=env).ok()
    assert notes.read_text() == "create\nupdate\ndelete\n"
