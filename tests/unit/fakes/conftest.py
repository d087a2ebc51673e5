"""The stand-in as boto3 sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client as Elbv2

    from tests.fakes.aws.client import StandIn

ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="session")
def elbv2(standin: StandIn) -> Elbv2:
    """Return a client that tries once, so that each fault is seen."""
    return standin.boto3("elbv2", ONCE)
