"""Ways to the stand-in, without the settings of whoever runs the tests."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest
from botocore.retries.standard import ExponentialBackoff

from lictor.aws import budget
from lictor.model import AWSAccess

if TYPE_CHECKING:
    from tests.fakes.aws.client import StandIn

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def shared(standin: StandIn) -> AWSAccess:
    """Return one way to the stand-in for all whose calls go well."""
    return make_access(standin)


@pytest.fixture
def access(shared: AWSAccess) -> AWSAccess:
    """Return the shared way, unless a module has its own."""
    return shared


@pytest.fixture
def own_access(standin: StandIn) -> AWSAccess:
    """Return a way of the test's own: botocore lets each client fail only so often in a row."""
    return make_access(standin)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No AWS settings of whoever runs the tests; botocore's new tries and our budget at once."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.001)
    plenty = budget.Budgets(lambda: budget.Bucket(burst=1_000_000))
    monkeypatch.setattr(budget, "OF_PROCESS", plenty)


def make_access(standin: StandIn) -> AWSAccess:
    """Make a way to the stand-in with keys of its own, and so a client of its own."""
    endpoints = tuple((name, standin.url) for name in ("ec2", "elbv2", "sts"))
    return AWSAccess(
        region=standin.region,
        access_key=f"AKIA{next(_NUMBERS):016}",
        secret_key="secret",  # noqa: S106 - nothing checks it
        endpoints=endpoints,
    )
