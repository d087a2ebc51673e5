"""External services: instances of `lictor esm` that are killed, and more nodes than a value holds.

Three instances share twenty checks with an interval of a second; after the kill of one of them the
time until each of its checks has run again is taken. Then one instance is given 20,000 nodes.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

from bench import endpoints
from bench.esm import monitor, register
from tests.fakes import consul as consuls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.consul import Consul

HEADER = """
| what                                   |   n | seconds           | goal |
| -------------------------------------- | --: | ----------------: | ---: |
""".strip()
_MANY = 20_000
_FEW = 20


def measure(kills: int) -> Iterator[str]:
    """Kill so many leaders, and as many followers; then share many nodes."""
    for who in ("leader", "follower"):
        taken = [_killed(leader=who == "leader") for _ in range(kills)]
        seconds = f"{min(taken):.1f} to {max(taken):.1f}"
        what = f"{who} killed: every check runs again"
        yield f"| {what:<38} | {kills:>3} | {seconds:>17} |   25 |"
    yield _many()


def _killed(*, leader: bool) -> float:
    with (
        consuls.start() as consul,
        endpoints.start(_FEW) as targets,
        contextlib.ExitStack() as stack,
    ):
        register(consul, targets, _FEW, 1)
        names = ("a", "b", "c")
        running = {
            name: stack.enter_context(monitor(consul, config=f'instance_id = "{name}"'))
            for name in names
        }
        _until(lambda: len(_lists(consul)) == len(names))
        time.sleep(3.0)
        leads = _leader(consul)
        victim = leads if leader else next(name for name in names if name != leads)
        since = float(targets.control()["now"])
        running[victim].kill()
        _until(lambda: targets.control(since=since)["old"] == 0)
        return float(targets.control()["now"]) - since


def _many() -> str:
    with consuls.start() as consul, endpoints.start(_MANY) as targets:
        register(consul, targets, _MANY, 60)
        begun = time.monotonic()
        with monitor(consul):
            _until(lambda: sum(_lists(consul).values()) == _MANY)
            taken = time.monotonic() - begun
            _until(lambda: targets.control()["seen"] >= _MANY)
            seconds = f"{taken:.1f}, {time.monotonic() - begun:.1f}"
    return f"| {f'{_MANY:,} nodes: assigned, all checked':<38} |   1 | {seconds:>17} |   62 |"


def _lists(consul: Consul) -> dict[str, int]:
    """Tell how many nodes each list has."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError):
        import base64  # noqa: PLC0415 - here alone

        for pair in consul.call("GET", "/v1/kv/consul-esm/agents/?recurse"):
            found[pair["Key"]] = len(json.loads(base64.b64decode(pair["Value"]))["Nodes"] or ())
    return found


def _leader(consul: Consul) -> str:
    key = consul.call("GET", "/v1/kv/consul-esm/leader")[0]
    (session,) = consul.call("GET", f"/v1/session/info/{key['Session']}")
    return str(session["ServiceChecks"][0]["ID"].split(":")[1])


def _until(holds: Callable[[], bool], limit: float = 150.0) -> None:
    end = time.monotonic() + limit
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.1)
