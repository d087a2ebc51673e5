"""What Consul, the stack and the load balancer say just now, each asked in its own way.

Nothing of lictor is used: a fault of its would be a fault of the comparison, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from examples.demo.comparison import PASSING, Observed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from examples.demo.world import Group, World

_CHANGING = ("RegisterTargets", "DeregisterTargets")


def observe(world: World, group: Group) -> Observed:
    """Ask all three."""
    entries = world.consul.call("GET", f"/v1/health/service/{group.name}")
    return Observed(
        consul=dict(_instance(entry) for entry in entries),
        stack=_recorded(group.stack.outputs(group.name)),
        balancer=world.aws.targets(group.arn),
    )


def _instance(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Read an instance of a service: its target's key and its worst status."""
    states = {check["Status"] for check in entry["Checks"]}
    bad = sorted(states - {PASSING})
    node, port = entry["Node"], entry["Service"]["Port"]
    return f"{node['Meta'].get('instance-id', node['Address'])}:{port}", bad[0] if bad else PASSING


def _recorded(outputs: Mapping[str, Any]) -> dict[str, str]:
    """Read a resource's outputs; what is held must be attached as well."""
    attached, held = set(outputs.get("attached", ())), set(outputs.get("held", ()))
    return {
        **dict.fromkeys(attached, "attached"),
        **dict.fromkeys(outputs.get("foreign", ()), "foreign"),
        **{key: "held" if key in attached else "lost" for key in held},
        **dict.fromkeys(outputs.get("failed", ()), "failed"),
    }


def calls_made(world: World, group: Group) -> int:
    """Count the calls that were to change the group."""
    return sum(call["operation"] in _CHANGING for call in world.aws.calls(target_group=group.arn))
