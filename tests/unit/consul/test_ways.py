"""Ways to a real agent: TLS with an authority of our own, client certificates, Unix sockets."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.consul import services
from lictor.model import ConsulService
from tests.fakes import consul, odd_consul
from tests.fakes.certificates import Authority, Pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lictor.consul.client import Client

pytestmark = pytest.mark.xdist_group("ways")

WEB = ConsulService("consul")


@dataclass(frozen=True)
class Ways:
    """One agent, and what it takes to reach it."""

    https: str
    socket: Path
    ca: Path
    other_ca: Path
    client: Pair
    stranger: Pair


@pytest.fixture(scope="module")
def ways() -> Iterator[Ways]:
    """Run an agent that speaks TLS with whoever shows a certificate, and listens on a socket."""
    with tempfile.TemporaryDirectory(prefix="lictor-tls-") as text:
        folder = Path(text)
        own, other = Authority(folder, "own-ca"), Authority(folder, "other-ca")
        server, socket = own.pair("server"), folder / "http sock"
        (port,) = consul.free_ports(1)
        config = {
            "ports": {"https": port},
            "addresses": {"http": f"127.0.0.1 unix://{folder}/http.sock"},
            "tls": {
                "https": {
                    "ca_file": str(own.cert),
                    "cert_file": str(server.cert),
                    "key_file": str(server.key),
                    "verify_incoming": True,
                }
            },
        }
        with consul.start(config):
            socket = folder / "http.sock"
            yield Ways(
                f"https://127.0.0.1:{port}",
                socket,
                own.cert,
                other.cert,
                own.pair("client"),
                other.pair("stranger"),
            )


def text_of(client: Client) -> str:
    """Read, expect that nobody can be reached, and return the text."""
    with pytest.raises(errors.ConsulUnreachable) as caught:
        services.read(client, WEB)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_tls_with_a_client_certificate(ways: Ways, make_client: Callable[..., Client]) -> None:
    """Both sides show a certificate of the authority that the other was told of."""
    client = make_client(
        ways.https,
        ca_file=str(ways.ca),
        cert_file=str(ways.client.cert),
        key_file=str(ways.client.key),
    )
    assert len(services.read(client, WEB).instances) == 1


def test_an_authority_that_did_not_sign(ways: Ways, make_client: Callable[..., Client]) -> None:
    """The text says what is wrong with the certificate, and which keys to look at."""
    text = text_of(make_client(ways.https, ca_file=str(ways.other_ca)))
    assert "certificate verify failed" in text.lower()
    assert "consul:caFile" in text


def test_the_public_authorities_are_the_default(
    ways: Ways, make_client: Callable[..., Client]
) -> None:
    """Without an authority of one's own a private certificate is not trusted."""
    assert "certificate verify failed" in text_of(make_client(ways.https)).lower()


def test_explicit_files_are_not_overruled(
    ways: Ways, make_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither does requests' own variable let in what was not asked for."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ways.ca))
    assert "certificate verify failed" in text_of(make_client(ways.https)).lower()


@pytest.mark.parametrize("stranger", [False, True])
def test_without_a_client_certificate_that_is_known(
    ways: Ways, make_client: Callable[..., Client], *, stranger: bool
) -> None:
    """The agent breaks off; the text points at the client's certificate."""
    pair = {"cert_file": str(ways.stranger.cert), "key_file": str(ways.stranger.key)}
    client = make_client(ways.https, ca_file=str(ways.ca), **(pair if stranger else {}))
    assert "consul:certFile" in text_of(client)


def test_verification_can_be_left_out(
    tmp_path: Path, make_client: Callable[..., Client], recwarn: pytest.WarningsRecorder
) -> None:
    """`insecureHttps` is the user's word: it works, and nothing is printed at each call."""
    server = Authority(tmp_path, "ca").pair("server", "127.0.0.9")
    with odd_consul.start(odd_consul.server_tls(server.cert, server.key)) as odd:
        client = make_client(odd.url, verify=False)
        assert services.read(client, WEB).instances == ()
    assert [str(warning.message) for warning in recwarn] == []


def test_a_certificate_of_another_host(tmp_path: Path, make_client: Callable[..., Client]) -> None:
    """A certificate of the right authority for another address is refused."""
    authority = Authority(tmp_path, "ca")
    server = authority.pair("server", "127.0.0.9")
    with odd_consul.start(odd_consul.server_tls(server.cert, server.key)) as odd:
        text = text_of(make_client(odd.url, ca_file=str(authority.cert)))
    assert "127.0.0.1" in text.partition("cannot be trusted")[2]


@pytest.mark.parametrize("key", ["ca_file", "cert_file"])
def test_a_file_that_is_not_there(ways: Ways, make_client: Callable[..., Client], key: str) -> None:
    """The file is named as it was written, with the keys to look at."""
    settings = {"ca_file": str(ways.ca), key: "/No/Such/File.pem"}
    text = text_of(make_client(ways.https, **settings))
    assert "/No/Such/File.pem" in text
    assert "check consul:caFile, consul:certFile" in text


def test_a_key_that_does_not_fit(ways: Ways, make_client: Callable[..., Client]) -> None:
    """A certificate with another one's key is told as such."""
    client = make_client(
        ways.https,
        ca_file=str(ways.ca),
        cert_file=str(ways.client.cert),
        key_file=str(ways.stranger.key),
    )
    assert "consul:keyFile" in text_of(client)


def test_plain_http_where_tls_is_spoken(ways: Ways, make_client: Callable[..., Client]) -> None:
    """A wrong scheme: the agent says so in a 400, and so do we."""
    client = make_client(ways.https.replace("https", "http"))
    with pytest.raises(errors.ConsulNotReady, match="HTTP request to an HTTPS server"):
        services.read(client, WEB)


def test_tls_where_plain_http_is_spoken(
    agent: consul.Consul, make_client: Callable[..., Client]
) -> None:
    """The other way round: TLS fails, and the text names the scheme."""
    assert "consul:scheme" in text_of(make_client(agent.url.replace("http", "https")))


def test_a_unix_socket(ways: Ways, make_client: Callable[..., Client]) -> None:
    """`unix://` reaches the agent, call after call, proxies or not."""
    client = make_client(f"unix://{ways.socket}")
    assert client.remote == f"Consul at unix://{ways.socket}"
    for _ in range(3):
        assert len(services.read(client, WEB).instances) == 1


def test_a_proxy_is_not_asked_for_a_socket(
    ways: Ways, make_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No proxy can reach a file."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert len(services.read(make_client(f"unix://{ways.socket}"), WEB).instances) == 1


def test_a_socket_that_is_not_there(tmp_path: Path, make_client: Callable[..., Client]) -> None:
    """The system's reason and the file are told."""
    text = text_of(make_client(f"unix://{tmp_path}/None.sock"))
    assert f"Consul at unix://{tmp_path}/None.sock cannot be reached: no such file" in text


def test_a_socket_that_is_silent(make_client: Callable[..., Client]) -> None:
    """Limits hold for sockets too."""
    import socket  # noqa: PLC0415 - the only test that makes one

    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{folder}/s")
        silent.listen()
        text = text_of(make_client(f"unix://{folder}/s", timeout=0.1))
    assert "did not answer in time" in text
