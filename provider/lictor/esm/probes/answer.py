"""An answer of HTTP/1.1, read piece by piece: no I/O here."""

from __future__ import annotations

import re

from lictor.esm.probes.failing import ProbeFailed

LARGEST_HEAD = 256 * 1024
LARGEST_BODY = 16 * 1024 * 1024
"""Bytes of a body; what is larger is no answer to a health check, and to read it costs others."""

_LINE = 64 * 1024
_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}")
_FIRST = 200
_BODILESS = (204, 304)


class Answer:
    """Takes what comes in, and says when it is whole.

    Args:
        kept: Bytes of the body's end that are kept.
        bodiless: Whether it has none, as the answer to HEAD.

    Attributes:
        status: 0 until the head is there.
        reason: The status line after the version: ``200 OK``.
        headers: Names in small letters; of those that stand twice the first.
        whole: Whether all of it is there.
    """

    __slots__ = (
        "_bodiless",
        "_buffer",
        "_chunks",
        "_kept",
        "_left",
        "_size",
        "_tail",
        "headers",
        "reason",
        "status",
        "whole",
    )

    def __init__(self, kept: int, *, bodiless: bool = False) -> None:
        self.status = 0
        self.reason = ""
        self.headers: dict[bytes, bytes] = {}
        self.whole = False
        self._buffer = b""
        self._kept = kept
        self._bodiless = bodiless
        self._left = -1  # bytes until the end; -1 for: until the connection ends
        self._chunks: bool | None = None  # None: not chunked; True: a size comes next
        self._tail = b""
        self._size = 0

    @property
    def output(self) -> str:
        """The body's end, as text."""
        return self._tail[-self._kept :].decode("utf-8", "replace")

    def feed(self, data: bytes) -> None:
        """Take what came in.

        Raises:
            ProbeFailed: This is no HTTP, or too much of it.
        """
        if self.status:
            self._body(data)
            return
        self._buffer += data
        headed = False
        while not headed:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > LARGEST_HEAD:
                    raise ProbeFailed(f"net/http: more than {LARGEST_HEAD >> 10} KiB of headers")
                if not b"HTTP/"[: len(self._buffer)] == self._buffer[:5]:
                    raise _malformed(self._buffer)
                return
            head, rest = self._buffer[:end], self._buffer[end + 4 :]
            self._buffer = rest
            headed = self._head(head)
        self._buffer = b""
        self._body(rest)

    def end(self) -> None:
        """Take note that the connection has ended.

        Raises:
            ProbeFailed: There should have been more.
        """
        if self.status and not self.whole and self._left < 0 and self._chunks is None:
            self.whole = True
        if not self.whole:
            raise ProbeFailed("EOF" if not self._buffer and not self.status else "unexpected EOF")

    def _head(self, head: bytes) -> bool:
        """Read a head; False for one that only announces another."""
        first, *lines = head.split(b"\r\n")
        version, _, reason = first.partition(b" ")
        code = reason[:3]
        if not version.startswith(b"HTTP/1.") or not code.isdigit() or len(code) != 3:  # noqa: PLR2004
            raise _malformed(first)
        status = int(code)
        if 100 <= status < _FIRST and status != 101:  # noqa: PLR2004 - a real one follows
            return False
        headers: dict[bytes, bytes] = {}
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not name:
                text = line[:60].decode("ascii", "replace")
                raise ProbeFailed(f'net/http: HTTP/1.x transport connection broken: "{text}"')
            headers.setdefault(name.lower(), value.strip())
        self.status, self.reason = status, reason.decode("latin-1").strip()
        self.headers = headers
        self._expect(status, headers)
        return True

    def _expect(self, status: int, headers: dict[bytes, bytes]) -> None:
        """Find out how long the body is."""
        if self._bodiless or status in _BODILESS:
            self._left = 0
        elif b"chunked" in headers.get(b"transfer-encoding", b"").lower():
            self._chunks = True
        elif (length := headers.get(b"content-length")) is not None:
            if not length.isdigit() or len(length) > 18:  # noqa: PLR2004 - 64 bits
                raise ProbeFailed(f'bad Content-Length "{length[:40].decode("ascii", "replace")}"')
            self._left = int(length)
        self.whole = self._left == 0

    def _body(self, data: bytes) -> None:
        if self.whole:
            return
        if self._chunks is not None:
            self._chunked(data)
            return
        if self._left >= 0:
            data = data[: self._left]
            self._left -= len(data)
            self.whole = self._left == 0
        self._keep(data)

    def _chunked(self, data: bytes) -> None:
        """Walk through what came; only the beginning of a line waits for more."""
        data = self._buffer + data
        pieces = []
        at = 0
        while at < len(data) and not self.whole:
            if self._chunks:
                end = data.find(b"\r\n", at)
                if end < 0:
                    break
                self._size_line(data[at:end])
                at = end + 2
            else:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                pieces.append(piece[: len(piece) - max(0, 2 - self._left)])
                self._chunks = self._left == 0
        self._buffer = data[at:]
        self._keep(b"".join(pieces))
        if self._chunks and len(self._buffer) > _LINE:
            raise ProbeFailed("malformed chunked encoding")

    def _size_line(self, line: bytes) -> None:
        size = line.partition(b";")[0].strip()
        if not _SIZE.fullmatch(size):
            raise ProbeFailed("malformed chunked encoding")
        self._left = int(size, 16)
        if self._left == 0:
            self.whole = True  # trailers do not concern us
        self._left += 2  # the line's end after the piece
        self._chunks = False

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > LARGEST_BODY:
            raise ProbeFailed(f"the answer is larger than {LARGEST_BODY >> 20} MiB")
        self._tail = (self._tail + data)[-self._kept :] if self._tail else data[-self._kept :]


def _malformed(data: bytes) -> ProbeFailed:
    text = data[:60].decode("ascii", "replace")
    return ProbeFailed(f'net/http: malformed HTTP response "{text}"')
