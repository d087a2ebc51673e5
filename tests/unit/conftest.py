"""The stand-in as new before each test."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.aws.client import StandIn

_NUMBERS = itertools.count(1)


@pytest.fixture
def aws(standin: StandIn) -> StandIn:
    """Hand out the stand-in without faults, rules and log; old groups do no harm."""
    standin.reset()
    return standin


@pytest.fixture
def make_group(aws: StandIn) -> Callable[..., str]:
    """Return a maker of target groups with names of their own."""

    def make(target_type: str = "ip", port: int = 80, *, attached: bool = True) -> str:
        name = f"group-{next(_NUMBERS)}"
        return aws.create_group(name, target_type, port, attached=attached)

    return make
