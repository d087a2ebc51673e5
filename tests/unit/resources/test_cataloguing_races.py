"""External nodes that somebody else writes between our read and our write."""

from __future__ import annotations

import json

import pytest

from tests.fakes import consul as consuls
from tests.fakes import odd_consul
from tests.fakes.odd_consul import Odd
from tests.unit.resources.catalogued import Stack


class Race:
    """A Consul in which somebody writes between our read and our write."""

    def __init__(self, *addresses: str) -> None:
        """Say what the node's address is at each read; all writes but the last come too late."""
        self.addresses, self.reads, self.writes = list(addresses), 0, 0

    def __call__(self, asked: odd_consul.Asked) -> Odd:
        """Answer as Consul does."""
        sure = {"X-Consul-Effective-Consistency": "consistent"}
        if "/v1/txn" in asked.path:
            self.writes += 1
            if self.writes < len(self.addresses):
                stale = {"Errors": [{"OpIndex": 0, "What": "failed to set node, index is stale"}]}
                return Odd(status=409, body=json.dumps(stale).encode())
            made = {"Results": [{"Node": {"ModifyIndex": 99}}]}
            return Odd(body=json.dumps(made).encode())
        if "/v1/health/node" in asked.path:
            return Odd(headers=sure)
        address = self.addresses[min(self.reads, len(self.addresses) - 1)]
        meta = {"external-node": "true", "external-probe": "false"}
        node = {"Node": "db", "Address": address, "Meta": meta, "ModifyIndex": 7}
        self.reads += 1
        return Odd(body=json.dumps({"Node": node, "Services": {}}).encode(), headers=sure)


@pytest.mark.parametrize(
    ("addresses", "writes", "failed"),
    [
        (["old", "old", "old"], 3, ""),
        (["old", "new"], 1, ""),
        (["old", "old", "old", "old"], 3, "index is stale"),
    ],
    ids=["late", "done by somebody", "always late"],
)
def test_somebody_writes_meanwhile(addresses: list[str], writes: int, failed: str) -> None:
    """It is read and planned again, a few times."""
    race = Race(*addresses)
    with odd_consul.start() as odd:
        odd.obeys(race)
        stack = Stack(consuls.Consul(odd.url), {"name": "db", "address": "new"})
        stack.inputs = {"name": "db", "address": "old"}
        stack.outputs = {**stack.inputs, "indexes": {"node": 7}, "failed": {}}
        stack.up()
    assert race.writes == writes, stack.failed
    assert failed in stack.failed
    assert bool(stack.failed) == bool(failed)
