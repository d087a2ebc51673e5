"""Metrics as Prometheus reads them: names, labels, figures."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lictor.watch import metrics, reasons
from lictor.watch.board import Board
from lictor.watch.status import Blocked, Failing, Pause, Role, Watched
from lictor.watch.verdict import Verdict
from tests.unit.watch.boards import GUARD, make_begun, make_group, make_run

NAMES = {
    "lictor_aws_calls": "counter",
    "lictor_aws_throttles": "counter",
    "lictor_consul_index": "gauge",
    "lictor_failed_targets": "gauge",
    "lictor_failing_questions": "gauge",
    "lictor_group_blocked": "gauge",
    "lictor_guard_trips": "counter",
    "lictor_heartbeat_age_seconds": "gauge",
    "lictor_held_targets": "gauge",
    "lictor_last_success_timestamp_seconds": "gauge",
    "lictor_lock_holder_info": "gauge",
    "lictor_pauses": "gauge",
    "lictor_role": "gauge",
    "lictor_run_in_progress": "gauge",
    "lictor_run_phase_seconds": "histogram",
    "lictor_runs": "counter",
    "lictor_stack_info": "gauge",
    "lictor_targets": "gauge",
    "lictor_timers": "gauge",
    "lictor_watched_questions": "gauge",
}
"""A name that changes breaks somebody's alert."""


def scrape(board: Board) -> dict[str, float]:
    """Read ``name{label=value,...}`` -> figure, as Prometheus would."""
    text = metrics.text(metrics.registry(board)).decode()
    return {
        sample.name
        + "".join(
            f"{{{key}={value}}}" for key, value in sorted(sample.labels.items())
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def board() -> Board:
    """Give a board on a clock that stands still."""
    return Board("prod", lambda: 0.0)


def test_names_and_types(board: Board) -> None:
    """All are there before the first run, so that an alert can be written on any."""
    text = metrics.text(metrics.registry(board)).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {name: family.type for name, family in families.items()} == NAMES
    assert all(family.documentation.endswith(".") for family in families.values())


def test_an_empty_board(board: Board) -> None:
    """Figures that are counted begin at nought."""
    found = scrape(board)
    assert found["lictor_last_success_timestamp_seconds"] == 0
    assert found["lictor_consul_index"] == 0
    for verdict in Verdict:
        assert found[f"lictor_runs_total{{outcome={verdict}}}"] == 0


def test_the_watcher(board: Board) -> None:
    """What it is, who holds the lock, whether it runs."""
    board.role(Role.STANDBY, "host-b")
    board.began(make_begun())
    board.pauses([Pause()])
    found = scrape(board)
    assert found["lictor_role{role=standby}"] == 1
    assert found["lictor_role{role=leader}"] == found["lictor_role{role=alone}"] == 0
    assert found["lictor_lock_holder_info{holder=host-b}"] == 1
    assert found["lictor_stack_info{stack=prod}"] == 1
    assert (found["lictor_run_in_progress"], found["lictor_pauses"]) == (1, 1)


def test_questions(board: Board) -> None:
    """How Consul is asked, and how far it is."""
    board.watching(Watched(polled=128, in_turn=72, failing=(Failing("web", "?"),), index=4711))
    found = scrape(board)
    assert found["lictor_watched_questions{by=long_poll}"] == 128
    assert found["lictor_watched_questions{by=turn}"] == 72
    assert (found["lictor_failing_questions"], found["lictor_consul_index"]) == (1, 4711)


def test_targets(board: Board) -> None:
    """By group and state, held and failed by a word for the reason."""
    group = make_group(
        *"abcd",
        held={"a": GUARD, "b": "removal_delay; due 2026-11-21T08:00:00Z", "c": GUARD},
        failed={"x": "InvalidTarget: The target is not in the VPC", "y": "no head-room: 1000"},
        foreign=("z",),
        blocked=Blocked("no leader", "consul_not_ready"),
    )
    board.ended(make_run(1, Verdict.BLOCKED), {"web": group})
    found = scrape(board)
    states = {"desired": 4, "attached": 4, "held": 3, "failed": 2, "foreign": 1}
    for state, count in states.items():
        assert found[f"lictor_targets{{group=web}}{{state={state}}}"] == count
    assert found["lictor_held_targets{group=web}{reason=min_targets}"] == 2
    assert found["lictor_held_targets{group=web}{reason=removal_delay}"] == 1
    assert found["lictor_failed_targets{group=web}{reason=aws}"] == 1
    assert found["lictor_failed_targets{group=web}{reason=quota}"] == 1
    assert found["lictor_group_blocked{group=web}{reason=consul_not_ready}"] == 1
    assert found["lictor_guard_trips_total{guard=min_targets}"] == 1


def test_runs_and_calls(board: Board) -> None:
    """Runs by outcome, phases between limits, calls by operation."""
    board.ended(make_run(1, phases={"read": 0.02}), {})
    board.ended(make_run(2, Verdict.ERROR, phases={"read": 0.3}), None)
    board.called("elbv2", "RegisterTargets")
    board.called("elbv2", "RegisterTargets", throttled=True)
    found = scrape(board)
    assert found["lictor_runs_total{outcome=done}"] == 1
    assert found["lictor_runs_total{outcome=error}"] == 1
    assert found["lictor_last_success_timestamp_seconds"] == make_run(1).started.timestamp() + 0.25
    phase = "lictor_run_phase_seconds"
    assert found[f"{phase}_bucket{{le=0.025}}{{phase=read}}"] == 1
    assert found[f"{phase}_bucket{{le=0.25}}{{phase=read}}"] == 1
    assert found[f"{phase}_bucket{{le=+Inf}}{{phase=read}}"] == 2
    assert found[f"{phase}_count{{phase=read}}"] == 2
    assert found[f"{phase}_sum{{phase=read}}"] == pytest.approx(0.32)
    call = "{operation=RegisterTargets}{service=elbv2}"
    assert found[f"lictor_aws_calls_total{call}"] == 2
    assert found[f"lictor_aws_throttles_total{call}"] == 1


def test_no_free_text_is_a_label(board: Board) -> None:
    """Keys, nodes, and reasons with their numbers would be a new series each time."""
    held = {f"10.0.0.{n}:80": f"strange reason {n}" for n in range(50)}
    failed = {f"10.0.1.{n}:80": f"AWS said {n}" for n in range(50)}
    group = make_group("i-0abc:80", held=held, failed=failed, blocked=Blocked("text 7"))
    board.ended(make_run(1, text="free text"), {"web": group})
    text = metrics.text(metrics.registry(board)).decode()
    assert not re.search(r"strange|AWS said|10\.0\.|i-0abc|node-|free text|text 7", text)


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("policy add-only", "policy"),
        ("on_empty keep: web is not in Consul's catalog", "on_empty"),
        (GUARD, "min_targets"),
        (
            "max_removal_percent 30: 4 of 10 within 600 s; due 2026-11-21T08:00:00Z",
            "max_removal_percent",
        ),
        ("removal_delay; due 2026-11-21T08:00:00Z", "removal_delay"),
        ("waiting for health: min_targets 1", "wait_for"),
        ("an addition failed", "failed_addition"),
        ("availability_zone: changed later, within the guards", "availability_zone"),
        ("something new", "other"),
    ],
)
def test_words_for_holds(reason: str, word: str) -> None:
    """Each reason that a plan or an update can give."""
    assert reasons.guard(reason) == word
