"""Instances of a service, as Consul names them."""

from __future__ import annotations

from typing import Any

from lictor.model import Instance, Status


def make_instance(number: int = 1, /, **changes: Any) -> Instance:  # noqa: ANN401 - any fields
    """Make a passing instance of ``web`` on ``node-NUMBER`` at 10.0.0.NUMBER:8080."""
    fields: dict[str, Any] = {
        "service": "web",
        "service_id": f"web-{number}",
        "node": f"node-{number}",
        "datacenter": "dc1",
        "node_address": f"10.0.0.{number}",
        "address": "",
        "port": 8080,
        "status": Status.PASSING,
    }
    return Instance(**{**fields, **changes})
