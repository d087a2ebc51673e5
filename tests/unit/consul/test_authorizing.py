"""What a token may: by a real agent that denies by default, one without ACLs, and odd ones."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.consul import authorizing
from lictor.consul.authorizing import Right, Told
from tests.fakes.odd_consul import Odd, OddConsul
from tests.unit.consul.test_acl import token_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.client import Client
    from tests.fakes.consul import Consul

pytestmark = pytest.mark.xdist_group("guarded")

WEB = Right("service", "web", "read", "")
LOCK = Right("key", "lictor/p/dev/lock", "write", "")
NODES = Right("node", "", "read", "")


def test_what_is_lacking(acl_agent: Consul, make_client: Callable[..., Client]) -> None:
    """Each right is judged by itself, and more of them than Consul takes in a call."""
    token = token_with(acl_agent, 'service "web" {policy="read"} key_prefix "x/" {policy="write"}')
    client = make_client(acl_agent.url, token=token, datacenter="dc1")
    others = [Right("key", f"x/{number}", "write", "") for number in range(70)]
    assert authorizing.ask(client, [WEB, *others, LOCK, NODES]) == Told((LOCK, NODES))
    assert authorizing.own_node(client) == "server", "named by the refusal"
    manager = make_client(acl_agent.url, token=acl_agent.token)
    assert authorizing.own_node(manager) == "server"
    assert authorizing.ask(manager, [WEB, LOCK, NODES]) == Told()


def test_without_acls(agent: Consul, make_client: Callable[..., Client]) -> None:
    """There everybody may do all."""
    client = make_client(agent.url)
    assert authorizing.ask(client, [WEB, LOCK]) == Told(off=True)
    assert authorizing.version(client).startswith("1.")


def test_a_token_that_consul_does_not_know(
    acl_agent: Consul, make_client: Callable[..., Client]
) -> None:
    """It is refused for itself: of rights nothing is told."""
    client = make_client(acl_agent.url, token=str(uuid.uuid4()))
    told = authorizing.ask(client, [WEB])
    assert "answers 403" in told.untold
    assert client.connection.token not in told.untold


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_a_consul_that_does_not_tell(
    odd: OddConsul, make_client: Callable[..., Client], status: int
) -> None:
    """An older one, or one behind a proxy that lets no such call through."""
    odd.answers(Odd(status, b"no"))
    client = make_client(odd.url)
    assert f"answers {status}" in authorizing.ask(client, [WEB]).untold
    assert authorizing.version(client) == ""


def test_an_answer_to_something_else(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """It is not taken for a yes."""
    client = make_client(odd.url)
    odd.answers(Odd(body=b"[]"))
    assert "does not answer all" in authorizing.ask(client, [WEB]).untold
    odd.answers(Odd(body=b"<html>"))
    with pytest.raises(errors.ConsulNotReady, match="cannot be read"):
        authorizing.ask(client, [WEB])
