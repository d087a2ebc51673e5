"""The settings of external nodes: what is read, and what is refused before anything is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lictor import errors
from lictor.settings import external_nodes, stack


def read(**entry: Any) -> stack.ExternalNodeEntry:  # noqa: ANN401 - JSON
    """Read a list with one entry."""
    given = {"name": "db-1", "address": "db.example.com", **entry}
    (found,) = stack.external_nodes(json.dumps([given]))
    return found


CHECK: dict[str, Any] = {"name": "up", "tcp": "db.example.com:5432"}


def test_the_shortest_entry() -> None:
    """Name and address; the node is named after the resource, and is one for the monitor."""
    entry = read()
    assert entry.arguments() == {"address": "db.example.com"}
    node = entry.entry("db-1").node
    assert (node.name, node.meta) == ("db-1", {"external-node": "true", "external-probe": "false"})


def test_every_key() -> None:
    """In camelCase in config, handed on as the resource names them, and read again the same."""
    entry = read(
        node="db",
        nodeMeta={"team": "a"},
        services=[{"name": "web", "id": "w", "address": "a", "port": 1, "tags": ["t"], "meta": {}}],
        checks=[{**CHECK, "service": "w", "deregisterCriticalServiceAfter": "30m", "interval": 5}],
        probe=True,
        datacenter="dc2",
    )
    arguments = entry.arguments()
    assert set(arguments) == set(external_nodes.ARGUMENTS)
    again = external_nodes.from_inputs({**json.loads(json.dumps(arguments)), "name": "db-1"})
    assert again.entry("db-1") == entry.entry("db-1")
    check = entry.entry("db-1").checks["w:up"]
    assert check.definition.deregister_critical_service_after == 1800.0
    assert external_nodes.written(check) == {
        "id": "w:up",
        "name": "up",
        "service": "w",
        "tcp": "db.example.com:5432",
        "interval": 5.0,
        "deregister_critical_service_after": 1800.0,
    }


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"address": ""}, r"externalNodes\[0\]\.address: expected str of length >= 1"),
        ({"adress": "x"}, r"externalNodes\[0\]\.adress: unknown key; did you mean address\?"),
        ({"nodeMeta": {"a": 1}}, r"\[0\]\.nodeMeta\.a: expected str"),
        ({"services": [{}]}, r"\[0\]\.services\[0\]\.name: is required"),
        ({"services": [{"name": "w", "port": 70000}]}, r"\.services\[0\]\.port: expected int <="),
        ({"services": [{"name": "w"}] * 2}, r"\[0\]\.services: the id w stands 2 times"),
        ({"checks": [{"name": "c"}]}, r"\.checks\[0\]: one of http, tcp and grpc is required"),
        ({"checks": [{**CHECK, "grpc": "x"}]}, r"\.checks\[0\]: one of .* found tcp and grpc"),
        ({"checks": [{**CHECK, "tlsSkipVerfy": True}]}, r"did you mean tlsSkipVerify\?"),
        ({"checks": [{"name": "c", "http": "x"}]}, r"\.checks\[0\]\.http: expected http\(s\)://"),
        ({"checks": [{**CHECK, "interval": "often"}]}, r"\.checks\[0\]\.interval: "),
        ({"checks": [{**CHECK, "interval": 0.5}]}, r"\.interval: expected 1 s or more, found 0.5"),
        ({"checks": [{**CHECK, "service": "w"}]}, r"\.checks: up is of the service w, of which"),
        (
            {"checks": [{**CHECK, "deregisterCriticalServiceAfter": "1h"}]},
            r"\.deregisterCriticalServiceAfter: goes with service",
        ),
        (
            {"checks": [{**CHECK, "name": f"c{n}"} for n in range(101)]},
            r"\.checks: more than 100 services and checks",
        ),
    ],
)
def test_what_cannot_be(entry: dict[str, Any], text: str) -> None:
    """Refused with the path of the key, what was found and what is allowed."""
    with pytest.raises(errors.SettingsError, match=text):
        read(**entry)
