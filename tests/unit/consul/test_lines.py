"""Calls that are broken off from another thread, on every kind of connection."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.consul.client import Call, Client, Patience
from lictor.consul.lines import Line
from tests.fakes import consul, odd_consul
from tests.fakes.certificates import Authority
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.odd_consul import OddConsul

pytestmark = pytest.mark.xdist_group("ways")

LONG = Call("/v1/health/service/web", [("index", "999999"), ("wait", "60s")], wait=60.0)


@pytest.fixture(scope="module")
def socket_agent() -> Iterator[Path]:
    """Run an agent that listens on a socket."""
    with tempfile.TemporaryDirectory(prefix="lictor-sock-") as folder:
        path = Path(folder) / "http.sock"
        with consul.start({"addresses": {"http": f"127.0.0.1 unix://{path}"}}):
            yield path


def broken_off(client: Client, line: Line) -> threading.Thread:
    """Wait for an answer in a thread of its own."""

    def wait() -> None:
        with line.spoken(), pytest.raises(errors.ConsulUnreachable):
            client.send(LONG)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def until_waiting(line: Line) -> None:
    """Return once a call waits for its answer."""
    deadline = threading.Event()
    for _ in range(500):
        if line.waiting:
            return
        deadline.wait(0.01)
    pytest.fail("nothing waits")


def test_over_http(agent: consul.Consul, make_client: Callable[..., Client]) -> None:
    """The wait ends at once, and says that it was broken off."""
    line = Line()
    thread = broken_off(make_client(agent.url, patience=Patience(())), line)
    until_waiting(line)
    line.break_off()
    thread.join(5)
    assert not thread.is_alive()
    assert line.broken
    assert not line.waiting


def test_over_a_socket(socket_agent: Path, make_client: Callable[..., Client]) -> None:
    """The same on a Unix socket."""
    line = Line()
    thread = broken_off(make_client(f"unix://{socket_agent}", patience=Patience(())), line)
    until_waiting(line)
    line.break_off()
    thread.join(5)
    assert not thread.is_alive()


def test_over_tls(tmp_path: Path, make_client: Callable[..., Client]) -> None:
    """The same within TLS, whose own shutdown would want a word from the other side."""
    authority = Authority(tmp_path, "ca")
    pair = authority.pair("server")
    with odd_consul.start(odd_consul.server_tls(pair.cert, pair.key)) as odd:
        odd.answers(Odd(hang=True))
        line = Line()
        client = make_client(odd.url, ca_file=str(authority.cert), patience=Patience(()))
        thread = broken_off(client, line)
        until_waiting(line)
        line.break_off()
        thread.join(5)
        assert not thread.is_alive()


def test_a_broken_line_takes_no_call(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """What is asked after the break does not wait either."""
    odd.answers(Odd(hang=True))
    line = Line()
    line.break_off()
    thread = broken_off(make_client(odd.url, patience=Patience(())), line)
    thread.join(5)
    assert not thread.is_alive()


def test_others_are_not_disturbed(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """A line ends its own call only, and a client goes on without one."""
    client = make_client(odd.url, patience=Patience(()))
    line = Line()
    with line.spoken():
        client.get("/v1/health/service/web")
    line.break_off()
    assert client.get("/v1/health/service/web").body == b"[]"


def test_a_long_answer_is_waited_for(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """The wait is added to what a client bears otherwise, which here is too short."""
    rule = odd_consul.Blocking()
    odd.obeys(rule)
    client = make_client(odd.url, timeout=0.2, patience=Patience(()))
    params = [("index", "15"), ("wait", "500ms")]
    assert client.send(Call("/v1/x", params, wait=0.6)).body == b"[]"
    with pytest.raises(errors.ConsulUnreachable, match="did not answer in time"):
        client.send(Call("/v1/x", params))
