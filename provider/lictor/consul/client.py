"""One question to Consul, answered with headers and bytes or with an error in plain words."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from lictor import errors
from lictor.consul import transport, words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from lictor.model import ConsulConnection

ANONYMOUS = ("", "anonymous")
"""Tokens of nobody. To such requests Consul never says that it left results out."""

_LEADERLESS = ("No cluster leader", "Raft leader not found", "Not ready to serve consistent")


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of Consul.

    Attributes:
        path: Such as ``/v1/health/service/web``, quoted.
        params: Query parameters; one may stand several times.
        method: HTTP's verb.
        body: Sent with it; None for nothing.
        allowed: Statuses that are answers.
        wait: How long Consul is asked to hold the answer back, in seconds, beyond the usual limit.
        rights: What a token needs for it, for the message of a refusal.
    """

    path: str
    params: Sequence[tuple[str, str]] = ()
    method: str = "GET"
    body: bytes | None = None
    allowed: Collection[int] = (HTTPStatus.OK,)
    wait: float = 0.0
    rights: str = words.RIGHTS


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        status: Its status, one of those that were allowed.
        headers: Its headers, looked up without regard to case.
        body: Its body, undecoded.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client goes on asking, in seconds.

    Attributes:
        pauses: Before each further try, where Consul answers that it cannot just now: 429, 503,
            and 500 while there is no leader. Each is spread by half, up and down.
        unreachable: No further try where nobody answered and it would begin later than this: an
            agent that restarts is back at once, and one that is gone is not worth a wait.
    """

    pauses: tuple[float, ...] = (0.3, 1.0)
    unreachable: float = 0.8


class Client:
    """Asks one Consul; safe between threads.

    Args:
        connection: How to reach it, and as whom.
        patience: How long to go on asking.
        kept: How many connections are kept open between calls.
    """

    def __init__(
        self, connection: ConsulConnection, patience: Patience | None = None, *, kept: int = 10
    ) -> None:
        self.connection = connection
        self._patience = patience or Patience()
        self._transport = transport.Transport(connection, kept)

    @property
    def remote(self) -> str:
        """Name the Consul that is asked, for messages, without the password of a proxy."""
        parts = urlsplit(self.connection.url)
        place = parts.netloc.rpartition("@")[2] or parts.path
        return f"Consul at {parts.scheme}://{place}"

    @property
    def known(self) -> bool:
        """Whether Consul is told who asks, so that it says when it leaves results out."""
        return self.connection.token not in ANONYMOUS

    def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        *,
        allowed: Collection[int] = (HTTPStatus.OK,),
    ) -> Reply:
        """Ask a question: `send`, for most of what is asked."""
        return self.send(Call(path, params, allowed=allowed))

    def send(self, call: Call) -> Reply:
        """Make a call; again a little later where Consul is just busy.

        Raises:
            errors.ConsulUnreachable: No answer.
            errors.ConsulDenied: 401 or 403.
            errors.ConsulNotReady: A status that is not allowed.
        """
        start = time.monotonic()
        for pause in self._patience.pauses:
            wait = pause * random.uniform(0.5, 1.5)  # noqa: S311 - only to spread calls
            try:
                return self._send_once(call)
            except _BusyError:
                pass
            except errors.ConsulUnreachable as error:
                later = time.monotonic() - start + wait > self._patience.unreachable
                if later or not words.passes(error):
                    raise
            time.sleep(wait)
        try:
            return self._send_once(call)
        except _BusyError as busy:
            raise errors.ConsulNotReady(str(busy)) from None

    def _send_once(self, call: Call) -> Reply:
        """Make a call once."""
        token = self.connection.token
        if not (token.isascii() and token.isprintable()) or " " in token:
            # the HTTP library would say so too, and print the token
            raise errors.ConsulDenied(
                f"{self.remote} cannot be sent the token: it contains a line break or another"
                " character that no token has; check consul:token or CONSUL_HTTP_TOKEN"
            )
        headers = {"X-Consul-Token": token} if token else {}
        url = self._transport.uri(call.path, call.params)
        try:
            response = self._transport.ask(
                call.method, url, body=call.body, headers=headers, wait=call.wait
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise words.unreachable(self.remote, error) from error
        except (TypeError, ValueError) as error:  # what the HTTP library cannot even send
            raise errors.ConsulUnreachable(
                f"{self.remote} cannot be asked: {type(error).__name__};"
                " check consul:address, HTTP_PROXY and HTTPS_PROXY"
            ) from error
        if response.status_code not in call.allowed:
            raise self._refusal(call, response.status_code, response.content)
        return Reply(response.status_code, response.headers, response.content)

    def _refusal(self, call: Call, code: int, body: bytes) -> errors.ConsulError:
        """Say why Consul did not answer, and whether it may in a moment."""
        said = errors.remote_text(body.decode("utf-8", "replace"))
        error = words.refusal(self.remote, code, said, known=self.known, rights=call.rights)
        busy = code in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
        if busy or any(text in said for text in _LEADERLESS):
            return _BusyError(str(error))
        return error


class _BusyError(errors.ConsulNotReady):
    """Consul cannot just now, and says so; never leaves this module."""
