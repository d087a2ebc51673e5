"""A real Consul agent as a child process, and what a test does to its catalog."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.path import search_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TRIES = 5
_FORGETS = "-dev"
_QUICK = {"raft_multiplier": 1}
"""A server of one that has been dead leads again within a second or two."""
_DEADLINE = 30.0


class NotStartedError(Exception):
    """The agent did not come up; the message carries the end of its log."""


@dataclass(frozen=True)
class Consul:
    """A running agent.

    Attributes:
        url: Its HTTP address.
        token: Sent with every request of this object; empty for none.
    """

    url: str
    token: str = ""

    @property
    def address(self) -> str:
        """Host and port, as `consul:address` takes them."""
        return self.url.removeprefix("http://")

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Make a request of Consul's HTTP API; None for an empty answer."""
        request = urllib.request.Request(  # noqa: S310 - our own agent
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"X-Consul-Token": self.token} if self.token else {},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
            text = answer.read()
        return json.loads(text) if text else None

    def register(  # noqa: PLR0913 - a service has that many sides
        self,
        service: str,
        node: str,
        address: str,
        port: int = 8080,
        *,
        service_id: str = "",
        service_address: str = "",
        tags: Sequence[str] = (),
        meta: Mapping[str, str] | None = None,
        node_meta: Mapping[str, str] | None = None,
        status: str = "passing",
        output: str = "",
    ) -> None:
        """Put an instance of a service on a node of its own into the catalog, with one check."""
        ident = service_id or f"{service}-{node}"
        self.call(
            "PUT",
            "/v1/catalog/register",
            {
                "Node": node,
                "Address": address,
                "NodeMeta": dict(node_meta or {}),
                "Service": {
                    "ID": ident,
                    "Service": service,
                    "Address": service_address,
                    "Port": port,
                    "Tags": list(tags),
                    "Meta": dict(meta or {}),
                },
                "Check": {
                    "CheckID": f"check:{ident}",
                    "Name": "alive",
                    "ServiceID": ident,
                    "Status": status,
                    "Output": output,
                },
            },
        )

    def check(
        self, service: str, node: str, status: str, service_id: str = "", *, output: str = ""
    ) -> None:
        """Change what an instance's check says."""
        ident = service_id or f"{service}-{node}"
        address = self.call("GET", f"/v1/catalog/node/{node}")["Node"]["Address"]
        check = {
            "CheckID": f"check:{ident}",
            "Name": "alive",
            "ServiceID": ident,
            "Status": status,
            "Output": output,
        }
        body = {"Node": node, "Address": address, "SkipNodeUpdate": True, "Check": check}
        self.call("PUT", "/v1/catalog/register", body)

    def checks(self, service: str, nodes: Sequence[str], status: str) -> None:
        """Change what the checks of several instances say, all in one moment."""
        idents = {node: f"{service}-{node}" for node in nodes}
        changes = [
            {
                "Node": node,
                "CheckID": f"check:{ident}",
                "Name": "alive",
                "ServiceID": ident,
                "Status": status,
            }
            for node, ident in idents.items()
        ]
        body = [{"Check": {"Verb": "set", "Check": change}} for change in changes]
        self.call("PUT", "/v1/txn", body)

    def deregister(self, node: str) -> None:
        """Take a node and all that is on it out of the catalog."""
        self.call("PUT", "/v1/catalog/deregister", {"Node": node})

    def passing(self, service: str) -> list[str]:
        """List the nodes on which a service passes."""
        found = self.call("GET", f"/v1/health/service/{service}?passing=1")
        return sorted(entry["Node"]["Node"] for entry in found)


@contextlib.contextmanager
def start(config: Mapping[str, Any] | None = None, *, token: str = "") -> Iterator[Consul]:
    """Run a server agent on free ports until the block ends.

    Args:
        config: Settings of the agent beside those chosen here; its `ports` are added to ours.
        token: Management token; with it ACLs are on and deny by default.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lictor-consul-")))
        for last in (*[False] * (_TRIES - 1), True):
            with contextlib.suppress(*[] if last else [NotStartedError]):
                yield stack.enter_context(_agent(folder, config or {}, token))
                return


@contextlib.contextmanager
def mortal(config: Mapping[str, Any] | None = None, *, keeps: bool = False) -> Iterator[Mortal]:
    """Run an agent that a test may kill, revive and freeze, until the block ends.

    Args:
        config: Its settings.
        keeps: Whether it knows again after a death what it knew before.
    """
    with tempfile.TemporaryDirectory(prefix="lictor-consul-") as folder:
        running = Mortal(Path(folder), config or {}, keeps=keeps)
        try:
            running.revive()
            yield running
        finally:
            running.kill()


class Mortal:
    """An agent with a life of its own; what it knew dies with it, or not.

    Attributes:
        consul: What a test does to it.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], *, keeps: bool = False) -> None:
        """Choose its ports, which it keeps."""
        own = {"server": True, "bootstrap_expect": 1, "data_dir": f"{folder}/data"}
        url = _settle(folder, {**own, "performance": _QUICK, **config} if keeps else config, "")
        self.consul = Consul(url)
        self._folder, self._keeps = folder, keeps
        self._child: subprocess.Popen[bytes] | None = None

    def revive(self) -> None:
        """Start it, and wait until it leads."""
        self._child, log = _launch(self._folder, *(() if self._keeps else (_FORGETS,)))
        _await_leader(self.consul, self._child, log)

    def kill(self) -> None:
        """End it without a word."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def freeze(self) -> None:
        """Let it take calls and answer none: so does a network that is cut."""
        if self._child is not None:
            self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._child is not None:
            self._child.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def second(first: Consul) -> Iterator[Consul]:
    """Run a second datacenter, `dc2`, that the first one knows, until the block ends."""
    with start({"datacenter": "dc2", "node_name": "server-2"}) as other:
        port = other.call("GET", "/v1/agent/self")["DebugConfig"]["SerfPortWAN"]
        first.call("PUT", f"/v1/agent/join/127.0.0.1:{port}?wan=1")
        end = time.monotonic() + _DEADLINE
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                if first.call("GET", "/v1/catalog/service/consul?dc=dc2"):
                    break
            time.sleep(0.05)
        yield other


@contextlib.contextmanager
def _agent(folder: Path, config: Mapping[str, Any], token: str) -> Iterator[Consul]:
    """Start one agent; a port that somebody took in between is a reason to try again."""
    url = _settle(folder, config, token)
    child, log = _launch(folder, _FORGETS)
    try:
        consul = Consul(url, token)
        _await_leader(consul, child, log)
        yield consul
    finally:
        child.kill()
        child.wait()


def _settle(folder: Path, config: Mapping[str, Any], token: str) -> str:
    """Write an agent's settings, with free ports; return its URL."""
    names = ("http", "server", "serf_lan", "serf_wan", "grpc")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    acl = {"enabled": True, "default_policy": "deny", "tokens": {"initial_management": token}}
    settings = {
        "ports": {**ports, "dns": -1, "grpc_tls": -1, **config.get("ports", {})},
        "node_name": "server",
        "log_level": "warn",
        "disable_update_check": True,
        **({"acl": acl} if token else {}),
        **{key: value for key, value in config.items() if key != "ports"},
    }
    (folder / "agent.json").write_text(json.dumps(settings))
    return f"http://127.0.0.1:{ports['http']}"


def _launch(folder: Path, *how: str) -> tuple[subprocess.Popen[bytes], Path]:
    """Run an agent with the settings of a folder, and name its log."""
    log = folder / "agent.log"
    with log.open("wb") as out:
        child = subprocess.Popen(  # noqa: S603 - our own tool
            ["consul", "agent", *how, "-bind=127.0.0.1", f"-config-file={folder}/agent.json"],  # noqa: S607 - found on the project's PATH
            stdout=out,
            stderr=subprocess.STDOUT,
            env={"PATH": search_path(), "HOME": str(folder)},
        )
    return child, log


def _await_leader(consul: Consul, child: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the agent leads and has itself in the catalog."""
    end = time.monotonic() + _DEADLINE
    while time.monotonic() < end and child.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            if consul.call("GET", "/v1/catalog/service/consul"):
                return
        time.sleep(0.05)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    raise NotStartedError(f"consul did not start (exit {child.poll()}):\n{tail}")


def free_ports(count: int) -> list[int]:
    """Find ports of the loopback that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
