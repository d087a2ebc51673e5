"""A network and a Consul that do not answer as they should, and what is said about it."""

from __future__ import annotations

import gzip
import socket
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.consul import services, transport
from lictor.consul.client import Client, Patience
from lictor.model import ConsulConnection, ConsulService
from tests.fakes.consul import free_ports
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.odd_consul import OddConsul

WEB = ConsulService("web")
TOKEN = "t-1"  # noqa: S105 - nobody's
NO_LEADER = Odd(status=500, body=b"No cluster leader")


def failure(client: Client, kind: type[errors.ConsulError]) -> str:
    """Read, expect this kind of error, and return its text, which is one line and names us."""
    with pytest.raises(errors.ConsulError) as caught:
        services.read(client, WEB)
    text = str(caught.value)
    assert type(caught.value) is kind, text
    assert text.startswith(f"service web: {client.remote} "), text
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("odd_answer", "text"),
    [
        (Odd(status=500, body=b"rpc error"), "answered 500: rpc error; see its log"),
        (Odd(status=502, body=b"<h1>Bad\nGateway</h1>"), "answered 502: <h1>Bad Gateway</h1>"),
        (Odd(status=404), "answered 404: []"),
        (Odd(status=500, body=b"\x1b[31mred\x07\xff"), "answered 500: [31mred \ufffd; see its log"),
        (Odd(status=204, body=b""), "answered 204; see its log"),
        (Odd(body=b"<html>"), "cannot be read"),
        (Odd(body=b'[{"Node": {}}]'), "at `$[0].Node`"),
        (Odd(body=b"[" * 100_000), "cannot be read"),
        (Odd(body=b'[{"x":' + b"[" * 100_000), "cannot be read"),
        (Odd(body=b""), "cannot be read"),
    ],
)
def test_an_answer_that_is_none(
    odd: OddConsul, make_client: Callable[..., Client], odd_answer: Odd, text: str
) -> None:
    """Broken answers and other statuses say what came, once, without a second try."""
    odd.answers(odd_answer)
    assert text in failure(make_client(odd.url), errors.ConsulNotReady)
    assert len(odd.asked) == 1


def test_a_long_error_is_cut(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """A page of HTML does not become a page of log."""
    odd.answers(Odd(status=500, body=b"long \n" * 10_000))
    assert len(failure(make_client(odd.url), errors.ConsulNotReady)) < 500


@pytest.mark.parametrize(
    "busy", [NO_LEADER, Odd(status=429, body=b"rate"), Odd(status=503, body=b"rate")]
)
def test_busy_is_tried_three_times(
    odd: OddConsul, make_client: Callable[..., Client], busy: Odd
) -> None:
    """Consul says that it cannot just now: an election or a limit is over in a moment."""
    odd.answers(busy, busy, Odd())
    assert services.read(make_client(odd.url), WEB).instances == ()
    odd.answers(busy)
    assert f"{busy.status}: {busy.body.decode()}" in failure(
        make_client(odd.url), errors.ConsulNotReady
    )
    assert len(odd.asked) == 3


def test_the_real_patience_is_about_two_seconds() -> None:
    """The pauses of a default client, with all their jitter, leave a run waiting 2 s at most."""
    patience = Patience()
    assert len(patience.pauses) == 2
    assert sum(patience.pauses) * 1.5 <= 2.0
    assert patience.unreachable <= 1.0


def test_nobody_listens() -> None:
    """A refused connection says so, and which setting to look at, soon."""
    (port,) = free_ports(1)
    text = failure(Client(ConsulConnection(f"http://127.0.0.1:{port}")), errors.ConsulUnreachable)
    assert "cannot be reached: connection refused; check consul:address" in text


def test_an_agent_that_restarts(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """A connection that breaks off is asked for once more at once."""
    odd.answers(Odd(reset=True), Odd())
    assert services.read(make_client(odd.url), WEB).instances == ()


def test_a_connection_that_is_always_reset(
    odd: OddConsul, make_client: Callable[..., Client]
) -> None:
    """Three times is enough."""
    odd.answers(Odd(reset=True))
    text = failure(make_client(odd.url), errors.ConsulUnreachable)
    assert "cannot be reached" in text
    assert len(odd.asked) == 3


def test_silence(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """Who does not answer within the limit is not asked again: that would double the wait."""
    odd.answers(Odd(hang=True))
    client = make_client(odd.url, timeout=0.1, patience=Patience((0.01,), unreachable=60.0))
    assert "did not answer in time" in failure(client, errors.ConsulUnreachable)
    assert len(odd.asked) == 1


def test_an_answer_that_trickles(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """Each byte comes in time, but the whole does not."""
    odd.answers(Odd(body=b"[" + b" " * 100_000 + b"]", trickle=0.02))
    client = make_client(odd.url, timeout=0.1)
    assert "did not answer in time" in failure(client, errors.ConsulUnreachable)


def test_an_answer_that_stops_half_way(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """Half an answer is none, even where the half could be read."""
    odd.answers(Odd(body=b"[]", length=1000))
    assert "cannot be reached" in failure(make_client(odd.url), errors.ConsulUnreachable)


def test_an_answer_in_broken_pieces(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """The same where no length was told."""
    odd.answers(Odd(body=b"2\r\n[]\r\nzz", headers={"Transfer-Encoding": "chunked"}, length=0))
    assert "cannot be reached" in failure(make_client(odd.url), errors.ConsulUnreachable)


def test_an_answer_without_end(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """A small packet that unpacks to gigabytes does not fill our memory."""
    packed = gzip.compress(b" " * (transport.LARGEST + 1), 9)
    odd.answers(Odd(body=packed, headers={"Content-Encoding": "gzip"}))
    assert "more than 128 MiB" in failure(make_client(odd.url), errors.ConsulUnreachable)


def test_an_answer_that_is_packed(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """Consul packs long answers."""
    odd.answers(Odd(body=gzip.compress(b"[]"), headers={"Content-Encoding": "gzip"}))
    assert services.read(make_client(odd.url), WEB).instances == ()


def test_a_redirect_is_not_followed(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """The token would go with it to wherever it points."""
    odd.answers(Odd(status=307, headers={"Location": "http://127.0.0.1:9/"}), Odd())
    client = make_client(odd.url, token=TOKEN)
    assert "a redirect is not followed" in failure(client, errors.ConsulUnreachable)
    assert len(odd.asked) == 1


def test_the_token_goes_into_its_header_only(
    odd: OddConsul, make_client: Callable[..., Client]
) -> None:
    """A token in a URL ends up in access logs."""
    services.read(make_client(odd.url, token=TOKEN), WEB)
    assert odd.asked[0].headers["X-Consul-Token"] == TOKEN
    assert TOKEN not in odd.asked[0].path


def test_a_password_in_the_address_is_not_shown(make_client: Callable[..., Client]) -> None:
    """The remote is named without it."""
    (port,) = free_ports(1)
    client = make_client(f"http://user:pass@127.0.0.1:{port}")
    assert "pass" not in failure(client, errors.ConsulUnreachable)


def test_a_host_that_is_none(
    make_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that no resolver knows; the resolver is asked for the loopback only in tests."""

    def unknown(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    text = failure(make_client("http://nowhere.invalid:8500"), errors.ConsulUnreachable)
    assert "cannot be reached: name or service not known; check consul:address" in text


def test_a_proxy_of_the_environment(
    odd: OddConsul, make_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a Consul that is not on this host it is asked, as Consul's command line does."""
    monkeypatch.setenv("http_proxy", odd.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    services.read(make_client("http://consul.example:8500"), WEB)
    assert odd.asked[0].path == "http://consul.example:8500/v1/health/service/web"


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://user:pass-word@proxy:99999", "its address, or that of the proxy, cannot be read"),
        ("http://user:pass-word#x@proxy:1", "its address, or that of the proxy, cannot be read"),
        ("://user:pass-word@proxy", "its address, or that of the proxy, cannot be read"),
        ("http://user:pass-word@", "TypeError"),
        ("http://user:pass-word@127.0.0.1:1", "through the proxy: connection refused"),
    ],
)
def test_a_proxys_password_is_not_shown(
    make_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, proxy: str, said: str
) -> None:
    """Neither where nobody listens nor where its address is none."""
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    text = failure(make_client("http://consul.example:8500"), errors.ConsulUnreachable)
    assert said in text
    assert "HTTP_PROXY" in text
    assert "pass-word" not in text
