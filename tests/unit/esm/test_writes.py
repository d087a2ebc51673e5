"""What is sent back to Consul of a check: what it said itself, and no more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lictor.consul.aio import checks, wire

SAID: dict[str, Any] = {
    "Node": "n",
    "CheckID": "c",
    "Name": "name",
    "Status": "critical",
    "Notes": "notes",
    "Output": "old",
    "ServiceID": "s",
    "ServiceName": "svc",
    "ServiceTags": ["t"],
    "Type": "http",
    "Interval": "",
    "Timeout": "",
    "ExposedPort": 0,
    "Definition": {"HTTP": "http://h/", "Interval": "10s", "FieldOfTomorrow": {"x": [1]}},
    "CreateIndex": 3,
    "ModifyIndex": 7,
}


def sent(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Read what Consul says, and make the operation that writes it."""
    (row,) = checks.rows(json.dumps([{**SAID, **changes}]).encode(), "Consul")
    (operation,) = checks.encoded([checks.Write(row, "passing", "new")])
    found: dict[str, Any] = json.loads(operation)["Check"]
    assert found["Verb"] == "cas"
    check: dict[str, Any] = found["Check"]
    return check


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [
        ([], []),
        ([10, 10], [(0, 2)]),
        ([checks.BYTES * 2], [(0, 1)]),
        ([10, checks.BYTES, 10, 10], [(0, 1), (1, 2), (2, 4)]),
        ([checks.BYTES // 2] * 3, [(0, 1), (1, 2), (2, 3)]),
    ],
)
def test_transactions_of_a_size_that_consul_takes(
    sizes: list[int], wanted: list[tuple[int, int]]
) -> None:
    """One that is too large by itself goes alone."""
    assert list(checks.pieces([b"x" * size for size in sizes])) == wanted


def test_everything_survives_but_status_and_output() -> None:
    """The definition word for word, and the index that the write depends on."""
    left_out = {"Interval", "Timeout", "ExposedPort", "CreateIndex"}
    wanted = {key: value for key, value in SAID.items() if key not in left_out}
    assert sent() == {**wanted, "Status": "passing", "Output": "new"}


def test_an_older_consul_is_sent_nothing_that_it_does_not_know() -> None:
    """Fields that are empty are left out, `ExposedPort` always."""
    check = sent(Type="", Notes="", ServiceID="", ServiceName="", ServiceTags=None, Definition={})
    assert set(check) == {"Node", "CheckID", "Name", "Status", "Output", "ModifyIndex"}


def test_namespace_and_partition_are_sent_where_they_are_told() -> None:
    """An Enterprise Consul's check is written where it is."""
    check = sent(Namespace="ns", Partition="p")
    assert (check["Namespace"], check["Partition"]) == ("ns", "p")


@pytest.mark.parametrize(
    "field", ["UDP", "H2PING", "AliasNode", "AliasService", "DisableRedirects", "OutputMaxSize"]
)
def test_what_a_transaction_would_drop_is_not_written_by_one(field: str) -> None:
    """Such a definition goes by the catalog's own call."""
    row = wire.Row("n", "c", "passing")
    assert checks.Write(row, "passing", "").whole
    definition = json.dumps({field: 1}).encode()
    (row,) = checks.rows(json.dumps([{**SAID, "Definition": json.loads(definition)}]).encode(), "")
    assert not checks.Write(row, "passing", "").whole
