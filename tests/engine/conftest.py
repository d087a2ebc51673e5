"""A stack, a service and a group for each test."""

from __future__ import annotations

import contextlib
import itertools
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine.albs import Alb
from tests.engine.world import World
from tests.fakes import vault, warm
from tests.fakes.path import OVERLAYS
from tests.fakes.pulumi import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul

_NUMBERS = itertools.count()

SDKS = {"newest": "", "lowest": str(OVERLAYS / "sdk-lowest")}
"""Name -> what goes on PYTHONPATH: the virtual environment itself has the newest."""


@pytest.fixture(scope="session")
def aws(standin: StandIn) -> StandIn:
    """Hand out the AWS stand-in; :func:`world` makes it as new."""
    return standin


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Make a stack without resources, of which each test gets a copy: quicker than making it."""
    with vault.start() as env:
        stack = Stack(tmp_path_factory.mktemp("blank"), env)
        yield stack.create(secrets=vault.PROVIDER)


@pytest.fixture(scope="session")
def pythons() -> Iterator[Callable[[str], str]]:
    """Start Python warm, with what a `PYTHONPATH` brings; see `tests.fakes.warm`."""
    commands: dict[str, str] = {}
    with contextlib.ExitStack() as running:

        def command(modules: str) -> str:
            if modules not in commands:
                commands[modules] = str(running.enter_context(warm.start(modules)))
            return commands[modules]

        yield command


@pytest.fixture
def sdk() -> str:
    """Name the SDK that a test runs with; :func:`pytest_generate_tests` says which."""
    return "newest"


@pytest.fixture
def world(  # noqa: PLR0913, PLR0917 - fixtures
    aws: StandIn,
    consul: Consul,
    blank: Stack,
    pythons: Callable[[str], str],
    sdk: str,
    tmp_path: Path,
) -> World:
    """Give a test a stack and names of its own."""
    aws.reset()
    assert not SDKS[sdk] or Path(SDKS[sdk], "pulumi").is_dir(), f"{SDKS[sdk]} is missing: make test"
    modules = SDKS[sdk]
    env = {**aws.environment(), "PYTHONPATH": modules, "PULUMI_PYTHON_CMD": pythons(modules)}
    return World(aws, consul, blank.copy(tmp_path, env), f"web{next(_NUMBERS)}")


@pytest.fixture
def alb(world: World, tmp_path: Path) -> Alb:
    """Give a test files and a state of its own."""
    folder = tmp_path / "alb"
    folder.mkdir()
    return Alb(world, folder)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the Pulumi SDK of each test on the engine: the lowest or the newest supported one.

    What is marked `both_sdks` runs with both: errors and lives of resources, which SDKs show in
    ways of their own. The others take turns, told by their names; the long tests run them with
    the other one too.
    """
    if "sdk" not in metafunc.fixturenames:
        return
    definition = metafunc.definition
    first, other = sorted(SDKS, reverse=bool(zlib.crc32(definition.name.encode()) & 1))
    sdks: list[object] = [first]
    if definition.get_closest_marker("both_sdks"):
        sdks = [first, other]
    elif not definition.get_closest_marker("long"):
        sdks = [first, pytest.param(other, marks=pytest.mark.long)]
    metafunc.parametrize("sdk", sdks)
