"""From an endpoint that nobody's agent knows to a load balancer: declared, monitored, attached."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.engine.watches import watching
from tests.fakes import endpoint as endpoints
from tests.fakes import monitor as monitors

if TYPE_CHECKING:
    from tests.engine.world import World

ADDRESSES = ("10.9.0.1", "10.9.0.2")
FAILS = endpoints.answer("500 Broken")


@pytest.mark.timeout(180)
def test_an_external_endpoint_becomes_a_target(world: World) -> None:
    """It enters the target group when its check passes, and leaves it when the check fails."""
    service, arn = world.service, world.aws.create_group(world.service, "ip")
    settings = monitors.apart(service)
    with ExitStack() as ends:
        outside = [ends.enter_context(endpoints.start()) for _ in ADDRESSES]
        outside[1].says(FAILS)
        nodes = [
            {
                "name": f"{service}-{number}",
                "address": address,
                "nodeMeta": settings["external_node_meta"],
                "services": [{"name": service, "port": 8080}],
                "checks": [
                    {"name": "http", "service": service, "http": endpoint.url, "interval": "1s"}
                ],
            }
            for number, (address, endpoint) in enumerate(zip(ADDRESSES, outside, strict=True))
        ]
        group = {"name": "web", "targetGroupArn": arn, "service": service}
        world.stack.configure(
            {
                "consul:address": world.consul.address,
                "lictor:externalNodes": nodes,
                "lictor:targetGroups": [group],
            }
        )
        first, second = (f"{address}:8080" for address in ADDRESSES)
        watch = ends.enter_context(watching(world))
        watch.until(lambda: watch.told(f"{service}-1 +"))
        assert world.standing(arn) == []
        ends.enter_context(monitors.start(world.consul, world.stack.folder, settings))
        watch.until(partial(stands, world, arn, [first]))
        outside[1].says(endpoints.OK)
        watch.until(partial(stands, world, arn, [first, second]))
        world.aws.advance(60)  # both are healthy, so one may go
        outside[0].says(FAILS)
        watch.until(partial(stands, world, arn, [second]))
        assert watch.end() == 0
    assert sorted(world.outputs()["attached"]) == [second]
    world.stack.destroy().ok()
    assert world.standing(arn) == []
    assert world.consul.call("GET", f"/v1/catalog/service/{service}") == []


def stands(world: World, arn: str, keys: list[str]) -> bool:
    """Whether these targets stand in a group, and no others."""
    return world.standing(arn) == keys
