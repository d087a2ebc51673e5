"""What checks of all kinds have in common, and what those without a protocol say."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.consul import free_ports

if TYPE_CHECKING:
    from tests.fakes.endpoint import Endpoint
    from tests.fakes.monitor import Catalog

pytestmark = pytest.mark.xdist_group("esm-shared")

BAD: dict[str, tuple[dict[str, Any], str]] = {
    "scheme": ({"HTTP": "ftp://127.0.0.1/"}, "unsupported protocol scheme"),
    "no host": ({"HTTP": "http:///x"}, "is no URL"),
    "no URL": ({"HTTP": "http://[::1/"}, "is no URL"),
    "port": ({"HTTP": "http://127.0.0.1:99999/"}, "is no URL"),
    "space": ({"HTTP": "http://127.0.0.1 b/"}, "is no URL"),
    "method": ({"HTTP": "http://127.0.0.1/", "Method": "GE T"}, "no method of HTTP"),
    "header": ({"HTTP": "http://127.0.0.1/", "Header": {"X": ["a\r\nB: c"]}}, "cannot be sent"),
    "no port": ({"TCP": "127.0.0.1"}, "missing port"),
    "TCP port": ({"TCP": "127.0.0.1:0"}, "invalid port"),
    "gRPC port": ({"GRPC": "127.0.0.1:x/y"}, "invalid port"),
    "negative": ({"HTTP": "http://127.0.0.1/", "Interval": "-3s"}, "negative"),
    "DNS": ({"HTTP": "http://nothing.invalid/"}, "lookup nothing.invalid"),
    "long name": ({"TCP": f"{'a' * 300}:80"}, "no name of a host"),
    "refused": ({"HTTP": "http://127.0.0.1:1/"}, "dial tcp 127.0.0.1:1: connect: connection ref"),
    "TCP refused": ({"TCP": "127.0.0.1:1"}, "dial tcp 127.0.0.1:1: connect: connection refused"),
    "gRPC refused": ({"GRPC": "127.0.0.1:1"}, "connection refused"),
    "h2 refused": ({"H2PING": "127.0.0.1:1"}, "connection refused"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be(catalog: Catalog, name: str) -> None:
    """A definition that cannot be, or a place that is not there, is critical and says why."""
    definition, output = BAD[name]
    if name == "negative":
        definition = {**definition, "HTTP": "http://127.0.0.1:1/"}
    node = catalog.check(definition, status="passing")
    assert output in catalog.becomes(node, "critical")["Output"]


def test_nothing_to_run(catalog: Catalog) -> None:
    """A check without anything to probe is left as it is."""
    left = catalog.check({"TTL": "10s"}, status="warning")
    other = catalog.check({"TCP": "127.0.0.1:1"}, status="passing")
    catalog.becomes(other, "critical")
    assert catalog.status(left) == "warning"


def test_tcp(catalog: Catalog, endpoint: Endpoint) -> None:
    """A connection that comes about passes."""
    node = catalog.check({"TCP": f"localhost:{endpoint.port}"})
    said = catalog.becomes(node, "passing")["Output"]
    assert said == f"TCP connect localhost:{endpoint.port}: Success"


def test_http_before_tcp(catalog: Catalog, endpoint: Endpoint) -> None:
    """Of several kinds in one definition the first counts."""
    node = catalog.check({"HTTP": endpoint.url, "TCP": "127.0.0.1:1", "GRPC": "127.0.0.1:1"})
    assert "HTTP GET" in catalog.becomes(node, "passing")["Output"]


def test_udp(catalog: Catalog) -> None:
    """Who listens need not answer; a port that is closed is critical."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{listening.getsockname()[1]}"
        node = catalog.check({"UDP": place})
        assert catalog.becomes(node, "passing")["Output"] == f"UDP connect {place}: Success"
    assert "connection refused" in catalog.becomes(node, "critical")["Output"]
    assert catalog.read(node)["Definition"]["UDP"] == place


def test_alias(catalog: Catalog) -> None:
    """An alias stands where what it names stands: the worst of its checks, itself left out."""
    consul = catalog.consul
    consul.register("aliased", "alias-node", "10.0.0.9", status="warning")
    service = catalog.check({"AliasNode": "alias-node", "AliasService": "aliased-alias-node"})
    node = catalog.check({"AliasNode": "alias-node"})
    lost = catalog.check({"AliasNode": "no-such-node"}, status="passing")
    assert 'Aliased check "alive" failing' in catalog.becomes(service, "warning")["Output"]
    assert "could not be found" in catalog.becomes(lost, "critical")["Output"]
    own = catalog.check({"AliasNode": "own-node"}, node="own-node")
    catalog.becomes(own, "passing")
    consul.check("aliased", "alias-node", "passing")
    assert catalog.becomes(service, "passing")["Output"] == "All checks passing."
    catalog.becomes(node, "passing")
    consul.deregister("alias-node")
    catalog.becomes(node, "critical")


def test_nobody_listens_any_more(catalog: Catalog) -> None:
    """A server that goes away is critical, and passes when it is back."""
    (port,) = free_ports(1)
    node = catalog.check({"TCP": f"127.0.0.1:{port}"}, status="passing")
    catalog.becomes(node, "critical")
    with socket.create_server(("127.0.0.1", port)):
        catalog.becomes(node, "passing")
    catalog.becomes(node, "critical")
