"""From a definition to a probe: what is read, and what is refused; fuzzed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lictor.esm import definition, kinds
from lictor.esm.kinds import TLS, Address, Alias, Bad, Spec
from lictor.esm.probes import making
from lictor.esm.probes.dialing import Dialer
from lictor.esm.probes.http import Request
from lictor.esm.probes.trust import Trust

FIELDS = (
    *("HTTP", "Method", "Body", "TLSServerName", "TCP", "GRPC", "UDP", "H2PING"),
    *("AliasNode", "AliasService", "Interval", "Timeout", "DeregisterCriticalServiceAfter"),
    *("Header", "TLSSkipVerify", "OutputMaxSize", "DisableRedirects", "Nonsense"),
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
TEXTS = st.sampled_from(
    [
        *("http://h/", "https://[::1]:1/", "http://", "http://h:x/", "http://\u00e4.example/"),
        *("h:1", "[::1]:1", "::1:1", "h:0", "h:65536", ":80", "h", "h:1/service", "h:\u0661"),
        *("10s", "-1s", "1h30m", "x", "", "1e9s", "9999999999999h", "0", "http://h/\x00"),
        *("http://a..b/", "http://" + "a" * 70 + ".x/", "http://h/%", "http://u:p@h/"),
    ]
)
VALUES = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def read(wire: dict[str, Any], notes: str = "") -> Spec:
    """Read a definition that is one."""
    spec = definition.read(json.dumps(wire).encode(), notes, "node")
    assert spec is not None
    return spec


async def _nobody(_: Alias) -> Any:  # noqa: ANN401 - never called
    raise AssertionError


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES | TEXTS))
@settings(max_examples=300)
def test_whatever_comes_is_a_probe_or_a_reason(wire: dict[str, Any]) -> None:
    """Nothing is raised; intervals and limits are such that a schedule can bear them."""
    spec = definition.read(json.dumps(wire).encode(), "", "node")
    if spec is None:
        return
    assert 1.0 <= spec.interval <= 366 * 86400
    assert 0 < spec.timeout <= 366 * 86400
    if isinstance(spec.probe, Bad):
        assert spec.probe.reason
    making.make(spec, Dialer(Trust()), _nobody)  # what is no Bad can be made ready


@given(st.binary())
def test_bytes_that_are_no_json(data: bytes) -> None:
    """A reason, or nothing to run."""
    spec = definition.read(data)
    assert spec is None or isinstance(spec.probe, Bad)


def test_what_is_not_told() -> None:
    """30 s, 10 s, GET, never."""
    spec = read({"HTTP": "http://h/"})
    assert (spec.interval, spec.timeout, spec.deregister_after) == (30.0, 10.0, 0.0)
    assert spec.probe == kinds.HTTP("http://h/")


def test_durations() -> None:
    """Texts of Go's, or nanoseconds."""
    wire = {"TCP": "h:1", "Interval": "1m30s", "Timeout": 2_000_000_000}
    assert (read(wire).interval, read(wire).timeout) == (90.0, 2.0)


def test_an_interval_below_a_second() -> None:
    """Is a second, with a warning."""
    spec = read({"TCP": "h:1", "Interval": "10ms"})
    assert (spec.interval, spec.warning) == (1.0, "Check interval too low")


@pytest.mark.parametrize(
    ("wire", "probe"),
    [
        ({"TCP": "[::1]:80"}, kinds.TCP(Address("::1", 80))),
        ({"TCP": "h:https"}, kinds.TCP(Address("h", 443))),
        ({"GRPC": "h:HTTP/s"}, kinds.GRPC(Address("h", 80), "s")),
        ({"HTTP": "http://h/a b?c d"}, kinds.HTTP("http://h/a b?c d")),
        ({"TCP": ":80"}, kinds.TCP(Address("localhost", 80))),
        ({"TCP": "h:1", "TCPUseTLS": True}, kinds.TCP(Address("h", 1), TLS())),
        ({"GRPC": "h:1"}, kinds.GRPC(Address("h", 1))),
        ({"GRPC": "h:1/a/b"}, kinds.GRPC(Address("h", 1), "a/b")),
        (
            {"GRPC": "h:1", "GRPCUseTLS": True, "TLSSkipVerify": True, "TLSServerName": "n"},
            kinds.GRPC(Address("h", 1), "", TLS(verify=False, name="n")),
        ),
        ({"UDP": "h:1"}, kinds.UDP(Address("h", 1))),
        ({"H2PING": "h:1"}, kinds.H2Ping(Address("h", 1))),
        ({"H2PING": "h:1", "H2PingUseTLS": True}, kinds.H2Ping(Address("h", 1), TLS())),
        ({"AliasNode": "n"}, Alias("n")),
        ({"AliasService": "s"}, Alias("node", "s")),
        ({"HTTP": "http://h/", "TCP": "h:1", "GRPC": "h:2"}, kinds.HTTP("http://h/")),
        ({"TCP": "h:1", "GRPC": "h:2", "UDP": "h:3"}, kinds.TCP(Address("h", 1))),
    ],
    ids=str,
)
def test_kinds(wire: dict[str, Any], probe: object) -> None:
    """HTTP before TCP before gRPC, and then the others."""
    assert read(wire).probe == probe


@pytest.mark.parametrize(
    ("notes", "wanted"),
    [
        ("", (None, None)),
        ("success_before_passing=2", (2, None)),
        ("who knows; failures_before_critical = 3.", (None, 3)),
        ("failures_before_critical=1 success_before_passing=4", (4, 1)),
        ("xfailures_before_critical=1", (None, None)),
        ("failures_before_critical=many", (None, None)),
    ],
)
def test_thresholds_in_notes(notes: str, wanted: tuple[int | None, int | None]) -> None:
    """A check's own thresholds."""
    spec = read({"TCP": "h:1"}, notes)
    assert (spec.successes, spec.failures) == wanted


def test_nothing_to_run() -> None:
    """A definition of another kind is left alone."""
    assert definition.read(b"{}") is None
    assert definition.read(b'{"TTL": 3000000000, "Interval": "x"}') is None


@pytest.mark.parametrize(
    "wire",
    [
        {"TCP": "h:nosuch"},
        {"TCP": "h:"},
        {"HTTP": "http://h:https/"},
        {"HTTP": "http://h h/"},
        {"HTTP": "http://u:p w@h/"},
        {"HTTP": " http://h/"},
        {"HTTP": "http://h/\n"},
    ],
    ids=str,
)
def test_what_go_refuses_too(wire: dict[str, Any]) -> None:
    """A port of a URL has no name, and nothing before its path a space."""
    assert isinstance(read(wire).probe, Bad)


def test_a_url_as_it_is_sent() -> None:
    """What is not allowed in a request is escaped, what is escaped stays."""
    url = 'http://h/a b/\u00e4%2F"?c d=\u00e4&e=%20'
    request = Request(kinds.HTTP(url), url, "GET", body=True, secret=True)
    line = request.data.split(b"\r\n")[0]
    assert line == b"GET /a%20b/%C3%A4%2F%22?c%20d=%C3%A4&e=%20 HTTP/1.1"
