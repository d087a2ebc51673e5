"""External services: `lictor esm` with many HTTP checks, each on an endpoint of its own.

A real Consul with its default limits; a new connection for every check. Detection is from the
moment in which an endpoint answers 503 until Consul's list of critical checks has it.
"""

from __future__ import annotations

import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import endpoints
from tests.fakes import consul as consuls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.endpoints import Endpoints
    from tests.fakes.consul import Consul

CASES = ((1000, 10, 0), (5000, 10, 0), (10_000, 10, 0), (1000, 1, 0), (5000, 1, 2))
"""Checks, interval in seconds, worker processes."""

HEADER = """
| checks / interval | workers | first / all checked / all passing (s) | checks/s | gap p50 / p95 / p99 (s) | CPU, % of a core | RSS (MiB) | detection p50 / p95 (s) | all down: all critical (s) | all up again (s) |
| ----------------: | ------: | ------------------------------------: | -------: | ----------------------: | ---------------: | --------: | ----------------------: | -------------------------: | ---------------: |
""".strip()  # noqa: E501 - a table

_META = {"external-node": "true"}
_CRITICAL = "/v1/health/state/critical?node-meta=external-node:true"
_STEADY = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def measure(cases: Sequence[tuple[int, int, int]]) -> Iterator[str]:
    """Measure each case on a Consul of its own."""
    for count, interval, workers in cases:
        with consuls.start() as consul, endpoints.start(count) as targets:
            register(consul, targets, count, interval)
            with monitor(consul, workers) as process:
                yield _row(consul, targets, process, (count, interval, workers))


def register(consul: Consul, targets: Endpoints, count: int, interval: int) -> None:
    """Register nodes with one check each, in transactions."""
    for begin in range(0, count, 32):
        operations: list[dict[str, Any]] = []
        for number in range(begin, min(begin + 32, count)):
            node = {"Node": name(number), "Address": "127.0.0.1", "Meta": _META}
            check = {
                "Node": name(number),
                "CheckID": "http",
                "Name": "http",
                "Status": "critical",
                "Definition": {
                    "HTTP": f"{targets.url}{number}",
                    "Interval": f"{interval}s",
                    "Timeout": "5s",
                },
            }
            operations.append({"Node": {"Verb": "set", "Node": node}})
            operations.append({"Check": {"Verb": "set", "Check": check}})
        consul.call("PUT", "/v1/txn", operations)


def name(number: int) -> str:
    """Name a node, with the 42 characters that long names have."""
    return f"external-node-{number:06}-of-the-benchmark-xxxxx"[:42]


@contextlib.contextmanager
def monitor(
    consul: Consul, workers: int = 0, config: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a monitor until the block ends; it is ended cleanly where it still runs."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "esm.hcl"
        file.write_text(f'log_level = "WARN"\n{config}\n')
        command = [sys.executable, "-m", "lictor", "esm", "-config-file", str(file)]
        command += ["-workers", str(workers)] if workers else []
        env = {**os.environ, "CONSUL_HTTP_ADDR": consul.url}
        log = Path(folder) / "log"
        with log.open("wb") as out, subprocess.Popen(command, env=env, stdout=out) as process:  # noqa: S603
            try:
                yield process
            finally:
                process.terminate()
                process.wait()
                said = [line for line in log.read_text().splitlines() if " [" in line]
                for line in said[-3:]:
                    sys.stderr.write(f"    {line[:200]}\n")


def _row(
    consul: Consul,
    targets: Endpoints,
    process: subprocess.Popen[bytes],
    case: tuple[int, int, int],
) -> str:
    count, interval, workers = case
    begun = time.monotonic()
    _until(lambda: targets.control()["seen"] > 0, 30)
    first = time.monotonic() - begun
    _until(lambda: targets.control()["seen"] >= count, 120)
    checked = time.monotonic() - begun
    passing = checked if _settled(consul, 0, 120) is not None else float("nan")
    passing = max(passing, time.monotonic() - begun)
    time.sleep(min(10, 2 * interval))
    rate, gaps, cpu, rss = _steady(targets, process)
    found = _detection(consul, targets, count, interval)
    targets.control(down="all")
    down = _settled(consul, count, 120)
    targets.control(down="none")
    up = _settled(consul, 0, 120)
    shown = (
        f"{count:,} / {interval}s",
        str(workers),
        f"{first:.1f} / {checked:.1f} / {passing:.1f}",
        f"{rate:.0f}",
        " / ".join(f"{gap:.3f}" for gap in gaps),
        f"{cpu:.0f}",
        f"{rss:.0f}",
        " / ".join(f"{one:.2f}" for one in found),
        _said(down),
        _said(up),
    )
    cells = zip(shown, HEADER.splitlines()[1].split("|")[1:], strict=False)
    return f"| {' | '.join(text.rjust(len(line) - 2) for text, line in cells)} |"


def _said(seconds: float | None) -> str:
    return "not in 120" if seconds is None else f"{seconds:.1f}"


def _steady(
    targets: Endpoints, process: subprocess.Popen[bytes]
) -> tuple[float, list[float], float, float]:
    """Measure what a steady state costs: rate, gaps, percent of a core, MiB."""
    targets.control(reset=1)
    before, begun = usage(process.pid)[0], time.monotonic()
    time.sleep(_STEADY)
    told = targets.control()
    after, rss = usage(process.pid)
    seconds = time.monotonic() - begun
    return told["hits"] / seconds, told["gaps"], 100 * (after - before) / seconds, rss


def usage(pid: int) -> tuple[float, float]:
    """Tell the CPU seconds and the MiB of a process with its children."""
    cpu = rss = 0.0
    for one in [pid, *children(pid)]:
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            cpu += (int(stat[11]) + int(stat[12])) / _TICKS
            rss += int(stat[21]) * _PAGE / 2**20
    return cpu, rss


def children(pid: int) -> list[int]:
    """List a process's children."""
    with contextlib.suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _detection(
    consul: Consul, targets: Endpoints, count: int, interval: int
) -> tuple[float, float]:
    """Let endpoints fail at moments of their own, and time each until Consul says so."""
    chosen = random.sample(range(count), min(60, count // 5))
    pause = max(0.1, 2 * interval / len(chosen))
    failed: dict[str, float] = {}
    found: dict[str, float] = {}
    queue = list(chosen)
    due = time.monotonic()
    end = due + 3 * interval + 20
    while len(found) < len(chosen) and time.monotonic() < end:
        if queue and time.monotonic() >= due:
            number = queue.pop()
            targets.control(down=number)
            failed[name(number)] = time.monotonic()
            due += pause
        for check in consul.call("GET", _CRITICAL):
            if check["Node"] in failed:
                found.setdefault(check["Node"], time.monotonic() - failed[check["Node"]])
        time.sleep(0.02)
    targets.control(down="none")
    _settled(consul, 0, 60)
    taken = sorted(found.values()) or [float("nan")]
    return statistics.median(taken), taken[int(len(taken) * 0.95)]


def _settled(consul: Consul, count: int, limit: float) -> float | None:
    """Wait until so many checks are critical; tell how long that took."""
    begun = time.monotonic()
    while time.monotonic() - begun < limit:
        asked = time.monotonic()
        if len(consul.call("GET", _CRITICAL)) == count:
            return time.monotonic() - begun
        time.sleep(max(0.1, 3 * (time.monotonic() - asked)))
    return None


def _until(holds: Callable[[], bool], limit: float) -> None:
    end = time.monotonic() + limit
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)


if __name__ == "__main__":
    sys.stdout.write(f"load average {os.getloadavg()[0]:.1f}\n{HEADER}\n")
    chosen = [tuple(map(int, text.split("/"))) for text in sys.argv[1:]] or CASES
    for line in measure([(one[0], one[1], one[2] if len(one) > 2 else 0) for one in chosen]):  # noqa: PLR2004
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
