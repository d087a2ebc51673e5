"""Boards with something on them, and a server that shows one: builders of these tests."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lictor.watch import listen
from lictor.watch.agreement import Row
from lictor.watch.board import Board
from lictor.watch.routes import Offer
from lictor.watch.status import Begun, Change, Group, Run, Sign
from lictor.watch.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 21, 8, 0, 0, tzinfo=UTC)
ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/0123456789abcdef"
GUARD = "min_targets 2: 1 would remain"


def make_group(*keys: str, **changes: Any) -> Group:  # noqa: ANN401 - fields of any type
    """Make a group in which these targets stand, all as they should."""
    labels = {key: f"node-{number} (dc1)" for number, key in enumerate(keys, 1)}
    return Group(**{"arn": ARN, "targets": labels, "attached": labels, **changes})


def make_begun(number: int = 1, why: str = "web changed", started: datetime = NOW) -> Begun:
    """Make a run that begins."""
    return Begun(number, why, started)


def make_run(number: int = 1, outcome: Verdict = Verdict.DONE, **changes: Any) -> Run:  # noqa: ANN401 - fields of any type
    """Make a run of a quarter of a second."""
    fields: dict[str, Any] = {
        "why": "web changed",
        "started": NOW + timedelta(seconds=number),
        "seconds": 0.25,
        "text": f"run {number}",
        "phases": {"read": 0.02, "apply": 0.2},
    }
    return Run(number=number, outcome=outcome, **{**fields, **changes})


def make_change(number: int, group: str = "web", sign: Sign = Sign.ADDED) -> Change:
    """Make a change of a target of its own."""
    text = f"node-{number} (dc1)"
    return Change(NOW + timedelta(seconds=number), group, sign, f"10.0.0.{number}:80", text)


def make_row(key: str = "10.0.0.1:80", *, agrees: bool = True, **changes: str) -> Row:
    """Make a row of ``web``: healthy here and there, or unhealthy there."""
    texts = {
        "group": "web",
        "node": "node-1 (dc1)",
        "consul": "passing",
        "balancer": "healthy" if agrees else "unhealthy",
        "reason": "" if agrees else "Target.FailedHealthChecks",
    }
    return Row(key=key, agrees=agrees, **{**texts, **changes})


@dataclass
class World:
    """What a server shows, and what it asks; a test changes it while it runs.

    Attributes:
        board: The board.
        rows: What the look at Consul and AWS returns.
        broken: What it raises instead.
        looks: How often it was made.
        asked: How often a run was asked for.
        seconds: The clock.
    """

    seconds: float = 0.0
    rows: list[Row] = field(default_factory=list)
    broken: Exception | None = None
    looks: int = 0
    asked: int = 0
    board: Board = field(init=False)

    def __post_init__(self) -> None:
        self.board = Board("prod", lambda: self.seconds)

    def look(self) -> list[Row]:
        """Return the rows, or raise."""
        self.looks += 1
        if self.broken:
            raise self.broken
        return self.rows

    def ask(self) -> None:
        """Count."""
        self.asked += 1

    def now(self) -> datetime:
        """Tell the time: the clock's, from 8 o'clock on."""
        return NOW + timedelta(seconds=self.seconds)

    def offer(self, **changes: Any) -> Offer:  # noqa: ANN401 - fields of any type
        """Return what a server needs."""
        fields: dict[str, Any] = {"clock": lambda: self.seconds, "now": self.now, **changes}
        return Offer(self.board, self.look, self.ask, **fields)

    @contextmanager
    def served(self, where: str = "127.0.0.1:0", **changes: Any) -> Iterator[str]:  # noqa: ANN401 - fields of any type
        """Serve it at a free port; gives the URL of the page."""
        with listen.start(listen.address(where), self.offer(**changes)) as server:
            yield server.url
