"""A real agent that denies by default."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.consul import services
from lictor.model import ConsulService

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.client import Client
    from tests.fakes.consul import Consul

pytestmark = pytest.mark.xdist_group("guarded")

WEB = ConsulService("web")


@pytest.fixture(scope="module")
def guarded(acl_agent: Consul) -> Consul:
    """Put a service on two nodes."""
    for node in ("n1", "n2"):
        acl_agent.register("web", node, "10.0.0.1")
    return acl_agent


def token_with(agent: Consul, rules: str) -> str:
    """Make a token with these rules."""
    name = f"p-{uuid.uuid4()}"
    agent.call("PUT", "/v1/acl/policy", {"Name": name, "Rules": rules})
    made = agent.call("PUT", "/v1/acl/token", {"Policies": [{"Name": name}]})
    return str(made["SecretID"])


def test_a_token_with_the_rights(guarded: Consul, make_client: Callable[..., Client]) -> None:
    """Read rights on the service and on nodes are all it takes."""
    token = token_with(guarded, 'service "web" {policy="read"} node_prefix "" {policy="read"}')
    answer = services.read(make_client(guarded.url, token=token), WEB, consistent=True)
    assert sorted(instance.node for instance in answer.instances) == ["n1", "n2"]


@pytest.mark.parametrize("token", ["", "anonymous"])
def test_nobodys_token(guarded: Consul, make_client: Callable[..., Client], token: str) -> None:
    """Consul answers `200 []` without a word; that is no answer."""
    with pytest.raises(errors.ConsulDenied, match=r"leaves out results silently.*set consul:token"):
        services.read(make_client(guarded.url, token=token), WEB)


def test_a_wrong_token(guarded: Consul, make_client: Callable[..., Client]) -> None:
    """The refusal is told, the token is not."""
    unknown = str(uuid.uuid4())
    with pytest.raises(errors.ConsulDenied) as caught:
        services.read(make_client(guarded.url, token=unknown), WEB)
    assert "refuses the token (403: ACL not found)" in str(caught.value)
    assert unknown not in str(caught.value)
    assert unknown not in repr(caught.value.__cause__)


def test_a_token_that_sees_half(guarded: Consul, make_client: Callable[..., Client]) -> None:
    """Half the instances are not the instances."""
    token = token_with(guarded, 'service "web" {policy="read"} node "n1" {policy="read"}')
    with pytest.raises(errors.ConsulDenied, match="left out results that the token may not see"):
        services.read(make_client(guarded.url, token=token), WEB)


def test_a_token_that_sees_nothing(guarded: Consul, make_client: Callable[..., Client]) -> None:
    """A token without any right is told apart from an empty service."""
    token = token_with(guarded, 'key "x" {policy="read"}')
    with pytest.raises(errors.ConsulDenied, match="left out results"):
        services.read(make_client(guarded.url, token=token), WEB)


def test_a_peer_needs_its_own_right(guarded: Consul, make_client: Callable[..., Client]) -> None:
    """Whether a peering is whole is read as well; Consul refuses that only after a long wait."""
    token = token_with(guarded, 'service_prefix "" {policy="read"} node_prefix "" {policy="read"}')
    client = make_client(guarded.url, token=token, timeout=0.3)
    with pytest.raises(errors.ConsulUnreachable, match="waiting for a token with peering:read"):
        services.read(client, ConsulService("nothing", peer="mars"))


def test_a_token_that_may_read_peerings(
    guarded: Consul, make_client: Callable[..., Client]
) -> None:
    """With the right, a peer that is not there is told."""
    rules = 'service_prefix "" {policy="read"} node_prefix "" {policy="read"} peering = "read"'
    client = make_client(guarded.url, token=token_with(guarded, rules))
    with pytest.raises(errors.ConsulError, match="has no cluster peer mars"):
        services.read(client, ConsulService("nothing", peer="mars"))


@pytest.mark.parametrize(
    "token", ["secret\n", "secret\r\nX-Other: 1", "secrét", "se cret", "\x00a"]
)
def test_a_token_that_no_header_can_carry(make_client: Callable[..., Client], token: str) -> None:
    """The HTTP library would refuse it too, and print it."""
    with pytest.raises(errors.ConsulDenied) as caught:
        services.read(make_client("http://127.0.0.1:9", token=token), WEB)
    assert "cannot be sent the token" in str(caught.value)
    assert token.strip() not in str(caught.value)
    assert caught.value.__cause__ is None or "cre" not in str(caught.value.__cause__.__cause__)
