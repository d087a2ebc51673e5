"""An external node of a stack, led through its life as the engine does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lictor.resources import cataloguing
from lictor.resources.remotes import Remotes
from lictor.resources.run import Run

if TYPE_CHECKING:
    from tests.fakes.consul import Consul


@dataclass
class Stack:
    """One resource through its life, as the engine leads it.

    Attributes:
        consul: The agent.
        arguments: The program's.
        token: The run's for Consul.
        inputs: Of the last run.
        outputs: Of the last run.
    """

    consul: Consul
    arguments: dict[str, Any]
    token: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def node(self) -> str:
        """Name of the node."""
        return str(self.arguments["name"])

    def remotes(self) -> Remotes:
        """Begin a run."""
        config = {"consul:address": self.consul.address, "consul:token": self.token}
        return Remotes(config.get, {}, Run())

    def up(self, **changes: Any) -> bool:  # noqa: ANN401 - JSON
        """Run once with changed arguments; tell whether there was anything to do."""
        self.arguments = {**self.arguments, **changes}
        remotes = self.remotes()
        news = cataloguing.inputs(self.inputs, self.arguments, remotes)
        found = cataloguing.compare(self.outputs, news) if self.outputs else None
        if found is None:
            self.outputs = cataloguing.create(news, remotes)
        elif found.changes:
            assert not found.replaces
            self.outputs = cataloguing.update(self.outputs, news, remotes)
        self.inputs = news
        return found is None or found.changes

    def refresh(self) -> None:
        """Read the world into the state."""
        read = cataloguing.read(self.outputs, self.remotes())
        self.outputs, self.inputs = read or ({}, {})

    def destroy(self) -> None:
        """Take it down."""
        cataloguing.delete(self.outputs, self.remotes())
        self.outputs, self.inputs = {}, {}

    @property
    def failed(self) -> str:
        """Why the last run could not do what it should."""
        return str(next(iter(self.outputs["failed"].values()), ""))

    def stands(self) -> dict[str, Any] | None:
        """Return the node as the catalog has it."""
        found = self.consul.call("GET", f"/v1/catalog/node/{self.node}")
        return None if found is None else dict(found)

    def check(self, ident: str = "web:http") -> dict[str, Any]:
        """Return a check as the catalog has it."""
        found = self.consul.call("GET", f"/v1/health/node/{self.node}")
        return dict(next(one for one in found if one["CheckID"] == ident))

    def monitor(self, status: str) -> None:
        """Write a status as the monitor does, by compare-and-set."""
        left = ("Interval", "Timeout", "ExposedPort", "CreateIndex")  # no part of a write
        now = {key: value for key, value in self.check().items() if key not in left}
        now |= {"Status": status, "Output": f"it is {status}"}
        self.consul.call("PUT", "/v1/txn", [{"Check": {"Verb": "cas", "Check": now}}])


def declared(name: str) -> dict[str, Any]:
    """Return arguments: a node with a service and its check."""
    return {
        "name": name,
        "address": "db.example.com",
        "node_meta": {"team": "a"},
        "services": [{"name": "web", "port": 443, "tags": ["v2"], "meta": {"k": "v"}}],
        "checks": [
            {
                "name": "http",
                "service": "web",
                "http": "https://db.example.com/health",
                "header": {"X-A": ["1", "2"]},
                "interval": "10s",
                "timeout": 2.5,
                "deregister_critical_service_after": "1h30m",
            }
        ],
    }
