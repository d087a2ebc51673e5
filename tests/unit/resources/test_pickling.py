"""However many resources a process declares, the next one is declared as the first was."""

from __future__ import annotations

import base64
import pickle
import sys

import pytest
from pulumi import dynamic
from pulumi.dynamic.dynamic import serialize_provider

from lictor.resources import pickling
from lictor.resources.attachments import AttachmentsProvider
from lictor.resources.external_node import ExternalNodeProvider
from lictor.resources.leader_tag import LeaderTagProvider

MANY = sys.getrecursionlimit() + 100


class Theirs(dynamic.ResourceProvider):
    """A dynamic provider of a user's own program."""

    def __init__(self) -> None:
        super().__init__()
        self.region = "us-west-2"


@pytest.mark.parametrize("ours", [AttachmentsProvider, ExternalNodeProvider, LeaderTagProvider])
def test_ours_are_written_as_the_sdk_writes_them(ours: type[dynamic.ResourceProvider]) -> None:
    """State of a plain program and of the watch's is the same."""
    with pickling.untouched():
        assert pickling.text(ours) == serialize_provider(ours())


def test_thousands_of_theirs_in_many_runs() -> None:
    """The SDK by itself ends with RecursionError here, as in any long-lived process."""
    for _ in range(MANY):
        with pickling.untouched():
            text = serialize_provider(Theirs())
    assert b"Theirs" in base64.b64decode(text)
    with pickling.untouched(), pytest.raises(RecursionError):
        _many()
    assert b"Theirs" in base64.b64decode(serialize_provider(Theirs()))


def _many() -> None:
    for _ in range(MANY):
        serialize_provider(Theirs())


def test_thousands_of_ours() -> None:
    """Each is written without a trace."""
    before = dict(vars(pickle._Pickler))  # noqa: SLF001 - as pickling itself
    assert len({pickling.text(AttachmentsProvider) for _ in range(MANY)}) == 1
    assert dict(vars(pickle._Pickler)) == before  # noqa: SLF001 - as above
