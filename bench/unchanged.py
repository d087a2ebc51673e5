"""What a run asks of AWS when nothing has changed: counted, not timed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from bench.stage import UP, stage, timed

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = """
| 10 groups by           | command | writes | describes | goal                         |
| ---------------------- | ------- | -----: | --------: | ---------------------------- |
""".strip()

_GOAL = "no write, 1 describe at most"
_COMMANDS = {
    "preview": (("preview",), _GOAL),
    "up": (UP, _GOAL),
    "refresh": (("refresh", "--yes", "--skip-preview"), "no write, 1 for each group"),
}
_KINDS: dict[str, dict[str, Any]] = {
    "instance ids in Consul": {},
    "ip addresses": {"target_type": "ip"},
    "EC2 look-up": {"targetId": "ec2-lookup"},
}


def measure(groups: int, size: int) -> Iterator[str]:
    """Count the calls of each command on stacks that have converged."""
    with stage() as on:
        services = [f"web{number}" for number in range(groups)]
        for service in services:
            on.fleet(service, size)
        for number, (kind, more) in enumerate(_KINDS.items()):
            stack = on.attach(f"kind-{number}", *services, **more)
            timed(stack, *UP)
            for name, (command, goal) in _COMMANDS.items():
                on.aws.clear_calls()
                timed(stack, *command)
                calls = Counter("Describe" in call["operation"] for call in on.aws.calls())
                yield f"| {kind:22} | {name:7} | {calls[False]:6} | {calls[True]:9} | {goal:28} |"
