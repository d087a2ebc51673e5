"""A real Chromium, spoken to by the DevTools protocol: as much of it as the tests need.

Each command is sent and answered before the next one; events that come in between are kept.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from tools import browser

if TYPE_CHECKING:
    from collections.abc import Iterator

START = 30.0
"""So long, in seconds, a browser may take to start on a busy machine."""
DEADLINE = 15.0
"""So long, in seconds, a page may take until something is true."""

_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests often run as root, where there is none; it sees our own page only
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
)


@dataclass
class Page:
    """A tab.

    Attributes:
        complaints: What the browser found wrong: errors of scripts, of loading, of the policy.
    """

    loop: asyncio.AbstractEventLoop
    socket: aiohttp.ClientWebSocketResponse
    complaints: list[str] = field(default_factory=list)
    _number: int = 0

    def call(self, method: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Send a command and return its result."""
        return self.loop.run_until_complete(self._call(method, params))

    async def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        await self.socket.send_json({"id": self._number, "method": method, "params": params})
        async with asyncio.timeout(START):
            while True:
                message = await self.socket.receive_json()
                if message.get("id") == self._number:
                    assert "error" not in message, f"{method}: {message}"
                    result: dict[str, Any] = message["result"]
                    return result
                self._note(message)

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.complaints.append(json.dumps(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.complaints.append(params["entry"]["text"])

    def open(self, url: str) -> Self:
        """Go there; comes back when the document is read."""
        self.call("Page.navigate", url=url)
        return self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def see(self, expression: str) -> Any:  # noqa: ANN401 - whatever it is
        """Evaluate JavaScript, promises included, and return the value."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, json.dumps(answer)
        return answer["result"].get("value")

    def until(self, condition: str) -> Self:
        """Wait until a condition in JavaScript is true."""
        deadline = time.monotonic() + DEADLINE
        look = f"""new Promise((done) => {{
            const end = performance.now() + 500;
            (function look() {{
                if ({condition}) done(true);
                else if (performance.now() > end) done(false);
                else setTimeout(look, 10);
            }})();
        }})"""
        while not self.see(look):
            assert time.monotonic() < deadline, f"{condition}\n{self.text()}"
        return self

    def text(self, selector: str = "body") -> str:
        """Return what a person reads there."""
        return str(self.see(f"document.querySelector({json.dumps(selector)}).innerText"))

    def texts(self, selector: str) -> list[str]:
        """Return what a person reads in each, cells and lines apart by one space."""
        found = self.see(
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            ".map((node) => node.innerText.replace(/\\s+/g, ' ').trim())"
        )
        return [str(text) for text in found]

    def shows(self, text: str) -> Self:
        """Wait until a person reads it somewhere."""
        return self.until(f"document.body.innerText.includes({json.dumps(text)})")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key and let go, as a keyboard does."""
        for kind in ("keyDown", "keyUp"):
            said = {"text": text} if text and kind == "keyDown" else {}
            self.call(
                "Input.dispatchKeyEvent",
                type=kind, key=key, code=key, windowsVirtualKeyCode=code, **said,
            )  # fmt: skip

    def write(self, text: str) -> None:
        """Write into what has the focus."""
        self.call("Input.insertText", text=text)

    def resize(self, width: int, height: int = 800) -> None:
        """Make the window so large; a narrow one is a telephone's."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 500,
        )  # fmt: skip

    def colours(self, scheme: str) -> None:
        """Prefer ``dark`` or ``light``."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)


@dataclass(frozen=True)
class Browser:
    """A running browser."""

    address: str

    @contextmanager
    def page(self) -> Iterator[Page]:
        """Open a tab, with whatever goes wrong in it noted."""
        loop = asyncio.new_event_loop()
        session = loop.run_until_complete(_session())
        try:
            page = Page(loop, loop.run_until_complete(self._socket(session)))
            for room in ("Page", "Runtime", "Log"):
                page.call(f"{room}.enable")
            yield page
            page.call("Page.close")
        finally:
            loop.run_until_complete(session.close())
            loop.close()

    async def _socket(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        async with session.put(f"{self.address}/json/new?about:blank") as response:
            target = await response.json()
        return await session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0)


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()


def program() -> str:
    """Find the browser.

    Raises:
        LookupError: There is none.
    """
    found = browser.find()
    if not found:
        raise LookupError("no Chromium on PATH: make test-browser installs it where apt has it")
    return found


@contextmanager
def start() -> Iterator[Browser]:
    """Run a browser with a profile of its own, thrown away at the end."""
    with TemporaryDirectory(prefix="lictor-chromium-", ignore_cleanup_errors=True) as profile:
        argv = [program(), *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        log = Path(profile) / "output"
        with log.open("wb") as out:
            child = subprocess.Popen(argv, stdout=out, stderr=out)  # noqa: S603 - found on PATH
            try:
                yield Browser(f"http://127.0.0.1:{_port(child, Path(profile), log)}")
            finally:
                child.terminate()
                child.wait()


def _port(child: subprocess.Popen[bytes], profile: Path, log: Path) -> int:
    """Wait until the browser has written down where it listens."""
    place, deadline = profile / "DevToolsActivePort", time.monotonic() + START
    while not (place.is_file() and "\n" in place.read_text()):
        late = time.monotonic() > deadline or child.poll() is not None
        assert not late, f"Chromium does not start:\n{log.read_text(errors='replace')}"
        time.sleep(0.02)
    return int(place.read_text().splitlines()[0])
