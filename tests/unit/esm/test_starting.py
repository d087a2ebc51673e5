"""Whether we are the only one of our id."""

from __future__ import annotations

import asyncio

import pytest

from lictor import errors
from lictor.esm import starting
from tests.fakes import clock

ALIVE, DEAD = "alive", ""


class Says:
    """Says what a test wants, the last for ever."""

    def __init__(self, *said: str | errors.ConsulError) -> None:
        """Begin."""
        self.said = list(said)

    async def lives(self) -> bool:
        """Say the next."""
        said = self.said.pop(0) if len(self.said) > 1 else self.said[0]
        if isinstance(said, errors.ConsulError):
            raise said
        return bool(said)


def waited(*said: str | errors.ConsulError) -> float:
    """Tell how long the start waited."""

    async def story() -> float:
        await starting.alone("esm:one", Says(*said).lives, 17.0)
        return asyncio.get_running_loop().time()

    return clock.run(story())


def test_nobody_has_our_id() -> None:
    """We begin at once."""
    assert waited(DEAD) == 0.0


def test_one_that_was_killed() -> None:
    """Is waited for."""
    assert waited(ALIVE, ALIVE, DEAD) == pytest.approx(1.0)


def test_one_that_lives() -> None:
    """Is not replaced."""
    with pytest.raises(errors.LictorError, match="'esm:one' is already registered"):
        waited(ALIVE)


def test_a_consul_that_does_not_say() -> None:
    """Is asked again, for as long as it takes; a token that may not ask ends it."""
    busy = errors.ConsulNotReady("429")
    assert waited(*[busy] * 30, DEAD) == pytest.approx(60.0)
    with pytest.raises(errors.ConsulDenied):
        waited(errors.ConsulDenied("403"))
