"""Who may ask: names of ours, and pages of ours."""

import pytest

from lictor.watch import origins


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:9099",
        "127.0.0.1",
        "[::1]:9099",
        "10.1.2.3:80",
        "localhost:9099",
        "LOCALHOST",
        "watcher-1:9099",
        "",
    ],
)
def test_names_of_ours(host: str) -> None:
    """Addresses need no DNS; no ``Host`` at all comes from no browser."""
    assert origins.known(host, {"watcher-1"})


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9099",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "watcher-1.evil.example",
        "localhost@evil.example",
        "evil.example/localhost",
        "[::1",
        "a:b",
        "127.1@evil.example:80",
    ],
)
def test_names_of_others(host: str) -> None:
    """A name that somebody else can make lead here."""
    assert not origins.known(host, {"watcher-1"})


@pytest.mark.parametrize(
    ("headers", "welcome"),
    [
        ({"Host": "127.0.0.1:9099", "Origin": "http://127.0.0.1:9099"}, True),
        ({"Host": "lictor.example", "Origin": "https://lictor.example"}, True),
        ({"Host": "127.0.0.1:9099", "X-Lictor": "run"}, True),
        ({"Host": "127.0.0.1:9099"}, False),
        ({"Host": "127.0.0.1:9099", "Origin": "http://127.0.0.1:8080"}, False),
        ({"Host": "127.0.0.1:9099", "Origin": "http://evil.example"}, False),
        ({"Host": "127.0.0.1:9099", "Origin": "http://evil.example", "X-Lictor": "run"}, False),
        ({"Host": "127.0.0.1:9099", "Origin": "null", "X-Lictor": "run"}, False),
        ({"Origin": "null"}, False),
        ({"Host": "127.0.0.1:9099", "Origin": "http://[", "X-Lictor": "run"}, False),
    ],
)
def test_pages_of_ours(headers: dict[str, str], *, welcome: bool) -> None:
    """Our own page, or a program that sends our header; another site's page never."""
    assert (origins.why_not(headers) == "") is welcome
