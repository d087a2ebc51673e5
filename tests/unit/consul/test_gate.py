"""The source gate: which answers never reach the planner."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from requests.structures import CaseInsensitiveDict

from lictor import errors
from lictor.consul import gate, services
from lictor.model import ConsulService
from tests.fakes.odd_consul import GOOD, Odd

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.consul.client import Client
    from tests.fakes.odd_consul import OddConsul

NOT_SURE = [
    ({"X-Consul-KnownLeader": None}, errors.ConsulNotReady, "does not say that it has a leader"),
    ({"X-Consul-KnownLeader": "false"}, errors.ConsulNotReady, "has no leader"),
    ({"X-Consul-KnownLeader": "yes"}, errors.ConsulNotReady, "does not say that it has a leader"),
    ({"X-Consul-Results-Filtered-By-ACLs": "true"}, errors.ConsulDenied, "left out results"),
    ({"X-Consul-Default-ACL-Policy": "deny"}, errors.ConsulDenied, "denies by default"),
    ({"X-Consul-Effective-Consistency": "stale"}, errors.ConsulNotReady, "a stale answer"),
    ({"Age": "3"}, errors.ConsulNotReady, "a cached answer"),
    ({"Age": "soon"}, errors.ConsulNotReady, "a cached answer"),
    ({"X-Cache": "HIT"}, errors.ConsulNotReady, "a cached answer"),
    ({"X-Cache": "Hit from squid"}, errors.ConsulNotReady, "a cached answer"),
]


@pytest.mark.parametrize(("headers", "kind", "text"), NOT_SURE)
def test_an_answer_that_is_not_sure(
    odd: OddConsul,
    make_client: Callable[..., Client],
    headers: dict[str, str | None],
    kind: type[errors.ConsulError],
    text: str,
) -> None:
    """A good body under such a header is refused; the text names the remote, in one line."""
    odd.answers(Odd(headers=headers))
    client = make_client(odd.url)
    with pytest.raises(errors.ConsulError) as caught:
        services.read(client, ConsulService("web"))
    assert type(caught.value) is kind
    assert f"{client.remote} " in str(caught.value)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Age": "0", "X-Cache": "MISS"},
        {"X-Consul-Results-Filtered-By-ACLs": "false"},
        {"X-Consul-Effective-Consistency": None, "X-Consul-Default-ACL-Policy": None},
        {"X-Consul-KnownLeader": "True"},
    ],
)
def test_an_answer_that_is_sure(
    odd: OddConsul, make_client: Callable[..., Client], headers: dict[str, str | None]
) -> None:
    """Headers that an older Consul lacks, or that say nothing, change nothing."""
    odd.answers(Odd(headers=headers))
    assert services.read(make_client(odd.url), ConsulService("web")).instances == ()


@pytest.mark.parametrize(("token", "passes"), [("", False), ("anonymous", False), ("t-1", True)])
def test_default_deny_needs_a_token_of_somebody(
    odd: OddConsul, make_client: Callable[..., Client], token: str, *, passes: bool
) -> None:
    """Only to those it knows does Consul say that it left results out; `anonymous` is nobody."""
    odd.answers(Odd(headers={"X-Consul-Default-ACL-Policy": "deny"}))
    client = make_client(odd.url, token=token)
    if passes:
        services.read(client, ConsulService("web"))
    else:
        with pytest.raises(errors.ConsulDenied, match="set consul:token"):
            services.read(client, ConsulService("web"))


@pytest.mark.parametrize("given", ["leader", "consistent", ""])
def test_a_consistent_read_must_be_one(given: str) -> None:
    """Who asks for `consistent` and is told `leader` has met a cache or a proxy."""
    headers = CaseInsensitiveDict({**GOOD, "x-consul-effective-consistency": given})
    if given == "leader":
        with pytest.raises(errors.ConsulNotReady, match="gave a leader answer"):
            gate.check(headers, remote="Consul", known=False, consistent=True)
    else:
        gate.check(headers, remote="Consul", known=False, consistent=True)


def test_consistent_is_asked_for(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """The parameter is sent only when it is wanted."""
    odd.answers(Odd(headers={"X-Consul-Effective-Consistency": "consistent"}))
    client = make_client(odd.url)
    services.read(client, ConsulService("web"), consistent=True)
    services.read(client, ConsulService("web"))
    paths = [asked.path for asked in odd.asked]
    assert paths == ["/v1/health/service/web?consistent=", "/v1/health/service/web"]
