"""What all tests of a worker share: one stand-in for AWS, and one Consul of each kind.

Agents and stand-ins cost seconds to start and some of the processor for as long as they live.
Whoever changes what others see starts their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import consul as consuls
from tests.fakes.aws import process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul

ROOT_TOKEN = "6d1b7b9e-root-token"  # noqa: S105 - the tests' own


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    """Run a stand-in for AWS."""
    with process.start() as running:
        yield running


@pytest.fixture(scope="session")
def consul() -> Iterator[Consul]:
    """Run a Consul without ACLs."""
    with consuls.start() as running:
        yield running


@pytest.fixture(scope="session")
def guarded_consul() -> Iterator[Consul]:
    """Run a Consul that denies by default; its token may do everything."""
    with consuls.start(token=ROOT_TOKEN) as running:
        yield running
