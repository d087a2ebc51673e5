"""Target groups under other ARNs than moto gives: such as those that documents show."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Aliases:
    """What callers say in place of an ARN, and are answered with."""

    def __init__(self) -> None:
        """Begin without any."""
        self._of: dict[str, str] = {}

    def name(self, arn: str, alias: str) -> None:
        """Let a group be known by another ARN."""
        self._of[alias] = arn

    def clear(self) -> None:
        """Forget them."""
        self._of.clear()

    def into(self, environ: WSGIEnvironment) -> None:
        """Put the ARNs that moto knows into a request."""
        if self._of:
            body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            for alias, arn in self._of.items():
                body = body.replace(quote(alias, safe="").encode(), quote(arn, safe="").encode())
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))

    def out_of(self, body: bytes) -> bytes:
        """Put the ARNs that callers know into an answer."""
        for alias, arn in self._of.items():
            body = body.replace(arn.encode(), alias.encode())
        return body
