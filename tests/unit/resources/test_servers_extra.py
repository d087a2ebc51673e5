"""Without the extra `servers`, its two public names say which one to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import pulumi
import lictor
try:
    lictor.{call}
except pulumi.RunError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "call",
    [
        'ConsulServerCluster("main", image_id="ami-01234567", subnet_ids=["subnet-01234567"])',
        'ConsulServerImage("main", consul_version="1.22.5", sha256="0" * 64)',
    ],
)
def test_the_extra_is_named(call: str) -> None:
    """In one line, when one is made; importing lictor needs nothing of it.

    In a process of its own: other tests have put pulumi-aws into ours.
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _PROGRAM.format(call=call)],
        capture_output=True,
        text=True,
        check=True,
    )
    name = call.partition("(")[0]
    assert done.stdout == (
        f"lictor.{name} needs pulumi-aws; install it with: pip install 'lictor[servers]'\n"
    )
