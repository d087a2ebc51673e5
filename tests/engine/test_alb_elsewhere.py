"""Files of consul-ec2-alb whose state is in a backend that hosts share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.engine.albs import Alb

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.world import World


@dataclass(frozen=True)
class Shared:
    """Two hosts with the same files, which have two targets to register.

    Attributes:
        one: A host.
        other: Another one, with a state folder of its own.
        arn: The group.
        keys: The targets.
        backend: Folder of the backend.
        words: The backend and the files, as both hosts name them.
    """

    one: Alb
    other: Alb
    arn: str
    keys: list[str]
    backend: Path
    words: tuple[str, ...]

    @property
    def world(self) -> World:
        """Consul, AWS and names of the test."""
        return self.one.world


@pytest.fixture
def shared(alb: Alb) -> Shared:
    """Have two hosts, and a backend in which nothing is yet."""
    world = alb.world
    arn = world.aws.create_group(world.service)
    path = alb.write(alb.group(arn))
    backend = alb.folder / "backend"
    backend.mkdir()
    words = ("--state", f"file://{backend}", str(path))
    other = Alb(world, alb.folder, {"XDG_STATE_HOME": str(alb.folder / "other")})
    return Shared(alb, other, arn, world.fleet(2), backend, words)


@pytest.mark.long
def test_state_elsewhere(shared: Shared) -> None:
    """Any backend: hosts with states and passphrases of their own go on where another one ended."""
    world, alb, other, words = shared.world, shared.one, shared.other, shared.words
    alb.run("up", *words).ok()
    assert world.standing(shared.arn) == sorted(shared.keys)
    assert list(shared.backend.rglob("*.json")), "the state is not there"
    world.aws.clear_calls()
    for host in (other, alb, other):
        assert f"{world.service} +0 -0 =2" in host.run("up", *words).ok().text
    assert world.changes() == []
    (added,) = world.fleet(1, first=2)
    assert f"{world.service} + {added}" in other.run("up", *words).ok().text
    (lost,) = (alb.folder / "state").rglob("passphrase")
    lost.unlink()
    env = {"PULUMI_CONFIG_PASSPHRASE": "another stack's", "PULUMI_STACK": "another"}
    done = Alb(world, alb.folder, env).run("up", *words).ok()
    assert f"{world.service} +0 -0 =3" in done.text


@pytest.mark.long
@pytest.mark.timeout(120)
def test_a_look_at_a_state_elsewhere(shared: Shared) -> None:
    """From a host that never ran it: as the first one sees it; a backend that fails is an error."""
    world, alb, other, words = shared.world, shared.one, shared.other, shared.words
    assert "+2 -0" in other.run("preview", *words).ok().text
    assert not list(shared.backend.rglob("*.json")), "a look makes no stack"
    alb.run("up", *words).ok()
    world.aws.clear_calls()
    assert f"{world.service} +0 -0 =2" in other.run("preview", *words).ok().text
    status = other.run("status", *words).ok().text
    assert all(key.split(":")[0] in status for key in shared.keys), status
    doctor = other.run("doctor", *words)
    assert doctor.text == alb.run("doctor", *words).text
    with other.watching("--dry-run", *words) as watch:
        watch.until(lambda: watch.told("+0 -0 =2"))
        assert watch.end() == 0
    assert world.changes() == []
    assert not (alb.folder / "other").exists()
    shared.backend.rename(alb.folder / "gone")
    for host, verb in ((other, "preview"), (alb, "status"), (other, "doctor")):
        done = host.run(verb, *words)
        assert done.code != 0
        assert "cannot be looked for in file:///" in done.text
