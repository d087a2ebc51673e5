"""What is said at the start, in consul-esm's lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lictor.settings.monitor import Monitor


def text(told: Monitor, ident: str) -> str:
    """Write the banner."""
    rows = (
        ("Datacenter", told.datacenter or "(default)"),
        ("Partition", told.partition or "(default)"),
        ("Service", told.consul_service),
        ("Service Tag", told.consul_service_tag),
        ("Service ID", ident),
        ("Node Reconnect Timeout", told.node_reconnect_timeout),
        ("Disable coordinates", str(told.disable_coordinate_updates).lower()),
        ("Statsd address", told.telemetry.statsd_address),
        ("Metrix prefix", told.telemetry.metrics_prefix),
    )
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:>{width + 2}}: {value!r}".replace("'", '"') for name, value in rows]
    return "\n".join(
        ["Consul ESM running!", *lines, "", "Log data will now stream in as it occurs:", ""]
    )
