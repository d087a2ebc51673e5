"""What the monitor tells of itself: metrics, health, statsd."""

from __future__ import annotations

import json
import platform
import re
import socket
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import monitor as monitors
from tests.fakes.consul import free_ports
from tests.fakes.monitor import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.consul import Consul
    from tests.fakes.endpoint import Endpoint

pytestmark = pytest.mark.xdist_group("esm-own")

GAUGES = {
    "esm_agent_isLeader": 1.0,
    "esm_agents_healthy": 1.0,
    "esm_nodes_monitored": 2.0,
    "esm_services_monitored": 1.0,
    "esm_checks_count": 2.0,
    "esm_checks_healthy": 1.0,
    "esm_checks_unhealthy": 1.0,
}


TIMES = ("checks_update", "check_batch_flush", "esm_checks_fetch_and_update_duration")


def fetched(url: str) -> tuple[int, str]:
    """Ask for a page."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def read(text: str) -> dict[str, float]:
    """Read metrics of Prometheus, without labels."""
    found = re.findall(r"^(\w+)(?:\{[^}]*\})? ([^ \n]+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_metrics_and_health(consul: Consul, tmp_path: Path, endpoint: Endpoint) -> None:
    """Under consul-esm's names, with values, though no filter is set; and what it has not."""
    (port,) = free_ports(1)
    settings: dict[str, Any] = {
        **monitors.apart("metrics"),
        "client_address": f"127.0.0.1:{port}",
        "enable_debug": True,
        "telemetry": {"prometheus_retention_time": "1m", "circonus_api_token": "x"},
    }
    catalog = monitors.catalog(consul, settings)
    with monitors.start(consul, tmp_path, settings) as running:
        running.says("circonus_api_token is accepted and does nothing")
        catalog.becomes(catalog.check({"HTTP": endpoint.url}, service="web"), "passing")
        until(
            lambda: (
                catalog.status(catalog.check({"TCP": "127.0.0.1:1"}, node="down")) == "critical"
            ),
            "the other check",
        )
        url = f"http://127.0.0.1:{port}"

        def settled() -> bool:
            metrics = read(fetched(f"{url}/metrics")[1])
            return all(metrics.get(name) == value for name, value in GAUGES.items())

        until(settled, "the gauges")
        metrics = read(fetched(f"{url}/metrics")[1])
        host = re.sub(r"[^a-zA-Z0-9_]", "_", platform.node())
        host = f"_{host}" if host[:1].isdigit() else host
        assert metrics[f"{host}_esm_checks_count"] == 2.0
        assert metrics["esm_checks_runs_total"] > 0
        assert metrics["esm_checks_transitions_total"] >= 1
        assert metrics["check_txn"] > 0
        for name in ("check_txn_retry", "check_txn_batch_size", "coord_txn"):
            assert metrics[name] >= 0
        for name in TIMES:
            assert {name, f"{name}_sum", f"{name}_count"} <= metrics.keys()
        assert metrics["esm_checks_lag_seconds"] < 5
        code, text = fetched(f"{url}/healthz")
        assert (code, json.loads(text)) == (200, {"healthy": True, "leader": True, "troubles": []})
        assert "prober" in fetched(f"{url}/debug/pprof/")[1].split()


def test_health_without_consul(tmp_path: Path, consul: Consul) -> None:
    """503, with the reason; no `/metrics` where nobody asked for it."""
    (port,) = free_ports(1)
    settings = {**monitors.apart("unwell"), "client_address": f"127.0.0.1:{port}"}
    settings["token"] = ""
    with monitors.start(consul, tmp_path, {**settings, "datacenter": "dc9"}) as running:
        running.says("No path to datacenter")
        until(lambda: fetched_or_none(f"http://127.0.0.1:{port}/healthz"), "the server")
        code, text = fetched(f"http://127.0.0.1:{port}/healthz")
        assert code == 503
        assert json.loads(text)["troubles"]
        assert fetched(f"http://127.0.0.1:{port}/metrics")[0] == 404


def fetched_or_none(url: str) -> tuple[int, str] | None:
    """Ask for a page of a server that may not be there yet."""
    try:
        return fetched(url)
    except OSError:
        return None


def test_an_address_in_use(consul: Consul, tmp_path: Path) -> None:
    """Is refused, with the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = {**monitors.apart("in-use"), "client_address": address}
        with monitors.start(consul, tmp_path, settings) as running:
            assert running.ends() == 11
            assert f"client_address {address}" in running.printed()


@pytest.mark.long
def test_statsd_and_dogstatsd(consul: Consul, tmp_path: Path, endpoint: Endpoint) -> None:
    """Datagrams in both forms, filtered by prefix."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tagged,
    ):
        for one in (plain, tagged):
            one.bind(("127.0.0.1", 0))
            one.settimeout(15)
        settings = {
            **monitors.apart("statsd"),
            "telemetry": {
                "metrics_prefix": "pre",
                "statsd_address": f"127.0.0.1:{plain.getsockname()[1]}",
                "dogstatsd_addr": f"127.0.0.1:{tagged.getsockname()[1]}",
                "dogstatsd_tags": ["team:x"],
                "prefix_filter": ["-runtime"],
            },
        }
        catalog = monitors.catalog(consul, settings)
        catalog.check({"HTTP": endpoint.url})
        with monitors.start(consul, tmp_path, settings):
            seen = {plain: "", tagged: ""}

            def told(sock: socket.socket, pattern: str) -> bool:
                seen[sock] += sock.recv(65536).decode() + "\n"
                return bool(re.search(pattern, seen[sock], re.MULTILINE))

            host = re.sub(r"[^a-zA-Z0-9_-]", "_", platform.node())
            until(lambda: told(plain, rf"^pre\.{host}\.esm\.checks\.count:1\|g$"), "statsd")
            until(lambda: told(plain, r"^pre\.esm\.checks\.runs:\d+\|c$"), "a counter")
            until(lambda: told(tagged, r"^pre\.esm\.checks\.count:1\|g\|#team:x,host:"), "tags")
            assert "runtime" not in seen[plain]
