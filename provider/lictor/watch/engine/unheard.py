"""The SDK's debug messages, which nobody hears.

For each resource the SDK tells the engine half a dozen times what it is about to do, and waits for
each answer on the thread that registers the resources: half of the program's time in a large
stack. The CLI shows them with ``--debug`` only, which lictor never gives.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pulumi.log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pulumi import Resource


@contextmanager
def debug() -> Iterator[None]:
    """Send no debug message from this process until the block ends."""
    told, pulumi.log.debug = pulumi.log.debug, _untold
    try:
        yield
    finally:
        pulumi.log.debug = told


def _untold(
    msg: str,
    resource: Resource | None = None,
    stream_id: int | None = None,
    ephemeral: bool | None = None,  # noqa: FBT001 - the SDK's own signature
) -> None:
    """Take a message, and leave it at that."""
