"""What checks by HTTP ask, and what they say of what they are answered."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes import endpoint as endpoints
from tests.fakes.endpoint import OK, answer
from tests.fakes.monitor import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.endpoint import Endpoint
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
