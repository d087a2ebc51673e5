"""Checks by gRPC and by pings of HTTP/2."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.fakes import odd_consul
from tests.fakes import speaker as speakers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.certificates import Authority
    from tests.fakes.endpoint import Endpoint
    from tests.fakes.monitor import Catalog
    from tests.fakes.speaker import Speaker

pytestmark = pytest.mark.xdist_group("esm-shared")


@pytest.fixture
def speaker() -> Iterator[Speaker]:
    """Run a server of gRPC."""
    with speakers.start() as running:
        yield running


def test_grpc(catalog: Catalog, speaker: Speaker) -> None:
    """SERVING passes, all else is critical; the service is the one that is named."""
    target = f"127.0.0.1:{speaker.port}/a.b.Service"
    node = catalog.check({"GRPC": target})
    assert catalog.becomes(node, "passing")["Output"] == f"gRPC check {target}: success"
    assert b"a.b.Service" in speaker.asked[0]
    speaker.status = 2
    said = catalog.becomes(node, "critical")["Output"]
    assert said == f"gRPC {target} serving status: NOT_SERVING"


def test_grpc_that_says_no(catalog: Catalog, speaker: Speaker) -> None:
    """An error of gRPC is told by its name."""
    speaker.status = None
    node = catalog.check({"GRPC": f"127.0.0.1:{speaker.port}"}, status="passing")
    said = catalog.becomes(node, "critical")["Output"]
    assert said == "rpc error: code = NotFound desc = unknown service"


def test_grpc_over_tls(catalog: Catalog, authority: Authority) -> None:
    """`GRPCUseTLS` with a trusted authority, and with none at all."""
    pair = authority.pair("grpc")
    context = odd_consul.server_tls(pair.cert, pair.key)
    context.set_alpn_protocols(["h2"])
    with speakers.start(context) as running:
        target = {"GRPC": f"127.0.0.1:{running.port}", "GRPCUseTLS": True}
        trusted = catalog.check(target)
        wrong = catalog.check({**target, "TLSServerName": "wrong.example"}, status="passing")
        skipped = catalog.check({**target, "TLSServerName": "wrong.example", "TLSSkipVerify": True})
        catalog.becomes(trusted, "passing")
        catalog.becomes(skipped, "passing")
        assert "failed to verify" in catalog.becomes(wrong, "critical")["Output"]


def test_no_grpc(catalog: Catalog, endpoint: Endpoint) -> None:
    """A server of plain HTTP is none."""
    node = catalog.check({"GRPC": f"127.0.0.1:{endpoint.port}"}, status="passing")
    assert re.search("http2: |no answer of gRPC", catalog.becomes(node, "critical")["Output"])


def test_h2_ping(catalog: Catalog, speaker: Speaker) -> None:
    """A ping that is answered passes; the definition survives being written."""
    definition = {"H2PING": f"127.0.0.1:{speaker.port}", "H2PingUseTLS": False}
    node = catalog.check(definition)
    assert "was successful" in catalog.becomes(node, "passing")["Output"]
    assert catalog.read(node)["Definition"]["H2PING"] == definition["H2PING"]
