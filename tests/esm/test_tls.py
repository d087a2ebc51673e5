"""Checks over TLS: whom they trust, what they show, and how they go through a proxy."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lictor.esm import kinds
from lictor.esm.probes.dialing import Dialer
from lictor.esm.probes.trust import Trust
from tests.fakes import endpoint as endpoints
from tests.fakes import odd_consul, proxy
from tests.fakes.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.endpoint import Endpoint
    from tests.fakes.monitor import Catalog

pytestmark = pytest.mark.xdist_group("esm-shared")


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[Endpoint]:
    """Run an endpoint of the authority, that asks for certificates of it."""
    pair = authority.pair("secure")
    with endpoints.start(odd_consul.server_tls(pair.cert, pair.key, authority.cert)) as running:
        yield running


@pytest.fixture(scope="module")
def strange(folder: Path) -> Iterator[Endpoint]:
    """Run an endpoint of an authority that nobody trusts."""
    other = Authority(folder, "other")
    pair = other.pair("strange")
    with endpoints.start(odd_consul.server_tls(pair.cert, pair.key)) as running:
        yield running


def test_tls(catalog: Catalog, secure: Endpoint) -> None:
    """Authority and client certificate of the settings are used; for TCP, too."""
    https = catalog.check({"HTTP": secure.url})
    tcp = catalog.check({"TCP": f"127.0.0.1:{secure.port}", "TCPUseTLS": True})
    assert "200 OK" in catalog.becomes(https, "passing")["Output"]
    assert "Success" in catalog.becomes(tcp, "passing")["Output"]


def test_tls_that_is_not_trusted(catalog: Catalog, strange: Endpoint) -> None:
    """An unknown authority is critical; `TLSSkipVerify` asks nothing."""
    https = catalog.check({"HTTP": strange.url}, status="passing")
    tcp = catalog.check({"TCP": f"127.0.0.1:{strange.port}", "TCPUseTLS": True}, status="passing")
    plain = catalog.check({"TCP": f"127.0.0.1:{strange.port}"})
    skipped = catalog.check({"HTTP": strange.url, "TLSSkipVerify": True, "TLSServerName": "x.y"})
    assert "failed to verify certificate" in catalog.becomes(https, "critical")["Output"]
    assert "failed to verify certificate" in catalog.becomes(tcp, "critical")["Output"]
    catalog.becomes(plain, "passing")
    catalog.becomes(skipped, "passing")
    assert "x.y" in strange.names


def test_a_server_name(catalog: Catalog, secure: Endpoint) -> None:
    """`TLSServerName` is what the certificate is checked for."""
    wrong = catalog.check({"HTTP": secure.url, "TLSServerName": "wrong.example"}, status="passing")
    right = catalog.check(
        {"HTTP": secure.url.replace("127.0.0.1", "localhost"), "TLSServerName": "127.0.0.1"}
    )
    assert "failed to verify certificate" in catalog.becomes(wrong, "critical")["Output"]
    catalog.becomes(right, "passing")


def test_plain_text_where_tls_is_wanted(catalog: Catalog, endpoint: Endpoint) -> None:
    """What is no TLS is critical."""
    node = catalog.check({"HTTP": endpoint.url.replace("http:", "https:")}, status="passing")
    said = catalog.becomes(node, "critical")["Output"]
    assert re.search("tls: |context deadline exceeded", said)


def test_a_proxy_of_the_environment_is_not_for_this_machine() -> None:
    """What asks 127.0.0.1 goes there directly; other hosts go through the proxy."""
    program = (
        "from lictor.esm.kinds import HTTP; from lictor.esm.probes.http import Request;"
        "near = Request(HTTP('http://127.0.0.1/'), 'http://127.0.0.1/', 'GET', body=True,"
        " secret=True);"
        "far = Request(HTTP('http://far.example/x'), 'http://far.example/x', 'GET', body=True,"
        " secret=True);"
        "print(near.proxy, far.proxy[:2], far.data.split(b' ')[1].decode())"
    )
    env = {**os.environ, "http_proxy": "http://user:pw@proxy.example:3128"}
    said = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == "None ('proxy.example', 3128) http://far.example/x"


def test_tls_through_a_proxy(authority: Authority) -> None:
    """A tunnel is asked for, with the proxy's login, and TLS is spoken in it."""
    pair = authority.pair("tunnelled")
    asked: list[bytes] = []
    with (
        endpoints.start(odd_consul.server_tls(pair.cert, pair.key)) as target,
        proxy.start("far.example:443", target.port, asked) as url,
    ):
        place = ("127.0.0.1", int(url.rpartition(":")[2]), "bG9naW4=")

        async def tunnelled() -> bytes:
            dialer = Dialer(Trust(str(authority.cert)))
            tls = kinds.TLS(name="127.0.0.1")
            line = await dialer.tunnel(place, "far.example", 443, tls)
            await line.send(b"GET / HTTP/1.1\r\n\r\n")
            said = await line.receive()
            line.close()
            return said

        assert b"200 OK" in asyncio.run(tunnelled())
    assert asked[0].startswith(b"CONNECT far.example:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bG9naW4=" in asked[0]
