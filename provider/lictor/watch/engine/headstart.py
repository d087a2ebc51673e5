"""A head start for the resources that a run is about.

A change of one service concerns few resources of a large stack, while the program declares all of
them: engine and provider would come to the one whose targets change together with a hundred others
that nobody has disturbed. So lictor's others are handed to the engine when the first are through.
A list of config is declared in that order, too.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.sync_await import _sync_await

from lictor.resources import tokens
from lictor.resources.kinds import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAD = 0.5
"""Seconds that others wait at most: one of the first may depend on one of them."""


class HeadStart:
    """Keeps lictor's resources waiting until some of them are through; within a program's run.

    Args:
        first: URNs of those that wait for nobody.
    """

    def __init__(self, first: frozenset[str]) -> None:
        self._first = {(tokens.of(urn), urn.rsplit("::", 1)[-1]) for urn in first}
        self._names = frozenset(name for _, name in self._first)
        self._ahead: list[pulumi.Resource] = []
        self._others = asyncio.Event()
        self._before = set(SETTINGS.outputs)

    def goes_first(self, name: str) -> bool:
        """Whether a resource of this name waits for nobody."""
        return name in self._names

    @contextmanager
    def declaring(self) -> Iterator[None]:
        """Declare some of the first; when the block ends they are through, or late.

        The event loop runs meanwhile, and with it whatever the program has put off until its end:
        where there is such a thing, nothing is waited for.
        """
        alone = self._before >= SETTINGS.outputs
        yield
        if alone:
            _sync_await(self._come_through())

    def transform(
        self, args: pulumi.ResourceTransformationArgs
    ) -> pulumi.ResourceTransformationResult | None:
        """Remember one of the first, have one of the others wait; a stack transformation."""
        if not args.type_.startswith(tokens.OURS):
            return None
        if (args.type_, args.name) in self._first:
            self._ahead.append(args.resource)
            return None
        later: pulumi.Output[Any] = pulumi.Output.from_input(self._later(args.props[PROVIDER]))
        return pulumi.ResourceTransformationResult({**args.props, PROVIDER: later}, args.opts)

    async def over(self) -> None:
        """Wait for the first, and let the others go."""
        try:
            await self._come_through()
        finally:
            self._others.set()

    async def _come_through(self) -> None:
        """Wait until the engine has done with those that have been declared."""
        ahead = [asyncio.ensure_future(resource.urn.future()) for resource in self._ahead]
        self._ahead.clear()
        if ahead:
            await asyncio.wait(ahead, timeout=LEAD)  # a late one goes on: it is the program's

    async def _later(self, value: Any) -> Any:  # noqa: ANN401 - whatever the resource was given
        await self._others.wait()
        return value
