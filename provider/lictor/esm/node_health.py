"""What is written of a pinged node, as operations of a transaction: pure."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from lictor.esm import gotime
from lictor.esm.ledger import NODE_CHECK

if TYPE_CHECKING:
    from datetime import datetime

    from lictor.consul.aio.wire import Node, Pair, Row

ALIVE = "Node alive or reachable"
DEAD = "Node not live or unreachable"


def check(node: Node, row: Row | None, status: str, output: str) -> dict[str, Any]:
    """Write the node's check, where it is still as it was told."""
    body = {
        "Node": node.node,
        "CheckID": NODE_CHECK,
        "Name": "External Node Status",
        "Status": status,
        "Output": output,
        "ModifyIndex": row.modify_index if row is not None else 0,
    }
    if node.partition:
        body["Partition"] = node.partition
    return {"Check": {"Verb": "cas", "Check": body}}


def death(path: str, key: Pair | None, died: datetime) -> dict[str, Any]:
    """Keep when it died, in place of what the key says now."""
    value = base64.b64encode(gotime.write(died)).decode()
    verb = "cas" if key is None else "set"
    return {"KV": {"Verb": verb, "Key": path, "Value": value, "Index": 0}}


def forgotten(key: Pair) -> dict[str, Any]:
    """Forget when it died."""
    return {"KV": {"Verb": "delete-cas", "Key": key.key, "Index": key.modify_index}}


def end(node: Node) -> dict[str, Any]:
    """Take the node out with all that is on it, where it is still as it was told."""
    body: dict[str, Any] = {
        "Node": node.node,
        "Address": node.address,
        "ModifyIndex": node.modify_index,
    }
    if node.partition:
        body["Partition"] = node.partition
    return {"Node": {"Verb": "delete-cas", "Node": body}}
