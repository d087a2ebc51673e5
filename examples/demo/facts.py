"""What Consul, the stack and the load balancer say just now, each asked in its own way.

Nothing of lictor is used: a fault of its would be a fault of the comparison, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from examples.demo.comparison import PASSING, Observed
from examples.demo.stack import GROUP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from examples.demo.world import World

_CHANGING = ("RegisterTargets", "DeregisterTargets")


def observe(world: World) -> Observed:
    """Ask all three."""
    entries = world.consul.call("GET", f"/v1/health/service/{GROUP}")
    return Observed(
        consul=dict(_instance(entry) for entry in entries),
        stack=_recorded(world.stack.outputs()),
        balancer=world.aws.targets(world.arn),
    )


def _instance(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Read an instance of a service: its target's key and its worst status."""
    states = {check["Status"] for check in entry["Checks"]}
    bad = sorted(states - {PASSING})
    key = f"{entry['Node']['Meta']['instance-id']}:{entry['Service']['Port']}"
    return key, bad[0] if bad else PASSING


def _recorded(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Read a resource's outputs; what is held must be attached as well."""
    attached, held = set(outputs.get("attached", ())), set(outputs.get("held", ()))
    return {
        **dict.fromkeys(attached, "attached"),
        **dict.fromkeys(outputs.get("foreign", ()), "foreign"),
        **{key: "held" if key in attached else "lost" for key in held},
        **dict.fromkeys(outputs.get("failed", ()), "failed"),
    }


def calls_made(world: World) -> int:
    """Count the calls that were to change the group."""
    return sum(call["operation"] in _CHANGING for call in world.aws.calls(target_group=world.arn))
