"""A leader that Consul does not take for one."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from lictor.consul.aio import wire
from lictor.consul.aio.client import Client
from lictor.esm.discovery import Discovery
from lictor.esm.doubt import Doubt
from lictor.esm.ledger import Ledger
from lictor.esm.place import Place
from lictor.esm.sharing import Sharing
from lictor.model import ConsulConnection
from tests.fakes import odd_consul
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from tests.fakes.odd_consul import Asked

SESSION = "the-session"
LOST = 'failed session check for key "p/leader", current session "" != "the-session"'
PLACE = Place({}, "p/", "p/leader", "esm", "web", "me")


class Rule:
    """A lock that is always ours to see, and transactions that are refused for a while.

    Attributes:
        says: What each next transaction is answered with; empty for a commit.
        written: Transactions that came.
        instances: Questions for instances.
    """

    def __init__(self, *says: str) -> None:
        """Begin."""
        self.says = list(says)
        self.written: list[list[dict[str, dict[str, str]]]] = []
        self.instances: list[str] = []

    def __call__(self, asked: Asked) -> Odd:
        """Answer a request."""
        path = urlsplit(asked.path).path
        if path == "/v1/txn":
            self.written.append(json.loads(asked.body))
            what = self.says.pop(0) if self.says else ""
            wrong = [{"OpIndex": 0, "What": what}] if what else None
            body = json.dumps({"Results": [], "Errors": wrong}).encode()
            return Odd(status=409 if what else 200, body=body)
        if path == "/v1/health/service/esm":
            self.instances.append(asked.path)
            return Odd(body=b'[{"Service": {"ID": "me"}}]')
        if path == "/v1/kv/p/leader" and "acquire" not in asked.path:
            flags = 0x2DDCCBC058A50C18
            pair = {"Key": "p/leader", "Session": SESSION, "Flags": flags}
            return Odd(body=json.dumps([pair]).encode())
        return {
            "/v1/session/create": Odd(body=json.dumps({"ID": SESSION}).encode()),
            "/v1/kv/p/leader": Odd(body=b"true"),
            "/v1/kv/p/agents/": Odd(status=404, body=b""),
        }.get(path, Odd())


@pytest.mark.parametrize(
    "what", [LOST, "Permission denied: token lacks permission 'key:write' on \"p/agents/me\""]
)
def test_lists_are_written_in_the_end(what: str, caplog: pytest.LogCaptureFixture) -> None:
    """After a refusal there is a line in the log, a pause, and another try."""
    rule = Rule(what)

    async def lead(url: str) -> None:
        async with Client(ConsulConnection(url=url)) as client:
            loop = asyncio.get_running_loop()
            ledger = Ledger(lambda *_: None, loop.time)
            doubt = Doubt(loop.time, ledger.resume)
            discovery = Discovery(client, PLACE, ledger, lambda _: None, doubt)
            discovery.known, discovery.nodes = True, {"n": wire.Node("n")}
            task = asyncio.create_task(Sharing(client, PLACE, discovery, {}).run())
            async with asyncio.timeout(10):
                while len(rule.written) < 2:  # noqa: ASYNC110 - a thread's work
                    await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    with odd_consul.start() as server, caplog.at_level("INFO", "lictor.esm"):
        server.obeys(rule)
        asyncio.run(lead(server.url))
    assert rule.written[0] == rule.written[1]
    assert rule.written[0][0]["KV"]["Verb"] == "check-session"
    said = "Lost leadership" if what is LOST else "refuses the token"
    assert said in caplog.text
    assert rule.instances
    assert all("tag=web" in path for path in rule.instances)
