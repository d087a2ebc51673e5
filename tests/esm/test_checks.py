"""What each kind of check says of what it finds, all by one monitor on a real Consul."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest

from lictor.esm import kinds
from lictor.esm.probes.dialing import Dialer
from lictor.esm.probes.trust import Trust
from tests.fakes import endpoint as endpoints
from tests.fakes import odd_consul
from tests.fakes.consul import free_ports
from tests.fakes.endpoint import OK, Endpoint, answer
from tests.fakes.monitor import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.certificates import Authority
    from tests.fakes.monitor import Catalog

pytestmark = pytest.mark.xdist_group("esm-shared")

LOOP = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
)
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK
ANSWERS: dict[str, tuple[Any, str, str]] = {
    "200": (OK, "passing", r"HTTP GET http://[^ ]+: 200 OK Output: hello"),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", "passing", r"204 No Content Output: $"),
    "299": (answer("299 Odd"), "passing", "299 Odd"),
    "429": (answer("429 Too Many Requests", b"wait"), "warning", "429 Too Many Requests.*wait"),
    "300": (answer("300 Multiple Choices"), "critical", "300 Multiple"),
    "304": (b"HTTP/1.1 304 Not Modified\r\n\r\n", "critical", "304"),
    "404": (answer("404 Not Found", b"no"), "critical", "404 Not Found Output: no"),
    "500": (answer("500 Internal Server Error"), "critical", "500 Internal"),
    "chunked": (CHUNKED, "passing", "Output: abcde$"),
    "early hints": (EARLY, "passing", "200 OK Output: hello"),
    "until it hangs up": (b"HTTP/1.0 200 OK\r\n\r\nold", "passing", "Output: old$"),
    "not UTF-8": (answer("200 OK", b"\xff\xfe"), "passing", "Output: \ufffd\ufffd"),
    "the end of a long body": (
        answer("200 OK", b"begin" + b"x" * 5000 + b"the end"),
        "passing",
        "Output: x{4089}the end$",
    ),
    "hangs": (endpoints.hang, "critical", r"context deadline exceeded \(Client.Timeout exceeded"),
    "answers for ever": (endpoints.forever, "critical", "while reading body.*within 1s"),
    "floods": (endpoints.flood, "critical", "larger than 16 MiB|while reading body"),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n\r\n", "critical", "malformed HTTP response"),
    "a status that is none": (b"HTTP/1.1 abc\r\n\r\n", "critical", "malformed HTTP response"),
    "a bad length": (
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "critical",
        "bad Content-Length",
    ),
    "cut short": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "critical", "unexpected EOF"),
    "bad chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "critical",
        "malformed chunked",
    ),
    "headers without end": (
        lambda _: iter([b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"y" * 9000 + b"\r\n"] * 40]),
        "critical",
        "KiB of headers",
    ),
    "hangs up": (b"", "critical", "EOF"),
    "redirects for ever": (LOOP, "critical", "stopped after 10 redirects"),
    "redirects to nowhere": (
        b"HTTP/1.1 302 Found\r\nLocation: ftp://x/\r\n\r\n",
        "critical",
        "cannot be asked",
    ),
}


@pytest.fixture(scope="module")
def answering() -> Iterator[dict[str, Endpoint]]:
    """Run an endpoint for each answer."""
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(endpoints.start()) for name in ANSWERS}
        for name, (rule, _, _) in ANSWERS.items():
            running[name].says(rule)
        yield running


@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_says(catalog: Catalog, answering: dict[str, Endpoint], name: str) -> None:
    """2xx passes, 429 warns, all else and what is no answer is critical, with a clear output."""
    _, status, output = ANSWERS[name]
    other = "passing" if status == "critical" else "critical"
    node = catalog.check({"HTTP": answering[name].url}, status=other)
    said = catalog.becomes(node, status)["Output"]
    assert re.search(output, said, re.DOTALL), said


@pytest.mark.long
def test_others_are_not_late(catalog: Catalog, endpoint: Endpoint) -> None:
    """Thirty endpoints that hang or flood hold up no other one."""
    with endpoints.start() as bad:
        bad.says(endpoints.hang)
        nodes = [
            catalog.check({"HTTP": bad.url, "Timeout": "5s"}, status="passing") for _ in range(30)
        ]
        catalog.check({"HTTP": endpoint.url})
        until(lambda: len(endpoint.times) > 4, "five runs")
        gaps = [b - a for a, b in zip(endpoint.times[2:], endpoint.times[3:], strict=False)]
        assert max(gaps) < 2.0, gaps
        for node in nodes:
            catalog.consul.deregister(node)


def test_what_is_sent(catalog: Catalog, endpoint: Endpoint) -> None:
    """Method, headers, the host's name, body and user of the definition are in the request."""
    definition = {
        "HTTP": endpoint.url.replace("127.", "user:p%20w@127.") + "path?q=1",
        "Method": "PUT",
        "Header": {"X-Two": ["a", "b"], "Host": ["elsewhere"], "User-Agent": ["mine"]},
        "Body": "the body",
    }
    catalog.becomes(catalog.check(definition), "passing")
    head, _, body = endpoint.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "PUT /path?q=1 HTTP/1.1"
    wanted = {"Host: elsewhere", "X-Two: a", "X-Two: b", "User-Agent: mine", "Connection: close"}
    wanted |= {"Accept: text/plain, text/*, */*", "Authorization: Basic dXNlcjpwIHc="}
    assert wanted < set(lines)
    assert body == b"the body"


def test_what_is_sent_of_itself(catalog: Catalog, endpoint: Endpoint) -> None:
    """A plain definition asks with GET, by the names that Consul's own checks have."""
    catalog.becomes(catalog.check({"HTTP": endpoint.url}), "passing")
    request = endpoint.requests[0].decode()
    assert request.startswith("GET / HTTP/1.1\r\n")
    assert "User-Agent: Consul Health Check\r\n" in request


def test_each_check_has_a_connection_of_its_own(catalog: Catalog, endpoint: Endpoint) -> None:
    """An endpoint that would keep connections open is asked on a new one each time."""
    endpoint.says(OK.replace(b"Connection: close\r\n", b""))
    catalog.becomes(catalog.check({"HTTP": endpoint.url}), "passing")
    until(lambda: len(endpoint.requests) > 2, "three runs")


def test_redirects_are_followed(catalog: Catalog, endpoint: Endpoint) -> None:
    """A 303 asks with GET, a 307 asks the same again; credentials go to the same host only."""

    def rule(request: bytes) -> list[bytes]:
        if request.startswith(b"POST /see"):
            return [answer("303 See Other", b"", "Location: /get")]
        if request.startswith(b"POST /again"):
            return [answer("307 Temporary Redirect", b"", "Location: /post")]
        return [answer("200 OK", request.split(b" HTTP")[0] + b"|" + request[-4:])]

    endpoint.says(rule)
    see = catalog.check({"HTTP": endpoint.url + "see", "Method": "POST", "Body": "body"})
    again = catalog.check({"HTTP": endpoint.url + "again", "Method": "POST", "Body": "body"})
    assert "GET /get|" in catalog.becomes(see, "passing")["Output"]
    assert "POST /post|body" in catalog.becomes(again, "passing")["Output"]


def test_redirects_that_are_not_wanted(catalog: Catalog, endpoint: Endpoint) -> None:
    """`DisableRedirects` takes the first answer, and survives what is written."""
    endpoint.says(answer("302 Found", b"", "Location: /elsewhere"))
    definition = {"HTTP": endpoint.url, "DisableRedirects": True}
    node = catalog.check(definition, status="passing")
    assert "302 Found" in catalog.becomes(node, "critical")["Output"]
    assert catalog.read(node)["Definition"]["DisableRedirects"] is True
    assert not any(b"elsewhere" in request for request in endpoint.requests)


def test_an_output_of_a_size_of_its_own(catalog: Catalog, endpoint: Endpoint) -> None:
    """`OutputMaxSize` cuts."""
    endpoint.says(answer("200 OK", b"0123456789"))
    node = catalog.check({"HTTP": endpoint.url, "OutputMaxSize": 4})
    assert catalog.becomes(node, "passing")["Output"].endswith("Output: 6789")


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


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[Endpoint]:
    """Run an endpoint of the authority, that asks for certificates of it."""
    pair = authority.pair("secure")
    with endpoints.start(odd_consul.server_tls(pair.cert, pair.key, authority.cert)) as running:
        yield running


@pytest.fixture(scope="module")
def strange(folder: Any) -> Iterator[Endpoint]:  # noqa: ANN401 - a path
    """Run an endpoint of an authority that nobody trusts."""
    from tests.fakes.certificates import Authority  # noqa: PLC0415 - here alone

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


class Speaker:
    """A server of HTTP/2: gRPC's health, and pings.

    Attributes:
        status: What it says of its service; None to close the stream with an error of gRPC.
    """

    def __init__(self, tls: Any = None) -> None:  # noqa: ANN401 - a context of ssl
        """Begin to listen."""
        self.status: int | None = 1
        self.asked: list[bytes] = []
        self._tls = tls
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.port = self._sock.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._sock.accept()
            except OSError:
                return
            threading.Thread(target=self._speak, args=(line,), daemon=True).start()

    def _speak(self, plain: socket.socket) -> None:
        with plain, contextlib.suppress(OSError, h2.exceptions.H2Error):
            line = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
            with line:
                self._spoken(line)

    def _spoken(self, line: socket.socket) -> None:
        speaker = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        speaker.initiate_connection()
        line.sendall(speaker.data_to_send())
        while data := line.recv(65536):
            for event in speaker.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    self.asked.append(bytes(event.data))
                if isinstance(event, h2.events.StreamEnded):
                    self._answer(speaker, event.stream_id)
            line.sendall(speaker.data_to_send())

    def _answer(self, speaker: h2.connection.H2Connection, stream: int) -> None:
        first = [(":status", "200"), ("content-type", "application/grpc")]
        if self.status is None:
            error = [*first, ("grpc-status", "5"), ("grpc-message", "unknown service")]
            speaker.send_headers(stream, error, end_stream=True)
            return
        speaker.send_headers(stream, first)
        message = bytes((8, self.status))
        speaker.send_data(stream, b"\0" + len(message).to_bytes(4, "big") + message)
        speaker.send_headers(stream, [("grpc-status", "0")], end_stream=True)


@pytest.fixture
def speaker() -> Iterator[Speaker]:
    """Run a server of gRPC."""
    running = Speaker()
    yield running
    running.close()


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


def test_grpc_over_tls(catalog: Catalog, authority: Authority, folder: Any) -> None:  # noqa: ANN401
    """`GRPCUseTLS` with a trusted authority, and with none at all."""
    pair = authority.pair("grpc")
    context = odd_consul.server_tls(pair.cert, pair.key)
    context.set_alpn_protocols(["h2"])
    running = Speaker(context)
    target = {"GRPC": f"127.0.0.1:{running.port}", "GRPCUseTLS": True}
    trusted = catalog.check(target)
    wrong = catalog.check({**target, "TLSServerName": "wrong.example"}, status="passing")
    skipped = catalog.check({**target, "TLSServerName": "wrong.example", "TLSSkipVerify": True})
    catalog.becomes(trusted, "passing")
    catalog.becomes(skipped, "passing")
    assert "failed to verify" in catalog.becomes(wrong, "critical")["Output"]
    running.close()
    assert folder


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


def test_a_proxy_of_the_environment_is_not_for_this_machine() -> None:
    """What asks 127.0.0.1 goes there directly; other hosts go through the proxy."""
    import os  # noqa: PLC0415 - here alone
    import subprocess  # noqa: PLC0415 - here alone
    import sys  # noqa: PLC0415 - here alone

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
    with endpoints.start(odd_consul.server_tls(pair.cert, pair.key)) as target:
        asked: list[bytes] = []
        with socket.create_server(("127.0.0.1", 0)) as proxy:
            threading.Thread(target=_tunnel, args=(proxy, target.port, asked), daemon=True).start()
            place = ("127.0.0.1", proxy.getsockname()[1], "bG9naW4=")

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


def _tunnel(proxy: socket.socket, port: int, asked: list[bytes]) -> None:
    """Be a proxy for one connection."""
    near, _ = proxy.accept()
    with near, socket.create_connection(("127.0.0.1", port)) as far:
        asked.append(near.recv(65536))
        near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")

        def copy(source: socket.socket, target: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    target.sendall(data)

        other = threading.Thread(target=copy, args=(far, near), daemon=True)
        other.start()
        copy(near, far)
        far.shutdown(socket.SHUT_RDWR)
        other.join()


def test_an_interval_that_is_too_short(catalog: Catalog, endpoint: Endpoint) -> None:
    """A second is the shortest; less is warned of."""
    catalog.becomes(catalog.check({"HTTP": endpoint.url, "Interval": "10ms"}), "passing")
    until(lambda: len(endpoint.times) > 4, "five runs")
    gaps = [b - a for a, b in zip(endpoint.times[2:], endpoint.times[3:], strict=False)]
    assert min(gaps) > 0.9


@pytest.mark.long
def test_slow_endpoints_are_asked_an_interval_after_they_answered(catalog: Catalog) -> None:
    """The next run begins when an interval has passed since the end of the last."""
    with endpoints.start() as slow:

        def rule(_: bytes) -> Iterator[bytes]:
            time.sleep(0.6)
            yield OK

        slow.says(rule)
        catalog.becomes(catalog.check({"HTTP": slow.url}), "passing")
        until(lambda: len(slow.times) > 4, "five runs")
        gaps = [b - a for a, b in zip(slow.times[2:], slow.times[3:], strict=False)]
        assert min(gaps) > 1.5


def test_nobody_listens_any_more(catalog: Catalog) -> None:
    """A server that goes away is critical, and passes when it is back."""
    (port,) = free_ports(1)
    node = catalog.check({"TCP": f"127.0.0.1:{port}"}, status="passing")
    catalog.becomes(node, "critical")
    with socket.create_server(("127.0.0.1", port)):
        catalog.becomes(node, "passing")
    catalog.becomes(node, "critical")
