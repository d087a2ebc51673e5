"""`lictor esm` as a child process, and external nodes in a real Consul's catalog for it."""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import subprocess
import sys
import time
import urllib.error
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.path import search_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.fakes.consul import Consul

_NUMBERS = itertools.count(1)
PATIENCE = 40.0


@dataclass
class Catalog:
    """External nodes that one monitor, and no other, looks after.

    Attributes:
        consul: Where they are registered.
        meta: What they are known by.
    """

    consul: Consul
    meta: Mapping[str, str]
    partial: dict[str, Any] = field(default_factory=dict)

    def node(self, name: str = "", *, address: str = "127.0.0.1", **meta: str) -> str:
        """Register a node; return its name."""
        name = name or f"ext-{next(_NUMBERS)}"
        body = {"Node": name, "Address": address, "NodeMeta": {**self.meta, **meta}}
        self.consul.call("PUT", "/v1/catalog/register", body)
        return name

    def check(  # noqa: PLR0913 - a check has that many sides
        self,
        definition: Mapping[str, Any],
        *,
        node: str = "",
        ident: str = "c",
        service: str = "",
        status: str = "critical",
        notes: str = "",
        **more: Any,  # noqa: ANN401 - JSON
    ) -> str:
        """Register a check with its node; return the node's name."""
        node = node or f"ext-{next(_NUMBERS)}"
        definition = {"Interval": "1s", "Timeout": "1s", **definition}
        body: dict[str, Any] = {
            "Node": node,
            "Address": "127.0.0.1",
            "NodeMeta": dict(self.meta),
            "Check": {
                "Node": node,
                "CheckID": ident,
                "Name": f"check {ident}",
                "Status": status,
                "Notes": notes,
                "ServiceID": service,
                "Definition": definition,
                **more,
            },
        }
        if service:
            body["Service"] = {"ID": service, "Service": service, "Port": 80}
        self.consul.call("PUT", "/v1/catalog/register", body)
        return node

    def read(self, node: str, ident: str = "c") -> dict[str, Any]:
        """Read what Consul says of a check; empty where there is none."""
        found = self.consul.call("GET", f"/v1/health/node/{node}?consistent")
        return next((check for check in found if check["CheckID"] == ident), {})

    def status(self, node: str, ident: str = "c") -> str:
        """Read a check's status; empty where there is none."""
        return str(self.read(node, ident).get("Status", ""))

    def becomes(self, node: str, status: str, ident: str = "c") -> dict[str, Any]:
        """Wait until a check has a status; return all of it."""
        until(lambda: self.status(node, ident) == status, f"{node}/{ident} to be {status}")
        return self.read(node, ident)


def until(holds: Callable[[], object], what: str, patience: float = PATIENCE) -> float:
    """Wait for something; tell how long it took."""
    begun = time.monotonic()
    while not holds():
        took = time.monotonic() - begun
        if took > patience:
            raise AssertionError(f"waited {patience:g}s for {what}")
        time.sleep(0.05)
    return time.monotonic() - begun


@dataclass
class Monitor:
    """A running monitor.

    Attributes:
        process: The process.
        log: What it prints goes there.
        config: Its file.
    """

    process: subprocess.Popen[bytes]
    log: Path
    config: Path

    def says(self, text: str, patience: float = PATIENCE) -> str:
        """Wait until the log has a text; return the log."""
        until(lambda: text in self.printed(), f"{text!r} in\n{self.printed()}", patience)
        return self.printed()

    def printed(self) -> str:
        """Read the log."""
        return self.log.read_text(errors="replace")

    def ends(self, patience: float = PATIENCE) -> int:
        """Wait for its end; return its exit code."""
        return self.process.wait(patience)

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it as systemd does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ends()


@contextlib.contextmanager
def start(
    consul: Consul,
    folder: Path,
    settings: Mapping[str, Any] | None = None,
    *flags: str,
    env: Mapping[str, str] | None = None,
) -> Iterator[Monitor]:
    """Run a monitor until the block ends.

    Args:
        consul: Which Consul.
        folder: Where config and log may lie.
        settings: Of the config file.
        flags: Of the command line beside the file.
        env: Of the process beside what it needs.
    """
    number = next(_NUMBERS)
    config, log = folder / f"esm-{number}.json", folder / f"esm-{number}.log"
    config.write_text(json.dumps({"log_level": "DEBUG", **(settings or {})}))
    command = [sys.executable, "-m", "lictor", "esm", "-config-file", str(config), *flags]
    variables = {"PATH": search_path(), "CONSUL_HTTP_ADDR": consul.url, **(env or {})}
    if consul.token:
        variables.setdefault("CONSUL_HTTP_TOKEN", consul.token)
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=out, env=variables) as process,  # noqa: S603
    ):
        try:
            yield Monitor(process, log, config)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def apart(name: str) -> dict[str, Any]:
    """Make settings of a monitor that shares a Consul with others, and knows none of them."""
    return {
        "consul_service": f"esm-{name}",
        "consul_kv_path": f"esm-{name}/",
        "external_node_meta": {f"node-of-{name}": "true"},
    }


def catalog(consul: Consul, settings: Mapping[str, Any]) -> Catalog:
    """Make the catalog of such a monitor."""
    return Catalog(consul, dict(settings["external_node_meta"]))


def value(consul: Consul, key: str) -> bytes | None:
    """Read a key of Consul's; None where there is none."""
    import base64  # noqa: PLC0415 - here alone

    try:
        found = consul.call("GET", f"/v1/kv/{key}")
    except urllib.error.HTTPError:
        return None
    return base64.b64decode(found[0]["Value"] or "")
