"""Remotes that do not wait: whoever runs them comes back."""

from __future__ import annotations

from lictor.resources.remotes import Remotes
from lictor.resources.run import Run

_ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/0123456789abcdef"


def test_neither_health_nor_draining_is_waited_for() -> None:
    """AWS is not even asked: it could not be reached like this."""
    remotes = Remotes({"aws:endpoints": "x"}.get, {}, Run(), patient=False)
    said: list[str] = []
    remotes.until_healthy(_ARN, ["i-1:80"], 3600.0, said.append)
    remotes.until_drained(_ARN, ["i-1:80"], said.append)
    assert not said
