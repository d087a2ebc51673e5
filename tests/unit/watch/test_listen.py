"""The status server over a real socket: what it answers, to whom, and how it ends."""

from __future__ import annotations

import asyncio
import re
import threading
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import pytest

from lictor import errors
from lictor.watch import listen
from lictor.watch.glance import Glance
from lictor.watch.routes import Shown
from lictor.watch.status import Pause, Role
from lictor.watch.verdict import Verdict
from tests.unit.watch.boards import (
    NOW,
    World,
    make_begun,
    make_change,
    make_group,
    make_row,
    make_run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PATHS = ["", "page.css", "page.js", "icon.svg", "v1/status", "healthz", "readyz", "metrics"]
RUN = {"X-Lictor": "run"}
pytestmark = pytest.mark.timeout(20)


class Answer(msgspec.Struct):
    """An answer, read to its end."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever came
        """The body as JSON."""
        return msgspec.json.decode(self.body)


def ask(url: str, method: str = "GET", **headers: str) -> Answer:
    """Ask once, with a client that knows nothing of the server."""

    async def once() -> Answer:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, headers=headers, allow_redirects=False) as response,
        ):
            return Answer(response.status, dict(response.headers), await response.read())

    return asyncio.run(once())


@pytest.fixture
def world() -> World:
    """Give a world in which one run has gone through."""
    made = World(rows=[make_row()])
    made.board.ended(make_run(1), {"web": make_group("10.0.0.1:80")}, [make_change(1)])
    return made


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """Serve it."""
    with world.served() as served:
        yield served


@pytest.mark.parametrize("path", PATHS)
def test_every_path_answers(url: str, path: str) -> None:
    """With what keeps a browser strict, and HEAD as GET without the body."""
    got, head = ask(url + path), ask(url + path, "HEAD")
    assert (got.status, head.status) == (200, 200)
    assert got.body
    assert head.body == b""
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    for answer in (got, head):
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] == "lictor"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "text/html"),
        ("page.css", "text/css"),
        ("page.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
        ("v1/status", "application/json"),
        ("metrics", "text/plain"),
    ],
)
def test_kinds_of_content(url: str, path: str, kind: str) -> None:
    """A script that is not called one would not run, for ``nosniff``."""
    assert ask(url + path).headers["Content-Type"].startswith(kind)


def test_the_page_needs_nothing_from_elsewhere(url: str) -> None:
    """Whatever it names lies beside it, and nothing stands inline, for the policy forbids it."""
    text = ask(url).body.decode()
    named = re.findall(r'(?:src|href)="([^"#]+)"', text)
    assert set(named) <= set(PATHS)
    assert {"page.css", "page.js", "icon.svg"} <= set(named)
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)", text)
    folder = resources.files("lictor.watch") / "page"
    for file in folder.iterdir():
        outside = re.findall(r"https?://[^\s\"']+", file.read_text())
        assert set(outside) <= {"http://www.w3.org/2000/svg"}, file


def test_an_unknown_path(url: str) -> None:
    """In JSON, and as strict as the rest."""
    answer = ask(url + "nothing/here")
    assert (answer.status, answer.json) == (404, {"error": "there is nothing here"})
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [("v1/run", "GET", "POST"), ("v1/status", "POST", "GET,HEAD"), ("", "DELETE", "GET,HEAD")],
)
def test_a_wrong_method(url: str, path: str, method: str, allowed: str) -> None:
    """Says which ones there are."""
    answer = ask(url + path, method, **RUN)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert "method" in answer.json["error"]


def test_status(world: World, url: str) -> None:
    """The board and the rows, typed."""
    answer = ask(f"{url}v1/status")
    shown = msgspec.json.decode(answer.body, type=Shown)
    assert shown.groups == world.board.status().groups
    assert shown.changes == (make_change(1),)
    assert (shown.time, shown.agreement.as_of) == (NOW, NOW)
    assert shown.agreement.rows == (make_row(),)
    assert ask(f"{url}v1/status").body == answer.body


def test_open_pages_do_not_exhaust_aws(world: World) -> None:
    """One look serves all for a while; then there is a new one."""
    with world.served(fresh=5.0) as url:
        for _ in range(5):
            ask(f"{url}v1/status")
        assert world.looks == 1
        world.seconds, world.rows = 4.9, [make_row(agrees=False)]
        assert ask(f"{url}v1/status").json["agreement"]["rows"][0]["agrees"] is True
        world.seconds = 5.0
        assert ask(f"{url}v1/status").json["agreement"]["rows"][0]["agrees"] is False
        assert world.looks == 2


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (errors.ConsulNotReady("Consul has no leader"), "Consul has no leader"),
        (KeyError("x"), "lictor failed unexpectedly (KeyError: 'x')"),
    ],
)
def test_a_look_that_fails_is_shown(world: World, error: Exception, text: str) -> None:
    """Beside what was seen before, with its time; and it is cached like any other."""
    with world.served() as url:
        ask(f"{url}v1/status")
        world.seconds, world.broken = 60.0, error
        answer = ask(f"{url}v1/status")
        assert answer.status == 200
        assert answer.json["agreement"]["error"] == text
        assert answer.json["agreement"]["asOf"] == "2026-11-21T08:00:00Z"
        assert len(answer.json["agreement"]["rows"]) == 1
        ask(f"{url}v1/status")
        assert world.looks == 2
        world.seconds, world.broken = 120.0, None
        assert ask(f"{url}v1/status").json["agreement"]["error"] == ""


def test_a_slow_look_keeps_nobody_waiting() -> None:
    """Who asks gets what is known, however many ask; the answer is there when it has come."""
    let_go, looks = threading.Event(), []

    def look() -> list[Any]:
        looks.append(1)
        assert let_go.wait(10)
        return [make_row()]

    async def story() -> None:
        glance = Glance(look, lambda: NOW, lambda: 0.0, fresh=5.0, patience=0.01)
        early = await asyncio.gather(*[glance.seen() for _ in range(10)])
        assert {seen.as_of for seen in early} == {None}
        let_go.set()
        async with asyncio.timeout(10):
            while not (await glance.seen()).rows:
                pass
        assert len(looks) == 1

    asyncio.run(story())


def test_a_look_that_hangs_does_not_keep_the_server_open(world: World) -> None:
    """Its thread dies with the process."""
    let_go = threading.Event()
    offer = replace(world.offer(patience=0.01), rows=lambda: [make_row()] * let_go.wait(10))
    server = listen.start(listen.address("127.0.0.1:0"), offer)
    assert ask(f"{server.url}v1/status").json["agreement"]["asOf"] is None
    server.close()
    server.close()
    let_go.set()
    with pytest.raises(aiohttp.ClientConnectorError):
        ask(server.url)


def test_a_run_is_asked_for(world: World, url: str) -> None:
    """By a program with our header, or by our own page."""
    answer = ask(f"{url}v1/run", "POST", **RUN)
    assert (answer.status, answer.json) == (202, {"status": "asked for"})
    assert ask(f"{url}v1/run", "POST", Origin=url.rstrip("/")).status == 202
    assert world.asked == 2


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "http://evil.example", **RUN},
        {"Origin": "null", **RUN},
        {"Host": "evil.example", "Origin": "http://evil.example", **RUN},
    ],
)
def test_other_sites_ask_in_vain(world: World, url: str, headers: dict[str, str]) -> None:
    """A page elsewhere, a form, and a name that was made to lead here."""
    answer = ask(f"{url}v1/run", "POST", **headers)
    assert answer.status == (421 if "Host" in headers else 403)
    assert answer.json["error"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert world.asked == 0


@pytest.mark.parametrize("path", ["", "v1/status", "metrics"])
def test_on_the_loopback_a_foreign_name_reads_nothing(world: World, url: str, path: str) -> None:
    """A page whose name leads to 127.0.0.1 must not carry off what stands here."""
    answer = ask(url + path, Host="evil.example:9099")
    assert answer.status == 421
    assert b"10.0.0.1" not in answer.body
    with world.served(hosts=("Lictor.example",)) as named:
        assert ask(named + path, Host="lictor.example:9099").status == 200


def test_on_the_network_any_name_reads_and_none_but_ours_asks(world: World) -> None:
    """Prometheus finds us by names that we do not know."""
    with world.served("0.0.0.0:0") as url:
        here = url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - the same
        assert ask(f"{here}metrics", Host="watcher.service.consul").status == 200
        asked = ask(f"{here}v1/run", "POST", Host="watcher.service.consul", **RUN)
    assert (asked.status, world.asked) == (421, 0)


@pytest.mark.parametrize(
    ("role", "paused", "words"),
    [
        (Role.STANDBY, [], "host-b holds the lock"),
        (Role.LEADER, [Pause()], "paused"),
    ],
)
def test_a_run_that_cannot_be(
    world: World, url: str, role: Role, paused: list[Pause], words: str
) -> None:
    """Another watcher runs, or somebody has said not to."""
    world.board.role(role, "host-b")
    world.board.pauses(paused)
    answer = ask(f"{url}v1/run", "POST", **RUN)
    assert answer.status == 409
    assert words in answer.json["error"]
    assert world.asked == 0


def test_one_paused_group_leaves_the_others_to_run(world: World, url: str) -> None:
    """Only a pause of the whole stack is in the way."""
    world.board.pauses([Pause("web")])
    assert ask(f"{url}v1/run", "POST", **RUN).status == 202


def test_alive_as_long_as_the_loop_beats(world: World) -> None:
    """Up to the limit, and again after a beat; a run takes as long as it takes, nearly."""
    with world.served(silence=30.0, longest_run=600.0) as url:
        world.seconds = 29.9
        assert ask(f"{url}healthz").status == 200
        world.seconds = 30.0
        answer = ask(f"{url}healthz")
        assert (answer.status, answer.json["error"]) == (503, "the loop has said nothing for 30 s")
        world.board.beat()
        assert ask(f"{url}healthz").status == 200
        world.board.began(make_begun(2))
        world.seconds += 599.0
        assert ask(f"{url}healthz").status == 200
        world.seconds += 1.0
        assert ask(f"{url}healthz").status == 503
        world.board.ended(make_run(2), {})
        assert ask(f"{url}healthz").status == 200


def test_ready_when_a_run_has_gone_through() -> None:
    """One that came to nothing is not enough; later ones do not matter."""
    world = World()
    with world.served() as url:
        assert ask(f"{url}readyz").json["error"] == "no run has begun yet"
        world.board.pauses([Pause()])
        assert ask(f"{url}readyz").json["error"] == "paused before the first run"
        world.board.began(make_begun())
        assert ask(f"{url}readyz").json["error"] == "the first run is under way"
        world.board.ended(make_run(1, Verdict.ERROR, text="no backend"), None)
        answer = ask(f"{url}readyz")
        assert answer.status == 503
        assert answer.json["error"].endswith("the last one: no backend")
        world.board.ended(make_run(2, Verdict.BLOCKED), {})
        assert ask(f"{url}readyz").status == 200
        world.board.ended(make_run(3, Verdict.ERROR), None)
        assert ask(f"{url}readyz").status == 200


def test_a_standby_is_ready() -> None:
    """It has nothing to do, and does it."""
    world = World()
    world.board.role(Role.STANDBY, "host-b")
    with world.served() as url:
        answer = ask(f"{url}readyz")
    assert (answer.status, answer.json) == (200, {"status": "standby"})


def test_metrics_are_those_of_the_board(world: World, url: str) -> None:
    """Read at each scrape."""
    assert b'lictor_runs_total{outcome="done"} 1.0' in ask(f"{url}metrics").body
    world.board.ended(make_run(2), {})
    assert b'lictor_runs_total{outcome="done"} 2.0' in ask(f"{url}metrics").body
