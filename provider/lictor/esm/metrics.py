"""What the monitor counts, under consul-esm's names where it has them, and how it is written: pure.

Names are those of dashboards: `esm.nodes.monitored` is ``esm_nodes_monitored`` to Prometheus and
``PREFIX.HOST.esm.nodes.monitored`` to statsd, where gauges carry the host's name unless
`disable_hostname` says otherwise.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lictor.settings.monitor import Telemetry


QUANTILES = (0.5, 0.9, 0.99)


class Kind(Enum):
    """What a number is."""

    GAUGE = "g"
    COUNTER = "c"
    TIME = "ms"
    """Seconds in all, with how often."""


@dataclass(frozen=True, slots=True)
class Point:
    """One number.

    Attributes:
        name: Its parts.
        kind: What it is.
        value: Now, or in all.
        text: What it says.
        count: Of a time: how often.
        labels: In pairs.
        recent: Of a time: seconds it took lately, for quantiles.
        plain: Of a counter: whether its name is consul-esm's, which has no ``_total``.
    """

    name: tuple[str, ...]
    kind: Kind
    value: float
    text: str
    count: int = 0
    labels: tuple[tuple[str, str], ...] = ()
    recent: tuple[float, ...] = ()
    plain: bool = False


class Filter:
    """Which metrics are shown: the longest prefix that is named counts."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._default = telemetry.filter_default
        self._rules: dict[str, bool] = {}
        self.bad = [rule for rule in telemetry.prefix_filter if rule[:1] not in ("+", "-")]
        for rule in telemetry.prefix_filter:
            if rule not in self.bad:
                self._rules[rule[1:].replace(".", "_")] = rule[0] == "+"

    def shows(self, point: Point) -> bool:
        """Tell whether a number is shown."""
        name = "_".join(point.name)
        found = [prefix for prefix in self._rules if name.startswith(prefix)]
        return self._rules[max(found, key=len)] if found else self._default


class Exposition(Collector):
    """Writes points for Prometheus.

    Args:
        points: Tells the points as they are.
        telemetry: How they are named.
        host: Name of this host.
    """

    def __init__(
        self, points: Callable[[], Iterable[Point]], telemetry: Telemetry, host: str
    ) -> None:
        self._points = points
        self._filter = Filter(telemetry)
        self._prefix = f"{telemetry.metrics_prefix}_" if telemetry.metrics_prefix else ""
        self._host = "" if telemetry.disable_hostname else f"{host}_"
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """Write all of them."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Name no metric before the first scrape."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, as things are now."""
        for point in self._points():
            if self._filter.shows(point):
                yield from self._families(point)

    def _families(self, point: Point) -> Iterator[Metric]:
        base = _clean("_".join(point.name))
        name = _clean(self._prefix) + base
        if point.kind is Kind.TIME:
            yield _summary(name, point)
            return
        if point.plain:
            counter = Metric(name, point.text, "unknown")  # else the library adds _total
            counter.add_sample(name, {}, point.value)
            yield counter
            return
        if point.kind is Kind.COUNTER:
            yield CounterMetricFamily(name, point.text, value=point.value)
            return
        # consul-esm's gauges have the host's name in front, and dashboards may know them so
        for called in [name, *([_clean(self._prefix + self._host) + base] if self._host else [])]:
            family = GaugeMetricFamily(
                called, point.text, labels=[label for label, _ in point.labels]
            )
            family.add_metric([value for _, value in point.labels], point.value)
            yield family


def _summary(name: str, point: Point) -> Metric:
    """Write a time in milliseconds, as Go's metrics do."""
    found = Metric(name, point.text, "summary")
    seconds = sorted(point.recent)
    for quantile in QUANTILES:
        value = seconds[int(quantile * (len(seconds) - 1))] * 1000 if seconds else math.nan
        found.add_sample(name, {"quantile": f"{quantile:g}"}, value)
    found.add_sample(f"{name}_sum", {}, point.value * 1000)
    found.add_sample(f"{name}_count", {}, point.count)
    return found


class Statsd:
    """Writes points for statsd, and for DogStatsD, which knows tags.

    Args:
        telemetry: How they are named.
        host: Name of this host.
        tagged: Whether this is DogStatsD.
    """

    def __init__(self, telemetry: Telemetry, host: str, *, tagged: bool) -> None:
        self._filter = Filter(telemetry)
        self._prefix = [telemetry.metrics_prefix] if telemetry.metrics_prefix else []
        self._host = [] if telemetry.disable_hostname or tagged else [_flat(host)]
        tags = [
            *telemetry.dogstatsd_tags,
            *([] if telemetry.disable_hostname else [f"host:{host}"]),
        ]
        self._tags = tags if tagged else []
        self._tagged = tagged
        self._last: dict[tuple[str, ...], tuple[float, int]] = {}

    def datagrams(self, points: Iterable[Point], largest: int = 1400) -> list[bytes]:
        """Write what there is to say since the last time, in datagrams of at most so many bytes."""
        lines = [
            line for point in points if self._filter.shows(point) for line in self._line(point)
        ]
        packed: list[bytes] = []
        for line in lines:
            if packed and len(packed[-1]) + len(line) < largest:
                packed[-1] += b"\n" + line
            else:
                packed.append(line)
        return packed

    def _line(self, point: Point) -> Iterator[bytes]:
        host = self._host if point.kind is Kind.GAUGE else []
        name = ".".join([*self._prefix, *host, *point.name])
        value = point.value
        if point.kind is not Kind.GAUGE:
            before, often = self._last.get(point.name, (0.0, 0))
            self._last[point.name] = (point.value, point.count)
            value -= before
            if point.kind is Kind.TIME:
                count = point.count - often
                value = value / count * 1000 if count else 0.0
            if not value:
                return
        yield f"{name}:{value:.6g}|{point.kind.value}{self._tagging(point.labels)}".encode()

    def _tagging(self, labels: Sequence[tuple[str, str]]) -> str:
        tags = [*self._tags, *(f"{name}:{value}" for name, value in labels)]
        return f"|#{','.join(tags)}" if tags and self._tagged else ""


def _clean(name: str) -> str:
    """Make a name of Prometheus's."""
    found = re.sub(r"[^a-zA-Z0-9_]", "_", name)
    return f"_{found}" if found[:1].isdigit() else found


def _flat(host: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_-]", "_", host)
