"""What is written when: the ledger on a clock of the test's."""

from __future__ import annotations

from typing import Any

import msgspec

from lictor.consul.aio.wire import Row
from lictor.esm.ledger import Ledger, key_of
from lictor.esm.prober import Key, Report, Work

HTTP = b'{"HTTP":"http://h/","Interval":"10s","DeregisterCriticalServiceAfter":"60s"}'


class World:
    """A ledger, with a clock and a note of what is to be run."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.now = 100.0
        self.followed: dict[Key, Work] = {}
        self.ledger = Ledger(self.follow, lambda: self.now, 300.0, lambda: 0.5)

    def follow(self, changed: dict[Key, Work], gone: frozenset[Key]) -> None:
        """Note what is to be run."""
        for key in gone:
            self.followed.pop(key, None)
        self.followed.update(changed)

    def learns(self, *rows: Row) -> None:
        """Take what Consul says."""
        self.ledger.learn(rows)

    def reports(self, status: str, output: str, row: Row) -> None:
        """Take a result."""
        self.ledger.report(Report(key_of(row), status, output))

    @property
    def dirty(self) -> set[Key]:
        """Tell what is to be written."""
        return set(self.ledger.dirty)


def row(index: int = 1, definition: bytes = HTTP, **more: Any) -> Row:  # noqa: ANN401 - any field
    """Make what Consul says of a check."""
    fields = {"node": "n", "check_id": "c", "status": "critical", "service_id": "s", **more}
    return Row(**fields, definition=msgspec.Raw(definition), modify_index=index)


def test_a_status_is_written_at_once_and_an_output_later() -> None:
    """After the interval of outputs, with the status of then."""
    world, one = World(), row(status="passing", output="old")
    world.learns(one)
    world.reports("passing", "new", one)
    assert not world.dirty
    world.now += 299
    world.ledger.tick()
    assert not world.dirty
    world.reports("critical", "dead", one)
    assert world.dirty == {key_of(one)}
    world.ledger.dirty.clear()
    world.now += 10
    world.ledger.tick()
    (entry,) = world.ledger.entries.values()
    assert (entry.status, entry.output) == ("critical", "dead")


def test_an_output_is_written_in_the_end() -> None:
    """When its time has come, and no more than once."""
    world, one = World(), row(status="passing", output="old")
    world.learns(one)
    world.reports("passing", "new", one)
    world.reports("passing", "newer", one)
    world.now += 301
    world.ledger.tick()
    assert world.dirty == {key_of(one)}
    assert world.ledger.entries[key_of(one)].output == "newer"


def test_an_output_that_came_back_is_not_written() -> None:
    """What Consul says already needs no write."""
    world, one = World(), row(status="passing", output="old")
    world.learns(one)
    world.reports("passing", "new", one)
    world.reports("passing", "old", one)
    world.now += 1000
    world.ledger.tick()
    assert not world.dirty


def test_what_others_write_is_corrected() -> None:
    """By what is known, without another run."""
    world, one = World(), row(status="passing")
    world.learns(one)
    world.reports("passing", "", one)
    world.learns(row(2, status="critical"))
    assert world.dirty == {key_of(one)}


def test_an_older_answer_is_not_believed() -> None:
    """What was written just now is newer than an answer that was under way."""
    world, one = World(), row(5, status="passing")
    world.learns(one)
    world.reports("passing", "", one)
    world.learns(row(4, status="critical"))
    assert not world.dirty
    world.ledger.forget_indexes()  # unless Consul began anew
    world.learns(row(4, status="critical"))
    assert world.dirty == {key_of(one)}


def test_a_changed_definition_is_run_anew() -> None:
    """And what was known of the old one counts no more."""
    world, one = World(), row(status="passing")
    world.learns(one)
    world.reports("critical", "dead", one)
    world.learns(row(2, HTTP.replace(b"//h/", b"//i/"), status="passing"))
    assert not world.dirty
    assert b"//i/" in world.followed[key_of(one)].definition


def test_what_is_gone_is_run_no_more() -> None:
    """The last one, too; a result that comes late is dropped."""
    world, one = World(), row(status="passing")
    world.learns(one)
    world.learns()
    assert not world.followed
    world.reports("critical", "dead", one)
    assert not world.dirty


def test_time_of_being_critical() -> None:
    """Counts from the first bad result since the last good one; of services only."""
    world, one = World(), row()
    world.learns(one, row(service_id="", check_id="d"))
    for each in (one, row(service_id="", check_id="d")):
        world.reports("critical", "dead", each)
    world.now += 30
    world.reports("critical", "dead still", one)
    world.now += 29
    assert world.ledger.overdue() == []
    world.reports("passing", "", one)
    world.reports("critical", "dead", one)
    world.now += 30
    world.reports("critical", "dead still", one)
    world.now += 29
    assert world.ledger.overdue() == []
    world.now += 1
    assert [key for key, _ in world.ledger.overdue()] == [key_of(one)]


def test_the_check_of_pings_is_no_check_to_run() -> None:
    """It is the monitor's own."""
    world = World()
    world.learns(row(check_id="externalNodeHealth"))
    assert not world.followed


def test_time_of_being_critical_counts_from_what_consul_was_told() -> None:
    """What Consul never heard of is no reason to take a service out."""
    world, one = World(), row(status="passing")
    world.learns(one)
    world.reports("critical", "no network", one)
    world.now += 1000
    assert world.ledger.overdue() == []
    entry = world.ledger.entries[key_of(one)]
    entry.row.status = "critical"
    world.ledger.written(entry)
    world.now += 59
    assert world.ledger.overdue() == []
    world.now += 1
    assert [key for key, _ in world.ledger.overdue()] == [key_of(one)]


def test_somebody_else_says_that_it_passes() -> None:
    """Then the time begins anew when Consul says again what the probes do."""
    world, one = World(), row()
    world.learns(one)
    world.reports("critical", "dead", one)
    world.now += 59
    world.learns(row(2, status="passing"))
    world.learns(row(3, output="dead"))
    world.now += 59
    assert world.ledger.overdue() == []
    world.now += 1
    assert len(world.ledger.overdue()) == 1


def test_time_of_which_nothing_is_known_does_not_count() -> None:
    """And every probe runs again, with all the time it may take, before a service is taken out."""
    world, one = World(), row()
    world.learns(one)
    world.reports("critical", "dead", one)
    world.now += 1030
    world.ledger.resume(1000.0)
    world.now += 29
    assert world.ledger.overdue() == []
    world.now += 3
    assert len(world.ledger.overdue()) == 1
    world.ledger.resume(0.0)
    world.now += 31  # interval, and two timeouts
    assert world.ledger.overdue() == []
    world.now += 1
    assert len(world.ledger.overdue()) == 1
    world.ledger.resume(float("inf"))
    world.now += 59
    assert world.ledger.overdue() == []
    world.now += 1
    assert len(world.ledger.overdue()) == 1


def test_a_service_that_is_registered_anew_may_be_taken_out_again() -> None:
    """Though nobody saw that it was gone; its time begins anew."""
    world, one = World(), row()
    world.learns(one)
    world.reports("critical", "dead", one)
    world.now += 60
    ((_, entry),) = world.ledger.overdue()
    entry.leaving = True
    world.learns(row(9))
    world.now += 59
    assert world.ledger.overdue() == []
    world.now += 1
    assert len(world.ledger.overdue()) == 1


def test_what_consul_does_not_take_rests() -> None:
    """For longer each time, whatever its probes say meanwhile; a write that holds ends that."""
    world, one = World(), row(status="passing")
    world.learns(one)
    world.reports("critical", "dead", one)
    entry = world.ledger.dirty.pop(key_of(one))
    assert world.ledger.rest(entry) == 1.0
    world.reports("critical", "dead in another way", one)
    world.ledger.tick()
    assert not world.dirty
    world.now += 1.0
    world.ledger.tick()
    assert world.dirty == {key_of(one)}
    assert [world.ledger.rest(entry) for _ in range(9)][-1] == 60.0
    world.ledger.written(entry)
    assert world.ledger.rest(entry) == 1.0
