"""What counts as an answer of Consul's, and what happens where one is none."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from lictor import errors
from lictor.consul.aio import checks, nodes
from lictor.consul.aio.client import Client
from lictor.consul.aio.following import answers
from lictor.esm.discovery import Discovery
from lictor.esm.doubt import Doubt
from lictor.esm.ledger import Ledger
from lictor.esm.place import Place
from lictor.model import ConsulConnection
from tests.fakes import odd_consul
from tests.fakes.odd_catalog import OddCatalog
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from lictor.consul.client import Reply
    from tests.fakes.odd_consul import Asked, OddConsul

META = {"external-node": "true", "team": "a"}
PAGE = Odd(body=b"<html>sign in</html>")
CUT = Odd(headers={"X-Consul-Results-Filtered-By-ACLs": "true", "X-Consul-Index": "16"})
ONE = Odd(body=b'[{"Node": "n", "CheckID": "c", "Status": "passing"}]')


@pytest.fixture(scope="module")
def server() -> Iterator[OddConsul]:
    """Run the server that all share."""
    with odd_consul.start() as running:
        yield running


async def first(server: OddConsul) -> tuple[list[str], list[errors.ConsulError]]:
    """Follow checks until there is an answer; return its nodes, and what went wrong before."""
    troubles: list[errors.ConsulError] = []
    async with Client(ConsulConnection(url=server.url)) as client, asyncio.timeout(10):

        def read(reply: Reply) -> list[str]:
            return [row.node for row in checks.rows(reply.body, client.remote)]

        call = checks.watch_call(META, namespaces=False, stale=False)
        async for found in answers(client, call, read, trouble=troubles.append):
            return found, troubles
    raise AssertionError


@pytest.mark.parametrize(
    ("odd", "kind", "text"),
    [
        (PAGE, errors.ConsulNotReady, "cannot be read"),
        (Odd(body=b"null"), errors.ConsulNotReady, "cannot be read"),
        (CUT, errors.ConsulDenied, "left out results that the token may not see"),
    ],
)
def test_what_is_no_answer(
    server: OddConsul, odd: Odd, kind: type[errors.ConsulError], text: str
) -> None:
    """It is told of as trouble, and asked again."""
    server.answers(odd, ONE)
    found, (trouble,) = asyncio.run(first(server))
    assert found == ["n"]
    assert isinstance(trouble, kind)
    assert text in str(trouble)


class World:
    """A discovery, and what it knows."""

    def __init__(self, client: Client, *, stale: bool = False) -> None:
        """Begin without knowing anything."""
        place = Place(META, "p/", "p/leader", "esm", "", "me", stale)
        loop = asyncio.get_running_loop()
        self.ledger = Ledger(lambda *_: None, loop.time)
        self.doubt = Doubt(loop.time, self.ledger.resume)
        self.found = Discovery(client, place, self.ledger, lambda _: None, self.doubt)

    def knows(self) -> bool:
        """Tell whether all three questions were answered, and our check is known."""
        return [key[0] for key in self.ledger.entries] == ["n"]


@contextlib.asynccontextmanager
async def discovering(server: OddConsul, *, stale: bool = False) -> AsyncIterator[World]:
    """Run a discovery."""
    async with Client(ConsulConnection(url=server.url)) as client:
        world = World(client, stale=stale)
        task = asyncio.create_task(world.found.run())
        try:
            yield world
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], object]) -> None:
    """Wait for something."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - a thread's work, which rings for nobody
            await asyncio.sleep(0.01)


class Shared:
    """One node with one check, which is ours.

    Attributes:
        catalog: Has them.
        fault: Given instead of all answers to paths that begin so.
    """

    def __init__(self) -> None:
        """Begin well."""
        self.catalog = OddCatalog()
        self.catalog.has("n", "passing", Definition={"TCP": "h:1"})
        self.catalog.lists = {"p/agents/me": {"Nodes": ["n"]}}
        self.index = 20
        self.fault: dict[str, Odd] = {}

    def __call__(self, asked: Asked) -> Odd:
        """Answer a request; nothing blocks, and each answer is news."""
        path = urlsplit(asked.path).path
        fault = next((odd for begin, odd in self.fault.items() if path.startswith(begin)), None)
        if fault is not None:
            return fault
        self.index += 1
        headers = {"X-Consul-Index": str(self.index)}
        if path == "/v1/catalog/nodes":
            return Odd(body=b'[{"Node": "n"}]', headers=headers)
        if path == "/v1/health/state/any":
            body = json.dumps([self.catalog.checks["n"]]).encode()
            return Odd(body=body, headers=headers)
        odd = self.catalog(asked)
        return Odd(odd.status, odd.body, headers)


def test_a_page_of_a_proxy_ends_nothing(server: OddConsul) -> None:
    """Discovery asks again, and goes on when Consul answers."""
    shared = Shared()
    shared.fault = {"/": PAGE}
    server.obeys(shared)

    async def discover() -> None:
        async with discovering(server) as world:
            await until(lambda: len(server.asked) > 6)
            assert not world.found.known
            shared.fault = {}
            await until(world.knows)

    asyncio.run(discover())


@pytest.mark.parametrize("path", ["/v1/health/state/any", "/v1/catalog/nodes", "/v1/kv/p/agents"])
def test_rights_that_were_narrowed_end_no_check(server: OddConsul, path: str) -> None:
    """An answer that ACLs have emptied is none: what was answered before holds."""
    shared = Shared()
    server.obeys(shared)
    cut = Odd(404 if "kv" in path else 200, b"[]", CUT.headers)

    async def discover() -> None:
        async with discovering(server) as world:
            await until(world.knows)
            shared.fault = {path: cut}
            asked = len(server.asked)
            await until(lambda: sum(path in one.path for one in server.asked[asked:]) > 2)
            assert world.knows()

    asyncio.run(discover())


def test_our_list_after_trouble(server: OddConsul) -> None:
    """While it cannot be read there is doubt, until it was: then what is not ours is let go."""
    shared = Shared()
    server.obeys(shared)

    async def discover() -> None:
        async with discovering(server) as world:
            await until(world.knows)
            shared.fault = {"/v1/kv": Odd(status=500, body=b"No cluster leader")}
            await until(lambda: world.doubt.open)
            shared.catalog.lists = {}
            shared.fault = {}
            await until(lambda: not world.doubt.open)
            assert not world.ledger.entries

    asyncio.run(discover())


@pytest.mark.parametrize("stale", [True, False])
def test_what_is_asked(server: OddConsul, stale: bool) -> None:  # noqa: FBT001 - a parameter
    """All pairs of the meta, and `stale` where any server may answer; our list never so."""
    server.obeys(Shared())

    async def discover() -> None:
        async with discovering(server, stale=stale) as world:
            await until(world.knows)

    asyncio.run(discover())
    for asked in server.asked:
        parts = urlsplit(asked.path)
        query = parse_qsl(parts.query, keep_blank_values=True)
        names = [name for name, _ in query]
        if parts.path.startswith("/v1/kv"):
            assert "stale" not in names
        else:
            wanted = [f"{key}:{value}" for key, value in META.items()]
            assert [value for name, value in query if name == "node-meta"] == wanted
            assert ("stale" in names) is stale


async def refused(server: OddConsul, what: str) -> bool:
    """Commit something that Consul answers so."""
    body = json.dumps({"Results": None, "Errors": [{"OpIndex": 0, "What": what}]}).encode()
    server.answers(Odd(status=409, body=body))
    async with Client(ConsulConnection(url=server.url)) as client:
        return await nodes.transact(client, [{}])


@pytest.mark.parametrize(
    "what",
    [
        'failed to set key "k", index is stale',
        'failed session check for key "k", current session "" != "x"',
        'failed to check session, key "k" doesn\'t exist',
        "Missing node registration",
    ],
)
def test_a_transaction_on_what_has_changed(server: OddConsul, what: str) -> None:
    """Is no error."""
    assert asyncio.run(refused(server, what)) is False


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("Permission denied: token lacks 'key:write'", errors.ConsulDenied),
        ("Must provide service name", errors.ConsulNotReady),
    ],
)
def test_a_transaction_that_consul_refuses(
    server: OddConsul, what: str, kind: type[errors.ConsulError]
) -> None:
    """Says so, with Consul's words."""
    with pytest.raises(kind, match=what.split(":", maxsplit=1)[0]):
        asyncio.run(refused(server, what))
