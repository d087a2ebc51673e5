"""Files of consul-ec2-alb while lictor runs: secrets, reloads, pauses, and who else is there."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import stat
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.engine.albs import Alb
from tests.engine.watches import children
from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from tests.engine.watches import Watch
    from tests.engine.world import World
    from tests.fakes.consul import Consul


def test_secrets_and_reload(alb: Alb, guarded_consul: Consul) -> None:
    """Secrets of files stay in memory; SIGHUP reads again, and what is broken changes nothing."""
    world = alb.world
    arn, other = (world.aws.create_group(f"{world.service}-{i}") for i in (1, 2))
    (ident, address), (more, place) = world.aws.create_instances(2)
    secret = "wJalrXUtnFEMI-K7MDENG-lictor"  # noqa: S105 - made up
    guarded_consul.register(world.service, ident, address)
    alb.write(
        f'consul {{\n address = "{guarded_consul.address}"\n token = "{guarded_consul.token}"\n}}\n'
        f'aws {{\n access_key_id = "AKIALICTOR"\n secret_access_key = "{secret}"\n}}\n',
        "secrets.hcl",
    )
    path = alb.write(alb.group(arn))
    with alb.watching("--listen", "127.0.0.1:0", "-v", str(path), "secrets.hcl") as watch:
        watch.until(lambda: world.standing(arn) == [f"{ident}:8080"] and watch.waiting())
        seen = [*watch.until(lambda: processes(watch.process.pid)), *kept(alb)]
        alb.write(alb.group(other) + alb.group(arn)[:-3])
        watch.process.send_signal(signal.SIGHUP)
        watch.until(lambda: watch.told("not reloaded: "))
        assert watch.told(f"not reloaded: {path}:5:"), watch.log.read_text()
        guarded_consul.register(world.service, more, place)
        both = sorted([f"{ident}:8080", f"{more}:8080"])
        watch.until(lambda: world.standing(arn) == both)
        assert world.standing(other) == []
        alb.write(alb.group(other) + alb.group(arn))
        watch.process.send_signal(signal.SIGHUP)
        watch.until(lambda: world.standing(other) == both and watch.waiting())
        seen += [
            *watch.until(lambda: processes(watch.process.pid)),
            *kept(alb),
            watch.log.read_bytes(),
        ]
        assert watch.end() == 0
    assert len(seen) > 15
    for text in (guarded_consul.token, secret, "AKIALICTOR"):
        assert not [found[:200] for found in seen if text.encode() in found]
    (passphrase,) = (alb.folder / "state").rglob("passphrase")
    assert stat.S_IMODE(passphrase.stat().st_mode) == 0o600
    assert len(passphrase.read_text()) > 30


def processes(pid: int) -> list[bytes]:
    """Return environment and command line of the children of a process; none where one ends."""
    found = [Path(f"/proc/{child}") for child in children(pid)]
    try:
        return [(path / name).read_bytes() for path in found for name in ("environ", "cmdline")]
    except OSError:
        return []


def kept(alb: Alb) -> list[bytes]:
    """Return every file of the state."""
    return [path.read_bytes() for path in (alb.folder / "state").rglob("*") if path.is_file()]


@pytest.mark.long
def test_a_converted_stack_has_the_same_plan(alb: Alb) -> None:
    """What a preview of the files shows is what a preview of the stack shows, and what is done."""
    world = alb.world
    world.aws.settings(initial_seconds=0)
    arn, other = (world.aws.create_group(f"{world.service}-{i}") for i in (1, 2))
    keys = world.fleet(3)
    stranger = world.fleet(1, first=5, service=f"{world.service}-other")[0]
    world.aws.boto3("elbv2").register_targets(
        TargetGroupArn=arn, Targets=[{"Id": stranger.split(":")[0], "Port": 8080}]
    )
    path = alb.write(
        alb.group(arn, 'min_targets = 2\n  removal_delay = "0s"')
        + alb.group(other, f'sources {{ service = "{world.service}" }}\n  port = 81 # service')
        + f'consul {{\n  address = "{world.consul.address}"\n  token = "abc"\n}}\n'
    )
    done = alb.run("convert", str(path)).ok()
    assert done.text.endswith("pulumi config set --secret consul:token\n")
    assert "abc" not in done.text.replace(arn, "").replace(other, "")
    text = done.text.removesuffix("pulumi config set --secret consul:token\n")
    config = yaml.safe_load(text)["config"]
    assert list(config) == ["consul:address", "lictor:targetGroups"]
    stacks = world.stack.project / "stacks/Pulumi.dev.yaml"
    head = [line for line in stacks.read_text().splitlines() if line.startswith(("enc", "secr"))]
    stacks.write_text("\n".join([*head, text]))
    mine = plan(alb.run("preview", "--json", str(path)).text)
    theirs = plan(world.stack.lictor("preview", "--json", "--stack", "dev").text)
    assert mine == theirs
    assert [len(group["removed"]) for group in mine] == [1, 0]
    world.stack.up().ok()
    assert world.standing(arn) == sorted(keys)
    assert world.standing(other) == sorted(key.replace(":8080", ":81") for key in keys)


def plan(text: str) -> list[dict[str, Any]]:
    """Return what a preview says would be done, times aside."""
    start = text.index("{")
    groups = json.loads(text[start:])["groups"]
    return sorted(
        ({k: v for k, v in group.items() if k not in ("seconds", "urn")} for group in groups),
        key=lambda group: str(group["name"]),
    )


@pytest.mark.long
def test_dry_runs_write_nothing(alb: Alb) -> None:
    """A watch that previews follows changes, and leaves neither a target nor a file."""
    world = alb.world
    arn = world.aws.create_group(world.service)
    world.fleet(2)
    path = alb.write(alb.group(arn))
    world.aws.clear_calls()
    with alb.watching("--dry-run", str(path)) as watch:
        watch.until(lambda: watch.told("+2 -0"))
        world.status(0, "critical")
        watch.until(lambda: watch.told("+1 -0"))
        assert watch.end() == 0
    assert world.changes() == []
    assert not (alb.folder / "state").exists()


@pytest.mark.long
def test_credentials(alb: Alb) -> None:
    """From the environment, under the old name of the token too; none anywhere is soon told."""
    world = alb.world
    arn = world.aws.create_group(world.service)
    world.fleet(1)
    path = alb.write(alb.group(arn))
    gone = {name: "" for name in alb.env if name.startswith(("AWS_A", "AWS_S", "AWS_EC2"))}
    files = {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        env = {**gone, **files, "AWS_EC2_METADATA_SERVICE_ENDPOINT": url}
        done = Alb(world, alb.folder, env).run("up", str(path))
    assert done.code == 1
    assert "no AWS credentials" in done.text
    (seconds,) = re.findall(r"failed 0 ([\d.]+)s", done.text)
    assert float(seconds) < 5
    env = {**gone, **files, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"}
    Alb(world, alb.folder, {**env, "AWS_SECURITY_TOKEN": "old-name"}).run("up", str(path)).ok()
    assert {call["session_token"] for call in world.aws.calls()} == {"old-name"}


@pytest.mark.long
def test_consul_template(alb: Alb) -> None:
    """It renders the file from Consul's keys, starts the watcher and has it read the file again."""
    world = alb.world
    arn, other = (world.aws.create_group(f"{world.service}-{i}") for i in (1, 2))
    keys = world.fleet(2)
    alb.write("consul {}", "consul.hcl")
    prefix = f"alb-{world.service}"
    template = (ROOT / "deploy/consul-template/alb.ctmpl").read_text()
    alb.write(template.replace('ls "lictor/alb"', f'ls "{prefix}"'), "alb.ctmpl")
    tools = alb.folder / "bin"
    tools.mkdir()
    (tools / "lictor").write_text(f'#!/bin/sh\nexec {sys.executable} -m lictor "$@"\n')
    (tools / "lictor").chmod(0o755)
    config = (ROOT / "deploy/consul-template/alb.hcl").read_text()
    for folder in ("/etc/lictor", "/run/lictor"):
        config = config.replace(folder, str(alb.folder))
    alb.write(config, "template.hcl")
    put(world.consul, f"{prefix}/web", arn, world.service)
    env = {"PATH": f"{tools}:{alb.env['PATH']}"}
    words = ("consul-template", "-config", str(alb.folder / "template.hcl"))
    with Alb(world, alb.folder, env).running(*words) as watch:
        watch.until(lambda: world.standing(arn) == sorted(keys))
        put(world.consul, f"{prefix}/more", other, world.service)
        watch.until(lambda: world.standing(other) == sorted(keys))
        world.consul.call("DELETE", f"/v1/kv/{prefix}/web")
        watch.until(lambda: watch.told(f"{world.service}-1 stands in the files no more"))
        world.status(0, "critical")
        watch.until(lambda: world.standing(other) == [keys[1]])
        assert world.standing(arn) == sorted(keys)
        (watcher,) = children(watch.process.pid)
        watch.end()
        assert not Path(f"/proc/{watcher}").exists(), "the watcher lives on"


def put(consul: Consul, key: str, arn: str, service: str) -> None:
    """Write a target group among Consul's keys."""
    consul.call("PUT", f"/v1/kv/{key}", {"arn": arn, "service": service})


@pytest.mark.long
def test_consul_lock(alb: Alb) -> None:
    """Killed in the midst of a registration, the next holder takes what was begun for ours."""
    world = alb.world
    arn = world.aws.create_group(world.service)
    keys = world.fleet(2)
    path = alb.write(alb.group(arn))
    lock = ("consul", "lock", "-shell=false", f"lock-{world.service}")
    with alb.watching(str(path), command=lock) as first:
        first.until(lambda: world.standing(arn) == sorted(keys))
        with alb.watching(str(path), command=lock) as second:
            (watcher,) = first.until(lambda: children(first.process.pid))
            first.until(lambda: children(watcher))
            world.aws.fault("RegisterTargets", "slow", seconds=3)
            world.aws.clear_calls()
            keys += world.fleet(1, first=2)
            world.aws.wait_for_calls("RegisterTargets", 1, deadline=30)
            assert second.lines == [], "both run"
            for pid in (*children(watcher), watcher):
                os.kill(pid, signal.SIGKILL)
            world.aws.clear_faults()
            assert alb.state()["pending_operations"], "the kill came too late"
            second.until(lambda: second.told(f"{world.service} +0 -0 =3"))
            assert second.told("a run was killed")
            world.status(0, "critical")
            second.until(lambda: world.standing(arn) == sorted(keys[1:]))
            assert second.end() == 0
    assert sorted(alb.outputs()[world.service]["attached"]) == sorted(keys[1:])


@pytest.mark.long
@pytest.mark.timeout(240)
def test_two_without_a_lock(alb: Alb) -> None:
    """Each with a state of its own: they converge, and neither takes the other's for strangers."""
    world = alb.world
    world.aws.settings(initial_seconds=0)
    arn = world.aws.create_group(world.service)
    keys = world.fleet(6)
    path = alb.write(alb.group(arn, 'name = "web"\n  max_removal_percent = 100'))
    other = Alb(world, alb.folder, {"XDG_STATE_HOME": str(alb.folder / "other")})
    with alb.watching(str(path)) as first, other.watching(str(path)) as second:
        wanted = set(keys)
        for watch in (first, second):
            watch.until(lambda: world.standing(arn) == sorted(keys))
            watch.until(watch.waiting)
        draw = random.Random(7)  # noqa: S311 - no secret
        for _ in range(20):
            number = draw.randrange(1, 6)
            world.aws.clear_calls()
            runs = [watch.runs() for watch in (first, second)]
            gone = keys[number] in wanted
            world.status(number, "critical" if gone else "passing")
            wanted ^= {keys[number]}
            first.until(partial(holds, world, arn, wanted))
            for watch, before in zip((first, second), runs, strict=True):
                watch.until(partial(has_run, watch, before))
            assert {*world.changes()} == {"DeregisterTargets" if gone else "RegisterTargets"}
        assert first.end() == second.end() == 0


def holds(world: World, arn: str, wanted: set[str]) -> bool:
    """Whether a group holds these, and nothing else."""
    return world.standing(arn) == sorted(wanted)


def has_run(watch: Watch, before: int) -> bool:
    """Whether a watcher has run since, and waits for its next run."""
    return watch.runs() > before and bool(watch.waiting())


@pytest.mark.long
def test_pauses(alb: Alb) -> None:
    """By the same files, without a project: the group is left alone until it is resumed."""
    world = alb.world
    arn = world.aws.create_group(world.service)
    keys = world.fleet(2)
    path = alb.write(alb.group(arn))
    with alb.watching(str(path)) as watch:
        watch.until(lambda: world.standing(arn) == sorted(keys))
        said = alb.run("pause", "-f", str(path), world.service).ok().text
        assert "by Consul's key lictor/consul-ec2-alb/alb-" in said
        watch.until(lambda: watch.told(f"{world.service} paused: by"))
        world.status(0, "critical")
        watch.until(lambda: watch.told("paused") and watch.waiting())
        assert world.standing(arn) == sorted(keys)
        alb.run("resume", "-f", str(path), world.service).ok()
        watch.until(lambda: world.standing(arn) == [keys[1]])
        assert watch.end() == 0


@pytest.mark.long
def test_the_same_name_for_another_group(alb: Alb) -> None:
    """The new group is filled; what stands in the one before is left as it is, as before."""
    world = alb.world
    arn, other = (world.aws.create_group(f"{world.service}-{i}") for i in (1, 2))
    keys = world.fleet(2)
    path = alb.write(alb.group(arn, 'name = "web"'))
    alb.run("up", str(path)).ok()
    alb.write(alb.group(other, 'name = "web"'))
    alb.run("up", str(path)).ok()
    assert world.standing(arn) == world.standing(other) == sorted(keys)
    assert alb.outputs()["web"]["target_group_arn"] == other
