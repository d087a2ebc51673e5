"""What an alias makes of Consul's answers: the rules of Consul's own aliases."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from lictor.consul.aio.client import Client
from lictor.esm.aliases import Aliases
from lictor.esm.kinds import Alias
from lictor.model import ConsulConnection
from tests.fakes import odd_consul
from tests.fakes.odd_consul import Asked, Odd


def row(ident: str, status: str, service: str = "", **definition: str) -> dict[str, Any]:
    """Make a check of the node n."""
    return {
        "Node": "n",
        "CheckID": ident,
        "Name": ident,
        "Status": status,
        "ServiceID": service,
        "Definition": definition,
    }


SAME = row("itself", "critical", "s", AliasService="s")


@pytest.mark.parametrize(
    ("alias", "rows", "status", "output"),
    [
        (Alias("n"), [row("a", "warning")], "warning", 'Aliased check "a" failing: '),
        (Alias("n"), [row("a", "critical", "s"), row("b", "passing")], "passing", "All checks"),
        (Alias("n"), [row("itself", "critical", AliasNode="n")], "passing", "No checks found."),
        (Alias("n"), [], "passing", "No checks found."),
        (Alias("n", "s"), [row("a", "passing", "s")], "passing", "All checks passing."),
        (Alias("n", "s"), [row("a", "passing", "s"), row("b", "critical")], "critical", '"b"'),
        (Alias("n", "s"), [row("a", "passing", "s"), row("b", "critical", "t")], "passing", ""),
        (Alias("n", "s"), [SAME, row("a", "passing", "s")], "passing", "All checks passing."),
        (
            Alias("n", "s"),
            [row("a", "passing", "s"), row("other", "critical", AliasService="t")],
            "passing",
            "",
        ),
        (
            Alias("n", "s"),
            [row("chain", "critical", "s", AliasService="t")],
            "critical",
            'Aliased check "chain"',
        ),
        (Alias("n", "t"), [], "passing", "No checks found."),
        (
            Alias("n", "x"),
            [row("a", "passing")],
            "critical",
            "Service x could not be found on node n",
        ),
        (Alias("m"), [], "critical", "Node m could not be found"),
        (Alias("m", "s"), [], "critical", "Node m could not be found"),
    ],
)
def test_what_an_alias_says(
    alias: Alias, rows: list[dict[str, Any]], status: str, output: str
) -> None:
    """Of the node's own checks, and of the service's; never of itself."""

    def rule(asked: Asked) -> Odd:
        if asked.path.startswith("/v1/health/node/"):
            return Odd(body=json.dumps(rows).encode())
        there = {"Node": {"Node": "n"}, "Services": {"s": {"ID": "s"}, "t": {"ID": "t"}}}
        found = there if asked.path.startswith("/v1/catalog/node/n?") else None
        return Odd(body=json.dumps(found).encode())

    async def story(url: str) -> tuple[str, str]:
        async with Client(ConsulConnection(url)) as client:
            result = await Aliases(client).ask(alias)
        return result.status, result.output

    with odd_consul.start() as consul:
        consul.obeys(rule)
        said = asyncio.run(story(consul.url))
    assert said[0] == status
    assert output in said[1]
