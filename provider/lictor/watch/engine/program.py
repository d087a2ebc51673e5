"""The project's program, run in this process.

Each run executes ``__main__.py`` afresh, and imports afresh what lies beside it: both may have
been edited meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi.runtime import register_stack_transformation

from lictor.resources import order
from lictor.watch.engine.headstart import HeadStart

if TYPE_CHECKING:
    from collections.abc import Callable


class Program:
    """What the language host runs.

    Attributes:
        first: URNs of the resources that get a head start; of none, no resource waits.

    Args:
        declare: Declares the resources.
    """

    def __init__(self, declare: Callable[[], None]) -> None:
        self.first: frozenset[str] = frozenset()
        self._declare = declare

    async def __call__(self) -> None:
        """Declare the resources, and see to it that the calls to the engine are under way.

        The SDK waits for calls that are under way one by one. While none is, it looks through all
        outputs of all resources whenever one of them is there: half of what 100 resources take.
        """
        async with AsyncExitStack() as ends:
            if self.first:
                start = HeadStart(self.first)
                register_stack_transformation(start.transform)
                ends.push_async_callback(start.over)
                ends.enter_context(order.kept(start))
            self._declare()
            await asyncio.sleep(0)


def run(main: Path) -> None:
    """Execute a program as `python` would, in its folder."""
    before, where = set(sys.modules), Path.cwd()
    sys.path.insert(0, str(main.parent))
    os.chdir(main.parent)
    try:
        runpy.run_path(str(main), run_name="__main__")
    finally:
        os.chdir(where)
        sys.path.remove(str(main.parent))
        for name in _beside(main.parent, set(sys.modules) - before):
            del sys.modules[name]


def _beside(folder: Path, names: set[str]) -> list[str]:
    """List the modules that belong to the project, not to its virtual environment."""
    found = []
    for name in names:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(folder) and "site-packages" not in Path(file).parts:
            found.append(name)
    return found
