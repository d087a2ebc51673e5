"""Several watchers of one stack, pauses, and what a watcher shows."""

from __future__ import annotations

import dataclasses
import json
import signal
import socket
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.watches import watching
from tests.fakes import consul as consuls
from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from tests.engine.world import World
    from tests.fakes.consul import Consul

LEADS = "this watcher leads"
STANDS_BY = "another watcher leads"


def get(url: str) -> tuple[int, str]:
    """Read a page of the status server; 0 while it does not answer."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def status(url: str) -> dict[str, Any]:
    """Read the status; empty while there is none."""
    code, text = get(f"{url}/v1/status")
    return dict(json.loads(text)) if code == 200 else {}


@pytest.fixture
def listen() -> str:
    """Find an address that is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"127.0.0.1:{free.getsockname()[1]}"


def test_a_clean_stop_hands_over_at_once(world: World, listen: str) -> None:
    """One of two runs the stack; when it is stopped, the other goes on, and nothing is lost.

    The page of the one that stands by shows the groups, too.
    """
    arn, keys = world.attached(3)
    with watching(world) as first:
        first.settled()
        with watching(world, "--listen", listen) as second:
            second.until(lambda: second.told(STANDS_BY))
            second.until(lambda: status(f"http://{listen}")["agreement"]["rows"])
            assert status(f"http://{listen}")["role"] == "standby"
            world.status(0, "critical")
            first.until(lambda: world.standing(arn) == sorted(keys[1:]))
            assert not second.runs()
            assert first.end() == 0
            stopped = time.monotonic()
            world.status(0, "passing")
            second.until(lambda: second.told(LEADS))
            took = time.monotonic() - stopped
            second.until(lambda: world.standing(arn) == sorted(keys))
            assert took < 5, "a clean stop releases the lock, nobody waits for the session's end"
            assert second.end() == 0


@pytest.mark.long
@pytest.mark.timeout(120)
def test_a_killed_leader_is_followed(world: World) -> None:
    """After kill -9 within twice the session's TTL and the lock delay: 21 s."""
    arn, keys = world.attached(3)
    with watching(world) as first:
        first.settled()
        with watching(world) as second:
            second.until(lambda: second.told(STANDS_BY))
            first.end(signal.SIGKILL)
            killed = time.monotonic()
            world.status(0, "critical")
            second.until(lambda: second.told(LEADS))
            assert time.monotonic() - killed < 2 * 10 + 1 + 2
            second.until(lambda: world.standing(arn) == sorted(keys[1:]))
            assert second.end() == 0


@pytest.mark.long
@pytest.mark.timeout(120)
def test_a_session_lost_in_mid_run(world: World) -> None:
    """The run that is under way ends and is saved; no other begins before the lock is had again."""
    _, keys = world.attached(2)
    with watching(world) as watch:
        watch.settled()
        world.aws.fault("RegisterTargets", "slow", seconds=3)
        world.aws.clear_calls()
        (added,) = world.fleet(1, first=2)
        world.aws.wait_for_calls("RegisterTargets", 1, deadline=30)
        lock = world.consul.call("GET", f"/v1/kv/lictor-{world.service}/lictor/dev/lock")[0]
        world.consul.call("PUT", f"/v1/session/destroy/{lock['Session']}")
        watch.until(lambda: watch.told("the lock is lost"))
        world.status(0, "critical")
        watch.until(lambda: watch.told(f"web - {keys[0]}"))
        said = watch.log.read_text()
        assert watch.end() == 0
    _, _, since = said.partition(f"web + {added}")
    places = [since.find(part) for part in ("the lock is lost", LEADS, f"web - {keys[0]}")]
    assert -1 not in places, said
    assert places == sorted(places), said
    assert sorted(world.outputs()["attached"]) == sorted([keys[1], added])


@pytest.mark.long
@pytest.mark.timeout(400)
def test_consul_is_away_for_minutes(world: World) -> None:
    """Nothing is removed and little is said; when it is back, the watch goes on by itself."""
    with consuls.mortal(keeps=True) as mortal:
        world = dataclasses.replace(world, consul=mortal.consul)
        arn, keys = world.attached(3)
        with watching(world, "--resync", "20s") as watch:
            watch.settled()
            mortal.kill()
            time.sleep(150)
            assert world.standing(arn) == sorted(keys)
            assert world.changes() == []
            assert len(watch.lines) < 60, watch.log.read_text()
            mortal.revive()
            world.status(0, "critical")
            watch.until(lambda: world.standing(arn) == sorted(keys[1:]))
            assert watch.end() == 0


@pytest.mark.long
def test_another_backend_is_refused(world: World) -> None:
    """Two stacks of one name on two backends would take each other's targets for foreign."""
    world.attached(1)
    with watching(world) as first:
        first.settled()
        elsewhere = world.stack.folder / "elsewhere"
        elsewhere.mkdir()
        other = world.stack.copy(elsewhere, world.stack.env)
        refused = other.lictor(
            "watch", "--stack", "dev", "--lock-prefix", f"lictor-{world.service}"
        )
        assert refused.code == 1, refused.text
        assert "another backend" in refused.text
        assert first.end() == 0


@pytest.mark.long
def test_a_pause_is_obeyed(world: World) -> None:
    """A paused resource stays as it is, the others go on; resumed, it catches up."""
    arn, keys = world.attached(2)
    other = world.aws.create_group(f"{world.service}-more")
    world.declare(world.group(arn), {**world.group(other), "name": "more"})
    place = ("--stack", "dev", "--lock-prefix", f"lictor-{world.service}")
    with watching(world) as watch:
        watch.until(lambda: world.standing(other) == sorted(keys))
        paused = world.stack.lictor("pause", "web", "--for", "1h", *place).ok()
        assert "web is paused until" in paused.text
        watch.until(lambda: watch.told("web paused: by "))
        world.status(0, "critical")
        watch.until(lambda: world.standing(other) == [keys[1]])
        assert world.standing(arn) == sorted(keys)
        world.stack.lictor("resume", "web", *place).ok()
        watch.until(lambda: world.standing(arn) == [keys[1]])
        assert "was not paused" in world.stack.lictor("resume", *place).ok().text
        assert watch.end() == 0


@pytest.mark.long
def test_what_is_shown(world: World, listen: str) -> None:
    """Health, readiness, metrics, JSON, and a run that is asked for; `lictor status` beside it."""
    arn, keys = world.attached(2)
    url = f"http://{listen}"
    with watching(world, "--listen", listen) as watch:
        watch.settled()
        assert get(f"{url}/healthz")[0] == 200
        assert get(f"{url}/readyz")[0] == 200
        world.status(0, "critical")
        watch.until(lambda: world.standing(arn) == [keys[1]])
        watch.until(lambda: status(url)["changes"])
        shown = status(url)
        assert [shown["role"], shown["changes"][0]["sign"]] == ["leader", "-"]
        assert list(shown["groups"]["web"]["attached"]) == [keys[1]]
        assert 'lictor_runs_total{outcome="done"}' in get(f"{url}/metrics")[1]
        calls = {item["operation"]: item["made"] for item in shown["counters"]["calls"]}
        assert calls["DeregisterTargets"] == 1
        runs = watch.runs()
        asked = urllib.request.Request(  # noqa: S310 - our own server
            f"{url}/v1/run", method="POST", headers={"X-Lictor": "run"}
        )
        with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310 - our own server
            assert answer.status == 202
        watch.until(lambda: watch.runs() > runs)
        assert watch.end() == 0
    text = world.stack.lictor("status", "--stack", "dev").ok().text
    assert keys[1] in text
    assert "passing" in text


@pytest.mark.long
def test_the_watchs_policy_is_enough_and_needed(world: World, guarded_consul: Consul) -> None:
    """Under deny by default: both policies suffice; without sessions or keys it says so, exit 1."""
    rules = [(ROOT / f"deploy/consul-policy{part}.hcl").read_text() for part in ("", "-watch")]
    enough = "\n".join(rules).replace('"lictor/"', f'"lictor-{world.service}/"')
    arn = world.aws.create_group(world.service)
    for number, (ident, address) in enumerate(world.aws.create_instances(2)):
        node = f"{world.service}-{number}"
        guarded_consul.register(world.service, node, address, node_meta={"instance-id": ident})
    world.declare(world.group(arn), consul_address=guarded_consul.address)
    args = ("watch", "--stack", "dev", "--once", "--lock-prefix", f"lictor-{world.service}")
    for kind in ("session_prefix", "key_prefix"):
        lacking = token(guarded_consul, f"{world.service}-{kind}", without(enough, kind))
        refused = world.stack.lictor(*args, env=lacking)
        assert refused.code == 1, refused.text
        assert "Traceback" not in refused.text
        assert world.changes() == []
    done = world.stack.lictor(*args, env=token(guarded_consul, world.service, enough))
    assert done.code == 0, done.text
    assert len(world.standing(arn)) == 2


def token(consul: Consul, name: str, rules: str) -> dict[str, str]:
    """Make a token with these rules and no others; return the environment that carries it."""
    consul.call("PUT", "/v1/acl/policy", {"Name": name, "Rules": rules})
    made = consul.call("PUT", "/v1/acl/token", {"Policies": [{"Name": name}]})
    return {"CONSUL_HTTP_TOKEN": made["SecretID"]}


def without(rules: str, kind: str) -> str:
    """Return the rules without those of one kind."""
    return "\n\n".join(rule for rule in rules.split("\n\n") if f"\n{kind} " not in rule)


@pytest.mark.long
def test_doctor(world: World) -> None:
    """A line for each thing that a run needs; what is wrong comes with what to do, exit code 1."""
    arn, _ = world.attached(2)
    well = world.stack.lictor("doctor", "--stack", "dev")
    assert well.code == 0, well.text
    assert all(line.startswith("ok  ") for line in well.text.splitlines()), well.text
    for part in ("pulumi: ", "leader: 127.0.0.1:", "web: consul: 2 of 2", "2 targets stand"):
        assert part in well.text
    unknown = arn[:-1] + ("0" if arn[-1] != "0" else "1")
    world.declare(world.group(unknown), consul_address="127.0.0.1:1", consul_token="s3cr3t")  # noqa: S106 - made up
    ill = world.stack.lictor("doctor", "--stack", "dev")
    assert ill.code == 1, ill.text
    failing = [line for line in ill.text.splitlines() if line.startswith("FAIL")]
    for part in ("consul leader: ", "web: consul: ", "web: target group: "):
        assert any(part in line for line in failing), ill.text
    assert "Traceback" not in ill.text
    assert "s3cr3t" not in ill.text
