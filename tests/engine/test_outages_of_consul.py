"""Outages that began with a Consul whose answer was not to be believed.

A stack stands, and in place of the true Consul comes one that says what we want: whatever it
says, all goes on standing, and nothing is called.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.world import World
from tests.fakes import odd_consul
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul
    from tests.fakes.pulumi import Run, Stack

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("outages-of-consul")]

CONSISTENT = {"X-Consul-Effective-Consistency": "consistent"}


@dataclass(frozen=True)
class Lied:
    """A stack that stands, and a Consul that says what we want.

    Attributes:
        world: Its world.
        arn: Its group.
        keys: What stands there.
        odd: The Consul.
        entries: What the true Consul says of the service.
    """

    world: World
    arn: str
    keys: list[str]
    odd: odd_consul.OddConsul
    entries: list[Any]

    def says(self, *numbers: int, **headers: str) -> Odd:
        """Make an answer that names these instances."""
        body = json.dumps([self.entries[number] for number in numbers])
        return Odd(body=body.encode(), headers=headers)

    def up(self, *answers: Odd, **more: Any) -> Run:  # noqa: ANN401 - JSON
        """Update behind that Consul; the log of calls begins with it."""
        self.odd.answers(*answers)
        self.world.declare(self.world.group(self.arn, **more), consul_address=self.odd.url)
        self.world.aws.clear_calls()
        return self.world.stack.up()

    def nothing_happened(self) -> None:
        """Check that all stands, and nothing was called."""
        assert self.world.standing(self.arn) == sorted(self.keys)
        assert self.world.changes() == []
        assert self.world.outputs()["held"] == {}


@pytest.fixture(scope="module")
def lied(
    aws: StandIn,
    consul: Consul,
    blank: Stack,
    pythons: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lied]:
    """Bring up three targets, then put another Consul in the place of the true one."""
    aws.reset()
    env = {**aws.environment(), "PULUMI_PYTHON_CMD": pythons("")}
    world = World(aws, consul, blank.copy(tmp_path_factory.mktemp("lied"), env), "lied")
    arn, keys = world.attached(3)
    entries = consul.call("GET", f"/v1/health/service/{world.service}")
    entries.sort(key=lambda entry: str(entry["Node"]["Node"]))
    with odd_consul.start() as odd:
        yield Lied(world, arn, keys, odd, entries)


def test_a_new_leader_knows_little_yet(lied: Lied) -> None:
    """The first answer after an election lacks most: one that shrinks is asked for again.

    The second time the leader has to confirm itself, and what it says counts.
    """
    run = lied.up(lied.says(2), lied.says(0, 1, 2, **CONSISTENT)).ok()
    assert "2 unchanged" in run.text
    assert ["consistent" in asked.path for asked in lied.odd.asked] == [False, True]
    lied.nothing_happened()


def test_an_empty_answer_during_an_election(lied: Lied) -> None:
    """A stale read is valid and empty: it is refused where it says so, else read again."""
    stale = lied.says(**{"X-Consul-Effective-Consistency": "stale"})
    lied.world.refused(lied.up(stale), "resource 'web'", "gave a stale answer")
    lied.nothing_happened()
    run = lied.up(lied.says(), lied.says(0, 1, 2, **CONSISTENT)).ok()
    assert "2 unchanged" in run.text
    lied.nothing_happened()


def test_a_source_that_does_not_answer_is_not_an_empty_one(lied: Lied) -> None:
    """One source answers, the other breaks off: nothing of either counts."""
    sources = [{"service": lied.world.service}, {"service": "other"}]
    run = lied.up(lied.says(0, 1, 2), Odd(reset=True), service=None, sources=sources)
    lied.world.refused(run, "resource 'web'", "service other", "cannot be reached")
    lied.nothing_happened()


def test_a_throttled_list_is_not_a_shorter_one(lied: Lied) -> None:
    """A reader that restarts meets a Consul that limits rates: no answer, no change."""
    busy = Odd(status=429, body=b"Your IP is issuing too many concurrent connections")
    lied.world.refused(lied.up(busy), "resource 'web'", "429")
    lied.nothing_happened()


def test_a_replaced_group_is_not_left_for_an_empty_one(lied: Lied) -> None:
    """Of two checks of one replacement the second one meets an empty answer: it is refused."""
    new = lied.world.aws.create_group("lied-new")
    full, consistent = lied.says(0, 1, 2), lied.says(**CONSISTENT)
    run = lied.up(full, lied.says(), consistent, targetGroupArn=new)
    lied.world.refused(run, "the resource is replaced while 3 targets stand")
    lied.nothing_happened()
    assert len(lied.odd.asked) == 3


def test_sources_left_out_are_refused(lied: Lied) -> None:
    """An entry that names no source asks for nothing, which is not: for no target."""
    entries: list[dict[str, Any]] = [{"service": None, "sources": []}, {"service": ""}]
    for more in entries:
        run = lied.up(lied.says(0, 1, 2), **more)
        lied.world.refused(run, "targetGroups[0]")
        lied.nothing_happened()
