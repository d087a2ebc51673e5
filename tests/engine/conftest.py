"""One Consul and one AWS stand-in for the session; a stack, a service and a group for each test."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine.world import World
from tests.fakes import consul as consuls
from tests.fakes.aws import process
from tests.fakes.path import ROOT
from tests.fakes.pulumi import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul

_NUMBERS = itertools.count()

SDKS = {"newest": "", "lowest": str(ROOT / ".tools/sdk-lowest")}
"""Name -> what goes on PYTHONPATH: the virtual environment itself has the newest."""


@pytest.fixture(scope="session")
def aws() -> Iterator[StandIn]:
    """Run the AWS stand-in."""
    with process.start() as running:
        yield running


@pytest.fixture(scope="session")
def consul() -> Iterator[Consul]:
    """Run a Consul without ACLs."""
    with consuls.start() as running:
        yield running


@pytest.fixture(scope="session")
def guarded_consul() -> Iterator[Consul]:
    """Run a Consul that denies by default."""
    with consuls.start(token="00000000-0000-0000-0000-00000000c0de") as running:  # noqa: S106 - a made-up token
        yield running


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Make a stack without resources, of which each test gets a copy: quicker than making it."""
    return Stack(tmp_path_factory.mktemp("blank")).create()


@pytest.fixture
def sdk() -> str:
    """Name the SDK that a test runs with; tests parametrise it."""
    return "newest"


@pytest.fixture
def world(aws: StandIn, consul: Consul, blank: Stack, sdk: str, tmp_path: Path) -> World:
    """Give a test a stack and names of its own."""
    aws.reset()
    assert not SDKS[sdk] or Path(SDKS[sdk], "pulumi").is_dir(), f"{SDKS[sdk]} is missing: make test"
    env = {**aws.environment(), "PYTHONPATH": SDKS[sdk]}
    return World(aws, consul, blank.copy(tmp_path, env), f"web{next(_NUMBERS)}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked so with both ends of the SDKs that are supported.

    The lowest one every time where it is marked `everytime`, else with the long tests: what SDKs
    differ in is how errors and lives of resources are shown, and that is marked.
    """
    mark = metafunc.definition.get_closest_marker("both_sdks")
    if mark:
        marks = () if mark.kwargs.get("everytime") else (pytest.mark.long,)
        metafunc.parametrize("sdk", ["newest", pytest.param("lowest", marks=marks)])
