"""How much of an answer the monitor reads."""

from __future__ import annotations

import asyncio

import pytest

from lictor import errors
from lictor.consul.aio.client import LARGEST, Client
from lictor.consul.client import Call
from lictor.model import ConsulConnection
from tests.fakes import odd_consul
from tests.fakes.odd_consul import Odd


def asked(answer: Odd, largest: int = LARGEST) -> bytes:
    """Ask for an answer, and read it."""

    async def story(url: str) -> bytes:
        async with Client(ConsulConnection(url), largest) as client:
            return (await client.send(Call("/v1/catalog/nodes"))).body

    with odd_consul.start() as consul:
        consul.answers(answer)
        return asyncio.run(story(consul.url))


def test_an_answer_that_fits() -> None:
    """Is read, whatever pieces it comes in."""
    assert asked(Odd(body=b"12345", repeat=20_000), 100_000) == b"12345" * 20_000


@pytest.mark.parametrize("length", [None, LARGEST + 1])
def test_an_answer_that_is_too_large(length: int | None) -> None:
    """Is refused, by its length where it has one that tells, else where it goes on."""
    with pytest.raises(errors.ConsulNotReady, match="larger than"):
        asked(Odd(body=b"12345", repeat=20_001, length=length), LARGEST if length else 100_000)


def test_another_token() -> None:
    """Goes with every question that is asked from then on."""

    async def story(url: str) -> None:
        async with Client(ConsulConnection(url, token="old")) as client:  # noqa: S106 - none
            await client.send(Call("/v1/catalog/nodes"))
            client.renew(ConsulConnection(url, token="new"))  # noqa: S106 - none
            await client.send(Call("/v1/catalog/nodes"))

    with odd_consul.start() as consul:
        asyncio.run(story(consul.url))
        tokens = [asked.headers["X-Consul-Token"] for asked in consul.asked]
    assert tokens == ["old", "new"]
