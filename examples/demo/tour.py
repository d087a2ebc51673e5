"""How to look around: addresses, and a file to source for the commands."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from examples.demo import screen

if TYPE_CHECKING:
    from pathlib import Path

    from examples.demo.trigger import Trigger
    from examples.demo.world import World

_OURS = ("PATH", "PULUMI_", "CONSUL_", "AWS_")

_CHECK = """
# check NODE passing|critical: change what the check of {service} on NODE says
check() {{
  id="{service}-$1"
  curl -sS -o /dev/null -X PUT "$CONSUL_HTTP_ADDR/v1/txn" -d '[{{"Check": {{"Verb": "set",
    "Check": {{"Node": "'"$1"'", "CheckID": "check:'"$id"'", "Name": "alive",
              "ServiceID": "'"$id"'", "Status": "'"$2"'"}}}}}}]'
}}
"""


def offer(world: World, watch: Trigger, *, stay: bool) -> None:
    """Say where to look; with `stay`, keep everything up until somebody presses Ctrl-C."""
    if not stay:
        screen.tell("To look around, keep it running: make demo STAY=1")
        return
    web, rc = world.web, _write_rc(world)
    screen.tell("Everything stays up, the watch included, until you press Ctrl-C. Look around:")
    screen.show(
        [
            f"Consul         {world.consul.url}/ui/dc1/services/{web.name}/instances",
            f"target groups  {world.aws.url}/_standin/",
            f"calls to AWS   {world.aws.url}/_standin/calls",
            f"the watch      tail -f {watch.log}",
            "",
            "and in another terminal:",
            f"  . {rc}",
            f"  cd {web.stack.project}",
            "  check node-3 critical        # let an instance fail; `passing`: come back",
            f"  pulumi preview --diff --stack {web.stack.name}",
            f"  pulumi stack output targetGroups --stack {web.stack.name}",
            '  aws elbv2 describe-target-health --target-group-arn "$TARGET_GROUP_ARN"',
        ]
    )

    def gone() -> None:
        watch.check()

    world.patience.until(gone, float("inf"))


def _write_rc(world: World) -> Path:
    """Write what a shell must know; only its owner may read it, for the passphrase."""
    env = {key: text for key, text in world.web.stack.env.items() if key.startswith(_OURS)}
    env["TARGET_GROUP_ARN"] = world.web.arn
    rc = world.web.stack.folder / "env"
    rc.touch(0o600)
    exports = "".join(f"export {key}={shlex.quote(text)}\n" for key, text in env.items())
    rc.write_text(exports + _CHECK.format(service=world.web.name))
    return rc
