"""One question to Consul, answered with headers and bytes or with an error in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests

from lictor import errors
from lictor.consul import transport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lictor.model import ConsulConnection


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with status 200.

    Attributes:
        headers: Its headers, looked up without regard to case.
        body: Its body, undecoded.
    """

    headers: Mapping[str, str]
    body: bytes


class Client:
    """Asks one Consul; safe between threads."""

    def __init__(self, connection: ConsulConnection) -> None:
        self.connection = connection
        self._transport = transport.Transport(connection)

    @property
    def remote(self) -> str:
        """Name the Consul that is asked, for messages."""
        return f"Consul at {self.connection.url}"

    def get(self, path: str, params: Sequence[tuple[str, str]]) -> Reply:
        """Ask a question.

        Args:
            path: Such as ``/v1/health/service/web``.
            params: Query parameters; one may stand several times.

        Raises:
            errors.ConsulUnreachable: No answer.
            errors.ConsulDenied: 401 or 403.
            errors.ConsulNotReady: Any other status than 200.
        """
        token = self.connection.token
        headers = {"X-Consul-Token": token} if token else {}
        try:
            response = self._transport.get(_identity, path, params=params, headers=headers)
        except (requests.RequestException, OSError) as error:
            raise errors.ConsulUnreachable(_unreachable(self.remote, error)) from error
        if response.code != HTTPStatus.OK:
            raise self._refusal(response.code, response.content)
        return Reply(response.headers, response.content)

    def _refusal(self, code: int, body: bytes) -> errors.ConsulError:
        """Say why Consul did not answer, and what to do."""
        said = errors.remote_text(body.decode("utf-8", "replace"))
        if code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            who = "the token" if self.connection.token else "the anonymous token"
            return errors.ConsulDenied(
                f"{self.remote} refuses {who} ({code}: {said});"
                " set consul:token to a token with service:read and node:read"
            )
        if code == HTTPStatus.TOO_MANY_REQUESTS:
            return errors.ConsulNotReady(
                f"{self.remote} is overloaded ({code}: {said}); try again in a moment"
            )
        return errors.ConsulNotReady(
            f"{self.remote} answered {code}: {said}; see its log, or `consul operator raft"
            " list-peers` for the leader"
        )


def _identity(response: Any) -> Any:  # noqa: ANN401 - python-consul2 has no types
    return response


def _unreachable(remote: str, error: Exception) -> str:
    """Put a failure of the network into words, with the setting to look at."""
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"{remote} cannot be trusted: {_root(error)}; check consul:scheme,"
            " consul:caFile, consul:certFile and consul:keyFile"
        )
    if isinstance(error, requests.Timeout):
        return f"{remote} did not answer in time; check consul:address and the agent"
    return f"{remote} cannot be reached: {_root(error)}; check consul:address or CONSUL_HTTP_ADDR"


def _root(error: BaseException) -> str:
    """Find the innermost reason: requests and urllib3 wrap it several times over."""
    seen = error
    while True:
        reason = getattr(seen, "reason", None)
        inner = (
            reason
            if isinstance(reason, BaseException)
            else next((arg for arg in seen.args if isinstance(arg, BaseException)), None)
        ) or seen.__context__
        if inner is None or inner is seen:
            break
        seen = inner
    text = getattr(seen, "strerror", None) or str(seen)
    return (
        errors.remote_text(text).lower() if isinstance(seen, OSError) else errors.remote_text(text)
    )
