"""The board as metrics of Prometheus. Nothing is counted here: a scrape reads the board.

Labels are few and bounded: names of resources, states, guards, operations of AWS's API. What is
free text (reasons, targets, nodes) is no label; the status page has it.
"""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, exposition
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from lictor.watch import reasons
from lictor.watch.status import LIMITS, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client import Metric

    from lictor.watch.board import Board
    from lictor.watch.status import Counters, Group, Spread, Status

CONTENT_TYPE = exposition.CONTENT_TYPE_LATEST
"""Of what :func:`text` returns."""


def registry(board: Board) -> CollectorRegistry:
    """Make a registry of the board's metrics alone."""
    made = CollectorRegistry(auto_describe=False)
    made.register(_OfBoard(board))
    return made


def text(metrics: CollectorRegistry) -> bytes:
    """Write metrics in Prometheus's text format."""
    return exposition.generate_latest(metrics)


class _OfBoard(Collector):
    """Reads the board at each scrape."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def describe(self) -> Iterable[Metric]:
        """Name no metric before the first scrape: names are fixed by the tests."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, as things are now."""
        status = self._board.status()
        yield from _watcher(status)
        yield from _questions(status)
        yield from _targets(status.groups)
        yield from _counters(status.counters)
        yield _gauge(
            "lictor_heartbeat_age_seconds",
            "Time since the loop last said that it is alive.",
            self._board.silence(),
        )


def _watcher(status: Status) -> Iterator[Metric]:
    success = status.last_success.timestamp() if status.last_success else 0
    yield _gauge(
        "lictor_last_success_timestamp_seconds",
        "End of the last run that was done or held; 0 before the first.",
        success,
    )
    yield _gauge(
        "lictor_run_in_progress", "Whether a run is under way.", status.running is not None
    )
    role = GaugeMetricFamily(
        "lictor_role", "1 for what this watcher is, 0 for what it is not.", labels=["role"]
    )
    for name in Role:
        role.add_metric([name], status.role is name)
    yield role
    holder = GaugeMetricFamily("lictor_lock_holder_info", "Who holds the lock.", labels=["holder"])
    if status.holder:
        holder.add_metric([status.holder], 1)
    yield holder
    stack = GaugeMetricFamily("lictor_stack_info", "The stack that is watched.", labels=["stack"])
    stack.add_metric([status.stack], 1)
    yield stack
    yield _gauge("lictor_pauses", "Orders to pause that are in force.", len(status.paused))
    yield _gauge("lictor_timers", "Runs that are due later.", len(status.timers))


def _questions(status: Status) -> Iterator[Metric]:
    watched = status.watched
    questions = GaugeMetricFamily(
        "lictor_watched_questions",
        "Questions that Consul is asked all the time: by a long poll of their own, or in turn.",
        labels=["by"],
    )
    questions.add_metric(["long_poll"], watched.polled)
    questions.add_metric(["turn"], watched.in_turn)
    yield questions
    yield _gauge(
        "lictor_failing_questions",
        "Questions that Consul does not answer now.",
        len(watched.failing),
    )
    yield _gauge(
        "lictor_consul_index", "Highest index that Consul answered with.", watched.index or 0
    )


def _targets(groups: Mapping[str, Group]) -> Iterator[Metric]:
    """Count targets; states overlap: a held target is attached, too."""
    states = GaugeMetricFamily(
        "lictor_targets",
        "Targets of a group by state; a held one is attached, too.",
        labels=["group", "state"],
    )
    blocked = GaugeMetricFamily(
        "lictor_group_blocked",
        "1 for a group that the last run left as it was, with what blocked it.",
        labels=["group", "reason"],
    )
    for name, group in groups.items():
        for state in ("targets", "attached", "held", "failed", "foreign"):
            label = "desired" if state == "targets" else state
            states.add_metric([name, label], len(getattr(group, state)))
        if group.blocked:
            blocked.add_metric([name, group.blocked.kind], 1)
    yield states
    yield _by_reason("held", groups, lambda group: group.held, reasons.guard)
    yield _by_reason("failed", groups, lambda group: group.failed, reasons.failure)
    yield blocked


def _by_reason(
    what: str,
    groups: Mapping[str, Group],
    targets: Callable[[Group], Mapping[str, str]],
    word: Callable[[str], str],
) -> Metric:
    """Count targets by what holds or failed them."""
    family = GaugeMetricFamily(
        f"lictor_{what}_targets", f"Targets that are {what}, by reason.", labels=["group", "reason"]
    )
    for name, group in groups.items():
        counts = Counter(map(word, targets(group).values()))
        for reason, count in sorted(counts.items()):
            family.add_metric([name, reason], count)
    return family


def _counters(counters: Counters) -> Iterator[Metric]:
    runs = CounterMetricFamily("lictor_runs", "Runs by outcome.", labels=["outcome"])
    for outcome, count in counters.runs.items():
        runs.add_metric([outcome], count)
    yield runs
    trips = CounterMetricFamily(
        "lictor_guard_trips", "How often a guard began to hold a group.", labels=["guard"]
    )
    for guard, count in counters.trips.items():
        trips.add_metric([guard], count)
    yield trips
    calls = CounterMetricFamily(
        "lictor_aws_calls", "Calls of AWS's API.", labels=["service", "operation"]
    )
    throttles = CounterMetricFamily(
        "lictor_aws_throttles",
        "Calls that AWS turned away for their rate.",
        labels=["service", "operation"],
    )
    for call in counters.calls:
        calls.add_metric([call.service, call.operation], call.made)
        throttles.add_metric([call.service, call.operation], call.throttled)
    yield calls
    yield throttles
    yield _phases(counters.phases)


def _phases(spreads: Mapping[str, Spread]) -> Metric:
    family = HistogramMetricFamily(
        "lictor_run_phase_seconds", "How long each phase of a run took.", labels=["phase"]
    )
    limits = [*(str(limit) for limit in LIMITS), "+Inf"]
    for phase, spread in spreads.items():
        buckets = list(zip(limits, accumulate(spread.counts), strict=True))
        family.add_metric([phase], buckets=buckets, sum_value=spread.seconds)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
