"""When the nodes that we take for ours may be another's: on a clock of the test's."""

from __future__ import annotations

import asyncio

import pytest

from lictor.esm.doubt import STILL, UNSEEN, Doubt
from tests.fakes import clock


class World:
    """A doubt, with a clock and a note of how it ended."""

    def __init__(self) -> None:
        """Begin without any."""
        self.now = 100.0
        self.gaps: list[float] = []
        self.doubt = Doubt(lambda: self.now, self.gaps.append)

    def doubts(self) -> bool:
        """Tell whether there is a doubt now."""
        return self.doubt.open


def test_trouble_until_the_list_was_read() -> None:
    """By a question that was asked after it."""
    world = World()
    assert not world.doubts()
    world.doubt.arises()
    asked = world.doubt.count
    world.now += 4
    world.doubt.arises()
    world.doubt.settles(asked)
    assert world.doubts()
    assert not world.gaps
    world.doubt.settles(world.doubt.count)
    assert not world.doubts()
    assert world.gaps == [4 + UNSEEN]


def test_a_process_that_stood_still() -> None:
    """Doubts, and forgets every time that it counted."""
    world = World()
    world.now += STILL
    assert not world.doubts()
    world.now += STILL + 0.1
    assert world.doubts()
    world.doubt.settles(world.doubt.count)
    assert world.gaps == [float("inf")]


def test_an_answer_from_before_the_standstill() -> None:
    """Settles nothing."""
    world = World()
    world.doubt.arises()
    asked = world.doubt.count
    world.now += 60
    world.doubt.settles(asked)
    assert world.doubts()


def test_whoever_waits() -> None:
    """Goes on when the doubt is over, and at once where there is none."""

    async def waits() -> None:
        loop = asyncio.get_running_loop()
        doubt = Doubt(loop.time, lambda _: None)
        await doubt.over()
        doubt.arises()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await doubt.over()
        doubt.settles(doubt.count)
        await doubt.over()

    clock.run(waits())
