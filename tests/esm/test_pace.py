"""When checks are run: none waits for another, and none is run too often."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.fakes import endpoint as endpoints
from tests.fakes.endpoint import OK
from tests.fakes.monitor import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.endpoint import Endpoint
    from tests.fakes.monitor import Catalog

pytestmark = pytest.mark.xdist_group("esm-shared")


@pytest.mark.long
def test_others_are_not_late(catalog: Catalog, endpoint: Endpoint) -> None:
    """Thirty endpoints that hang or flood hold up no other one."""
    with endpoints.start() as bad:
        bad.says(endpoints.hang)
        nodes = [
            catalog.check({"HTTP": bad.url, "Timeout": "5s"}, status="passing") for _ in range(30)
        ]
        catalog.check({"HTTP": endpoint.url})
        until(lambda: len(endpoint.times) > 4, "five runs")
        gaps = [b - a for a, b in zip(endpoint.times[2:], endpoint.times[3:], strict=False)]
        assert max(gaps) < 2.0, gaps
        for node in nodes:
            catalog.consul.deregister(node)


def test_an_interval_that_is_too_short(catalog: Catalog, endpoint: Endpoint) -> None:
    """A second is the shortest; less is warned of."""
    catalog.becomes(catalog.check({"HTTP": endpoint.url, "Interval": "10ms"}), "passing")
    until(lambda: len(endpoint.times) > 4, "five runs")
    gaps = [b - a for a, b in zip(endpoint.times[2:], endpoint.times[3:], strict=False)]
    assert min(gaps) > 0.9


@pytest.mark.long
def test_slow_endpoints_are_asked_an_interval_after_they_answered(catalog: Catalog) -> None:
    """The next run begins when an interval has passed since the end of the last."""
    with endpoints.start() as slow:

        def rule(_: bytes) -> Iterator[bytes]:
            time.sleep(0.6)
            yield OK

        slow.says(rule)
        catalog.becomes(catalog.check({"HTTP": slow.url}), "passing")
        until(lambda: len(slow.times) > 4, "five runs")
        gaps = [b - a for a, b in zip(slow.times[2:], slow.times[3:], strict=False)]
        assert min(gaps) > 1.5
