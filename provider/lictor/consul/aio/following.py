"""Follows one question for ever: a blocking query after the other, errors or not."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from lictor import errors
from lictor.consul import blocking, gate, pace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from lictor.consul.aio.client import Client
    from lictor.consul.client import Call, Reply

_T = TypeVar("_T")

WAIT = 50.0
"""Seconds of a long poll; most proxies give up on a connection that is silent for a minute."""


async def answers(  # noqa: PLR0913 - what is asked, and how patiently
    client: Client,
    call: Call,
    decode: Callable[[Reply], _T],
    *,
    spacing: float = 0.1,
    trouble: Callable[[errors.ConsulError], None],
    wait: float = WAIT,
    most: float = 5.0,
) -> AsyncIterator[_T]:
    """Yield the first answer, and each that came with another index.

    One that cannot be read, or from which rights keep something back, is none: what was answered
    before it holds.

    Args:
        client: Whom to ask.
        call: What to ask, without index and wait.
        decode: Reads an answer; may raise ConsulError.
        spacing: Seconds from one question to the next at least. An index may move without end.
        trouble: Told of each failure; the next answer ends it.
        wait: Seconds for which Consul may hold an answer back.
        most: The longest pause after failures, in seconds.
    """
    loop = asyncio.get_running_loop()
    backoff = pace.Backoff(most=most)
    index, failures = 0, 0
    while True:
        begun = loop.time()
        params = [*call.params, *(blocking.params(index, wait) if index else ())]
        try:
            reply = await client.send(replace(call, params=params, wait=wait if index else 0.0))
            led = reply.headers.get("X-Consul-KnownLeader", "true").lower() == "true"
            streamed = reply.headers.get("X-Consul-Query-Backend") == "streaming"  # never says so
            if not (led or streamed or ("stale", "") in call.params):
                raise errors.ConsulNotReady(f"{client.remote} has no leader")
            gate.whole(reply.headers, remote=client.remote, rights=call.rights)
            found = blocking.index(reply.headers)
            news = decode(reply) if found != index else None
        except errors.ConsulError as error:
            failures += 1
            trouble(error)
            index = 0  # what comes after a failure is news in any case
            chance = random.random()  # noqa: S311 - only to spread calls
            await asyncio.sleep(backoff.pause(failures, chance))
            continue
        failures = 0
        if news is not None:
            index = 0 if found < index else found
            yield news
        await asyncio.sleep(max(0.0, begun + spacing - loop.time()))
