"""The HTTP server that holds control and AWS on one port."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.fakes.aws.control import PREFIX, Control
from tests.fakes.aws.front import Front

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug.serving import BaseWSGIServer

    from tests.fakes.aws.settings import Settings


class _Handler(MotoRequestHandler):
    """Closes the connection that a fault severs; werkzeug would keep it open for a next call."""

    def connection_dropped(
        self, error: BaseException, environ: WSGIEnvironment | None = None
    ) -> None:
        """Let the server close the socket without an answer."""
        super().connection_dropped(error, environ)
        self.close_connection = True


class Application:
    """Parts control requests from AWS calls."""

    def __init__(self, defaults: Settings) -> None:
        """Make a stand-in that resets to `defaults`."""
        self._front = Front(defaults)
        self._control = Control(self._front)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        path = environ.get("PATH_INFO", "")
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            return self._control.respond(Request(environ))(environ, start)
        self._front.aliases.into(environ)
        answer = self._front.handle(environ)
        body = self._front.aliases.out_of(answer.body)
        headers = [(key, text) for key, text in answer.headers if key.lower() != "content-length"]
        response = Response(body, answer.status, headers)
        return response(environ, start)


def make(port: int, defaults: Settings) -> BaseWSGIServer:
    """Return a server that listens on the loopback; port 0 lets the kernel choose."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server(
        "127.0.0.1", port, Application(defaults), threaded=True, request_handler=_Handler
    )
    os.environ["MOTO_PORT"] = str(server.port)
    return server
