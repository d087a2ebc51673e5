"""Debug messages of the SDK stay in this process while an engine is served."""

from __future__ import annotations

import inspect

import pulumi.log

from lictor.watch.engine import unheard


def test_the_sdk_speaks_again_afterwards() -> None:
    """Within the block its calls fit and say nothing; behind it stands what stood before."""
    before = pulumi.log.debug
    with unheard.debug():
        within = pulumi.log.debug
        assert within is not before
        assert [*inspect.signature(within).parameters] == [*inspect.signature(before).parameters]
        within("told to nobody", None, stream_id=1, ephemeral=True)
    assert pulumi.log.debug is before
