"""What the status server answers: the page, the board as JSON, health and metrics."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web
from msgspec import structs

from lictor.watch import metrics, origins, pulse
from lictor.watch.glance import Glance, Seen
from lictor.watch.status import Role, Status
from lictor.watch.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiohttp.typedefs import Handler

    from lictor.watch.agreement import Row
    from lictor.watch.board import Board

_PAGE = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "lictor",
}
_READS = ("GET", "HEAD")
_GONE_THROUGH = set(Verdict) - {Verdict.ERROR}


@dataclass(frozen=True)
class Offer:
    """What the server shows, and whom it asks.

    Attributes:
        board: What the watch does and what stands.
        rows: Asks Consul and AWS how the targets are, and joins the answers
            (:func:`lictor.watch.agreement.rows`). Called in a thread of the server's, one call at
            a time; what it raises is shown.
        run: Asks the loop for a run; comes back at once. Called in the server's thread.
        fresh: For how long the answer of ``rows`` is shown before it is asked again, in seconds;
            longer where there are many groups.
        patience: How long a page waits for ``rows`` before it gets what was known before, in
            seconds.
        silence: The loop counts as dead without a sign of life for so long, in seconds.
        longest_run: The same while a run is under way, which the loop waits for.
        hosts: Names, beside this machine's own, under which the server is reached.
        clock: Seconds that never go back.
        now: The time, in UTC.
    """

    board: Board
    rows: Callable[[], Sequence[Row]]
    run: Callable[[], object]
    fresh: float = 5.0
    patience: float = 2.0
    silence: float = pulse.SILENCE
    longest_run: float = pulse.LONGEST_RUN
    hosts: tuple[str, ...] = ()
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: TID251 - an edge


class Shown(Status, frozen=True):
    """What ``/v1/status`` tells: the board, and two things more.

    Attributes:
        time: When it was told.
        agreement: Consul's view beside the load balancer's.
    """

    time: datetime
    agreement: Seen


def application(offer: Offer, *, loopback: bool) -> web.Application:
    """Make the application.

    Args:
        offer: What it shows.
        loopback: Whether it is reached from this machine only: then every request has to call
            it by a name of ours, else only those that change something.
    """
    routes = _Routes(offer)
    names = {socket.gethostname().lower(), *(name.lower() for name in offer.hosts)}

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            _admit(request, names, loopback=loopback)
            return await handler(request)
        except web.HTTPException as refusal:
            return _refused(refusal)

    app = web.Application(middlewares=[guarded], client_max_size=1024)
    app.on_response_prepare.append(_add_headers)
    for path in _PAGE:
        app.router.add_get(path, routes.page)
    app.router.add_get("/v1/status", routes.status)
    app.router.add_post("/v1/run", routes.run)
    app.router.add_get("/healthz", routes.alive)
    app.router.add_get("/readyz", routes.ready)
    app.router.add_get("/metrics", routes.metrics)
    return app


class _Routes:
    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._metrics = metrics.registry(offer.board)
        self._glance = Glance(
            offer.rows, offer.now, offer.clock, fresh=offer.fresh, patience=offer.patience
        )
        folder = resources.files("lictor.watch") / "page"
        self._files = {path: (folder / name).read_bytes() for path, (name, _) in _PAGE.items()}

    async def page(self, request: web.Request) -> web.Response:
        kind = _PAGE[request.path][1]
        return web.Response(body=self._files[request.path], content_type=kind, charset="utf-8")

    async def status(self, _: web.Request) -> web.Response:
        seen = await self._glance.seen()
        board = structs.asdict(self._offer.board.status())
        shown = Shown(**board, time=self._offer.now(), agreement=seen)
        response = _json(shown)
        response.enable_compression()
        return response

    async def run(self, _: web.Request) -> web.Response:
        status = self._offer.board.status()
        if status.role is Role.STANDBY:
            return _error(409, f"standby: {status.holder or 'another watcher'} holds the lock")
        if any(not pause.group for pause in status.paused):
            return _error(409, "paused: lictor resume ends that")
        self._offer.run()
        return _json({"status": "asked for"}, 202)

    async def alive(self, _: web.Request) -> web.Response:
        why = pulse.stalled(self._offer.board, self._offer.silence, self._offer.longest_run)
        return _error(503, why) if why else _json({"status": "alive"})

    async def ready(self, _: web.Request) -> web.Response:
        status = self._offer.board.status()
        why = _unready(status)
        return _error(503, why) if why else _json({"status": status.role})

    async def metrics(self, _: web.Request) -> web.Response:
        text = await asyncio.to_thread(metrics.text, self._metrics)
        return web.Response(body=text, headers={"Content-Type": metrics.CONTENT_TYPE})


def _unready(status: Status) -> str:
    """Say why the watcher cannot be relied upon yet; empty when it can."""
    counts = status.counters.runs
    if status.role is Role.STANDBY or any(counts[verdict] for verdict in _GONE_THROUGH):
        return ""
    if status.runs:
        return f"no run has gone through yet; the last one: {status.runs[0].text}"
    if status.running:
        return "the first run is under way"
    return "paused before the first run" if status.paused else "no run has begun yet"


def _admit(request: web.Request, names: set[str], *, loopback: bool) -> None:
    """Refuse what a page of another site may have sent."""
    changes = request.method not in _READS
    host = request.headers.get("Host", "")
    if (loopback or changes) and not origins.known(host, names):
        raise web.HTTPMisdirectedRequest(
            text="this Host is none of the server's names; use its address, or localhost"
        )
    if changes and (why := origins.why_not(request.headers)):
        raise web.HTTPForbidden(text=why)


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


def _refused(refusal: web.HTTPException) -> web.Response:
    """Tell of a refusal as JSON."""
    texts = {404: "there is nothing here", 405: "this path does not take that method"}
    response = _error(refusal.status, texts.get(refusal.status) or refusal.text or refusal.reason)
    if "Allow" in refusal.headers:
        response.headers["Allow"] = refusal.headers["Allow"]
    return response


def _error(code: int, text: str) -> web.Response:
    return _json({"error": text}, code)


def _json(value: object, code: int = 200) -> web.Response:
    """Answer with JSON in which nothing changes places from one time to the next."""
    body = msgspec.json.encode(value, order="deterministic") + b"\n"
    return web.Response(body=body, status=code, content_type="application/json")
