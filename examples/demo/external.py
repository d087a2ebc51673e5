"""The steps of what runs where no agent of Consul is: declared, monitored, attached."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

from examples.demo import child, screen, stack, trigger
from examples.demo.comparison import Due
from examples.demo.scene import Scene
from examples.demo.world import Group
from tests.fakes import endpoint as endpoints

if TYPE_CHECKING:
    from contextlib import AbstractContextManager, ExitStack

    from examples.demo.world import World

NAME = "backend"
NODES = {"10.9.0.1:8080": f"{NAME}-1", "10.9.0.2:8080": f"{NAME}-2"}
"""Target -> node, as stacks/Pulumi.external.yaml has them."""
BROKEN = endpoints.answer("500 Internal Server Error")


def tell(world: World, ends: ExitStack) -> Scene:
    """Tell of two endpoints; monitor and watch go on until `ends` does.

    Returns:
        What was seen.

    Raises:
        Failed: Something is not as it is told.
    """
    one, two = [ends.enter_context(endpoints.start()) for _ in NODES]
    two.says(BROKEN)
    scene = Scene(world, _make(world, one, two))
    first, second = NODES
    screen.head("8  Two endpoints that no agent of Consul knows: external nodes of a second stack")
    screen.tell(
        "`pulumi up` registers them with their checks. Nobody has checked them yet, so they are"
        " critical, and no targets:"
    )
    scene.quote_run(scene.group.stack.run(*stack.UP))
    scene.settle({first: Due.GONE, second: Due.GONE})
    screen.tell(
        f"`lictor esm` checks them every second, and `{trigger.NAME}` follows. {NAME}-1 answers"
        f" 200, {NAME}-2 answers 500:"
    )
    scene.watch = ends.enter_context(trigger.watching(scene.group.stack))
    began = time.monotonic()
    ends.enter_context(_monitor(world, scene.group))
    scene.settle({first: Due.SERVING}, began)
    screen.head(f"9  {NAME}-2 is mended, then {NAME}-1 breaks")
    began = time.monotonic()
    two.says(endpoints.OK)
    scene.settle({second: Due.SERVING}, began)
    began = time.monotonic()
    one.says(BROKEN)
    scene.settle({first: Due.DRAINING}, began)
    return scene


def _make(world: World, *outside: endpoints.Endpoint) -> Group:
    """Make the second stack and its target group; the checks ask the endpoints on loopback."""
    arn = world.aws.create_group(NAME, "ip")
    web = world.web.stack
    made = stack.Stack("external", web.folder, web.env, world.patience)
    checks = {
        f"externalNodes[{number}].checks[0].http": endpoint.url
        for number, endpoint in enumerate(outside)
    }
    made.create(**{"targetGroups[0].targetGroupArn": arn}, **checks)
    return Group(NAME, arn, made, NODES)


def _monitor(world: World, group: Group) -> AbstractContextManager[object]:
    """Run the monitor; its defaults are those of consul-esm."""
    folder = group.stack.folder
    config = folder / "esm.json"
    config.write_text(json.dumps({"external_node_meta": {"external-node": "true"}}))
    command = [sys.executable, "-m", "lictor", "esm", "-config-file", str(config)]
    env = {**group.stack.env, "CONSUL_HTTP_ADDR": world.consul.url}
    return child.running(command, cwd=folder, env=env, log=folder / "esm.log")
