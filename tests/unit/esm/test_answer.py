"""An answer of HTTP, however it is cut into pieces; fuzzed."""

from __future__ import annotations

import contextlib
import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.esm.probes.answer import LARGEST_BODY, Answer
from lictor.esm.probes.failing import ProbeFailed

WHOLE = {
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello": "hello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more": "hello",
    b"HTTP/1.1 204 No Content\r\n\r\n": "",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx": "x",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n"
    b"5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n": "hello0123456789",
}


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut data at places."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.sampled_from(sorted(WHOLE)), st.lists(st.integers(0, 10**6)))
def test_pieces_do_not_matter(data: bytes, places: list[int]) -> None:
    """What comes in one piece or in many is the same."""
    answer = Answer(4096)
    for piece in cut(data, places):
        if not answer.whole:
            answer.feed(piece)
    assert answer.whole
    assert answer.output == WHOLE[data]


@given(st.binary(), st.integers(0, 64), st.lists(st.integers(0, 10**6)))
def test_the_end_is_kept(body: bytes, kept: int, places: list[int]) -> None:
    """Of a body only so many bytes, the last ones."""
    kept = kept or 1
    answer = Answer(kept)
    for piece in cut(b"HTTP/1.0 200 OK\r\n\r\n" + body, places):
        answer.feed(piece)
    answer.end()
    assert answer.output == body[-kept:].decode("utf-8", "replace")


@given(st.lists(st.binary(), max_size=5), st.sampled_from([b"", *sorted(WHOLE)]))
def test_what_is_no_answer(pieces: list[bytes], begin: bytes) -> None:
    """Is refused in words, and never in another way."""
    answer = Answer(10)
    with contextlib.suppress(ProbeFailed):
        for piece in [begin[: len(begin) // 2], *pieces]:
            answer.feed(piece)
        answer.end()


def test_the_answer_to_head() -> None:
    """Has a length and no body."""
    answer = Answer(10, bodiless=True)
    answer.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    assert answer.whole


def test_a_body_that_is_too_large() -> None:
    """Is not read to its end."""
    answer = Answer(10)
    answer.feed(b"HTTP/1.1 200 OK\r\n\r\n")
    piece = bytes(1 << 20)
    for _ in range(LARGEST_BODY // len(piece)):
        answer.feed(piece)
    with pytest.raises(ProbeFailed, match="larger than 16 MiB"):
        answer.feed(piece)


def test_a_body_in_many_small_chunks() -> None:
    """Costs as much as it is long, and not its square: what comes at once holds up all else."""
    answer = Answer(10)
    answer.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    begun = time.process_time()
    answer.feed(b"1\r\nx\r\n" * 200_000 + b"0\r\n\r\n")
    assert time.process_time() - begun < 3.0
    assert answer.whole
    assert answer.output == "x" * 10
