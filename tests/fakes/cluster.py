"""A real cluster of Consul servers on the loopback, of which one leads and any may go."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tests.fakes.consul import Consul, free_ports
from tests.fakes.path import search_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

T = TypeVar("T")
_DEADLINE = 60.0
_PORTS = ("http", "server", "serf_lan", "serf_wan")


@dataclass
class Member:
    """A server of the cluster.

    Attributes:
        name: Name of its node.
        meta: Meta of its node.
        ports: What it listens on.
        folder: Where it keeps what it knows; it outlives the process.
        process: It; None while it does not run.
    """

    name: str
    meta: Mapping[str, str]
    ports: Mapping[str, int]
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def consul(self) -> Consul:
        """What a test does to it."""
        return Consul(f"http://127.0.0.1:{self.ports['http']}")

    @property
    def raft(self) -> str:
        """Its address as raft speaks it."""
        return f"127.0.0.1:{self.ports['server']}"

    @property
    def log(self) -> str:
        """The end of what it has printed."""
        lines = (self.folder / "agent.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-15:])

    def start(self, env: Mapping[str, str] | None = None) -> None:
        """Run it."""
        with (self.folder / "agent.log").open("ab") as out:
            self.process = subprocess.Popen(  # noqa: S603 - our own tool
                ["consul", "agent", f"-config-dir={self.folder}/config"],  # noqa: S607 - found on the project's PATH
                stdout=out,
                stderr=subprocess.STDOUT,
                env={"PATH": search_path(), "HOME": str(self.folder), **(env or {})},
            )

    def leave(self) -> None:
        """Have it leave in order, and end."""
        self.consul.call("PUT", "/v1/agent/leave")
        if self.process is not None:
            self.process.wait(_DEADLINE)
            self.process = None

    def kill(self) -> None:
        """End it without a word."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass(frozen=True)
class Cluster:
    """Servers that know each other.

    Attributes:
        members: The servers, by no order that matters.
    """

    members: Sequence[Member]

    def leader(self, but: Member | None = None) -> Member:
        """Wait until all that run agree on a leader, another than `but`; return it."""

        def agreed() -> Member | None:
            running = [member for member in self.members if member.process is not None]
            said = {str(member.consul.call("GET", "/v1/status/leader")) for member in running}
            found = [member for member in running if {member.raft} == said]
            return found[0] if found and found[0] is not but else None

        return until(agreed, lambda: "\n".join(member.log for member in self.members))

    def transfer(self) -> None:
        """Have the leader hand over."""
        self.leader().consul.call("POST", "/v1/operator/raft/transfer-leader")

    def whole(self) -> None:
        """Wait until every server runs, votes and is in the catalog with its meta.

        One that has come back does not vote at once.
        """

        def voting() -> bool | None:
            consul = self.leader().consul
            raft = consul.call("GET", "/v1/operator/raft/configuration")
            voters = {each["Address"] for each in raft["Servers"] if each["Voter"]}
            nodes = consul.call("GET", "/v1/catalog/nodes")
            metas = {node["Node"]: node["Meta"] or {} for node in nodes}
            told = all(m.meta.items() <= metas.get(m.name, {}).items() for m in self.members)
            return (told and voters == {member.raft for member in self.members}) or None

        until(voting, lambda: "\n".join(member.log for member in self.members))

    def followers(self) -> list[Member]:
        """List the servers that run and do not lead."""
        leader = self.leader()
        return [m for m in self.members if m is not leader and m.process is not None]


@contextlib.contextmanager
def start(metas: Sequence[Mapping[str, str]], **config: Any) -> Iterator[Cluster]:  # noqa: ANN401 - JSON
    """Run as many servers as there are metas for their nodes, until the block ends.

    Args:
        metas: Meta of each server's node.
        config: Settings of all servers beside those chosen here.
    """
    with tempfile.TemporaryDirectory(prefix="lictor-cluster-") as folder:
        numbers = free_ports(len(_PORTS) * len(metas))
        ports = [
            dict(zip(_PORTS, numbers[start : start + len(_PORTS)], strict=True))
            for start in range(0, len(numbers), len(_PORTS))
        ]
        joins = [f"127.0.0.1:{each['serf_lan']}" for each in ports]
        members = []
        for number, (meta, own) in enumerate(zip(metas, ports, strict=True)):
            member = Member(f"server-{number}", meta, own, Path(folder) / str(number))
            (member.folder / "config").mkdir(parents=True)
            settings = {**_settings(member, joins, len(metas)), **config}
            (member.folder / "config/agent.json").write_text(json.dumps(settings))
            members.append(member)
        cluster = Cluster(members)
        try:
            for member in members:
                member.start()
            cluster.whole()
            yield cluster
        finally:
            for member in members:
                member.kill()


def _settings(member: Member, joins: Sequence[str], count: int) -> dict[str, Any]:
    return {
        "server": True,
        "bootstrap_expect": count,
        "node_name": member.name,
        "node_meta": dict(member.meta),
        "data_dir": str(member.folder / "data"),
        "bind_addr": "127.0.0.1",
        "ports": {**member.ports, "dns": -1, "grpc": -1, "grpc_tls": -1},
        "retry_join": list(joins),
        "retry_interval": "1s",
        "leave_on_terminate": True,
        "log_level": "warn",
        "disable_update_check": True,
        "performance": {"raft_multiplier": 1, "leave_drain_time": "100ms"},
        "autopilot": {"cleanup_dead_servers": False, "server_stabilization_time": "200ms"},
        "gossip_lan": {"gossip_interval": "50ms", "probe_interval": "200ms"},
    }


def until(look: Callable[[], T | None], told: Callable[[], str]) -> T:
    """Return what a look finds; servers that do not answer are looked at again."""
    end = time.monotonic() + _DEADLINE
    while True:
        with contextlib.suppress(OSError, ValueError):
            if (found := look()) is not None:
                return found
        assert time.monotonic() < end, told()
        time.sleep(0.05)
