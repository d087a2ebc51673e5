"""Where the status server listens: addresses as people write them, and what is in their way."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from lictor import errors
from lictor.watch import listen
from tests.unit.watch.boards import World


@pytest.fixture
def world() -> World:
    """Give a world in which nothing has happened."""
    return World()


def alive(host: str, port: str) -> bool:
    """Ask for health by hand: no client chooses the address family."""
    with closing(socket.create_connection((host, int(port)), timeout=10)) as line:
        line.sendall(b"HEAD /healthz HTTP/1.0\r\n\r\n")
        return line.recv(100).split()[1] == b"200"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9099", "127.0.0.1", 9099),
        ("localhost:0", "localhost", 0),
        ("[::1]:80", "::1", 80),
        (":9099", "", 9099),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    """As they are written everywhere."""
    read = listen.address(text)
    assert (read.host, read.port, str(read)) == (host, port, text)


@pytest.mark.parametrize(
    "text", ["", "9099", "127.0.0.1", "::1:80", "h:x", "h:65536", "h:-1", "h:", "[::1]", "h:٣"]
)
def test_no_addresses(text: str) -> None:
    """Says what is wanted."""
    with pytest.raises(errors.SettingsError, match=r"127\.0\.0\.1:9099"):
        listen.address(text)


def test_a_port_in_use(world: World) -> None:
    """Is told at once, in one line, to who asked for it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(errors.ListenFailed) as caught:
            listen.start(listen.address(f"127.0.0.1:{port}"), world.offer())
    assert str(caught.value) == (
        f"--listen 127.0.0.1:{port}: port {port} is in use; choose another, or stop what has it"
    )


@pytest.mark.parametrize("where", ["192.0.2.1:0", "no-such-host.invalid:0"])
def test_no_address_of_this_machine(world: World, where: str) -> None:
    """Neither a foreign address nor a name without one."""
    with pytest.raises(errors.ListenFailed, match="is no address of this machine"):
        listen.start(listen.address(where), world.offer())


def test_ipv6(world: World) -> None:
    """In brackets, as in any URL."""
    with world.served("[::1]:0") as url:
        assert url.startswith("http://[::1]:")
        assert alive("::1", url.rstrip("/").rpartition(":")[2])


def test_every_address_of_this_machine(world: World) -> None:
    """With ``:PORT``, in both families."""
    with world.served(":0") as url:
        port = url.rstrip("/").rpartition(":")[2]
        assert alive("127.0.0.1", port)
        assert alive("::1", port)
