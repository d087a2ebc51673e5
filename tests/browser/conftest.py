"""One browser for all tests, a tab and a server for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium
from tests.unit.watch.boards import World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def browser() -> Iterator[chromium.Browser]:
    """Run a browser."""
    with chromium.start() as running:
        yield running


@pytest.fixture
def page(browser: chromium.Browser) -> Iterator[chromium.Page]:
    """Open a tab; the test fails where the browser has found anything wrong in it."""
    with browser.page() as opened:
        opened.resize(1200)
        yield opened
        assert opened.complaints == []


@pytest.fixture
def world() -> World:
    """Give a world in which nothing has happened."""
    return World()
