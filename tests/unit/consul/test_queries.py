"""Prepared queries, executed by real agents in two datacenters that know each other."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from lictor import errors
from lictor.consul import services
from lictor.model import ConsulService, PreparedQuery, Status
from tests.fakes import consul
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lictor.consul.client import Client
    from tests.fakes.consul import Consul
    from tests.fakes.odd_consul import OddConsul


pytestmark = pytest.mark.xdist_group("queries")


@pytest.fixture(scope="module")
def agent() -> Iterator[Consul]:
    """Run an agent of our own: another datacenter joins it."""
    with consul.start() as running:
        yield running


@pytest.fixture(scope="module")
def dc2(agent: Consul) -> Iterator[Consul]:
    """Run a second datacenter, joined to the first."""
    with consul.second(agent) as other:
        yield other


@pytest.fixture
def client(agent: Consul, make_client: Callable[..., Client]) -> Client:
    """Return a client of the first datacenter."""
    return make_client(agent.url)


def define(agent: Consul, service: str, **service_part: Any) -> tuple[str, str]:  # noqa: ANN401
    """Define a query for a service; return its name and id."""
    name = f"q-{uuid.uuid4()}"
    body = {"Name": name, "Service": {"Service": service, **service_part}}
    return name, agent.call("POST", "/v1/query", body)["ID"]


def statuses(client: Client, query: PreparedQuery) -> dict[str, Status]:
    """Execute a query: node -> status."""
    return {found.node: found.status for found in services.read(client, query).instances}


def test_by_name_and_by_id(agent: Consul, client: Client) -> None:
    """Both name the same query; what it finds arrives like any instance."""
    agent.register("q-both", "q-both", "10.2.0.1", 81, tags=["a"])
    for ident in define(agent, "q-both"):
        answer = services.read(client, PreparedQuery(ident), consistent=True)
        (found,) = answer.instances
        assert (found.service, found.node, found.port, found.tags) == (
            "q-both",
            "q-both",
            81,
            ("a",),
        )
        assert (answer.datacenter, answer.failovers, answer.registered) == ("dc1", 0, None)


def test_an_unknown_query(client: Client) -> None:
    """A name that Consul does not know is an error, not an empty answer."""
    with pytest.raises(errors.ConsulError, match=r"prepared query nope: .* knows no such query"):
        services.read(client, PreparedQuery("nope"))


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_no_url_can_carry(client: Client, name: str) -> None:
    """Such a name would ask for something else."""
    with pytest.raises(errors.ConsulError, match="cannot be asked for a query of that name"):
        services.read(client, PreparedQuery(name))


@pytest.mark.parametrize("name", ["a b", "ü", "a?b", "a%2Fb", "a/b"])
def test_odd_names(agent: Consul, client: Client, name: str) -> None:
    """No character of a name is lost."""
    body = {"Name": name, "Service": {"Service": "q-odd"}}
    agent.register("q-odd", "q-odd", "10.2.0.1")
    agent.call("POST", "/v1/query", body)
    assert len(services.read(client, PreparedQuery(name)).instances) == 1


def test_health_is_told_as_it_is(agent: Consul, client: Client) -> None:
    """A warning comes where the definition lets it, as a warning: the planner decides."""
    for status in Status:
        agent.register("q-health", f"q-{status}", "10.2.1.1", status=status)
    either, _ = define(agent, "q-health")
    passing, _ = define(agent, "q-health", OnlyPassing=True)
    assert statuses(client, PreparedQuery(either)) == {
        "q-passing": Status.PASSING,
        "q-warning": Status.WARNING,
    }
    assert statuses(client, PreparedQuery(passing)) == {"q-passing": Status.PASSING}


@pytest.mark.parametrize("status", ["critical", "warning"])
def test_ignored_checks_are_ignored(agent: Consul, client: Client, status: str) -> None:
    """A check that the definition ignores takes no instance out."""
    agent.register("q-ignore", "q-ignore", "10.2.2.1", status=status)
    name, _ = define(agent, "q-ignore", IgnoreCheckIDs=["check:q-ignore-q-ignore"])
    assert statuses(client, PreparedQuery(name)) == {"q-ignore": Status.PASSING}


def test_ignored_checks_of_an_unreadable_definition(
    acl_agent: Consul, make_client: Callable[..., Client]
) -> None:
    """Where the token may execute only: what is critical and comes all the same is ignored."""
    for node, status in (("q-c", "critical"), ("q-w", "warning")):
        acl_agent.register("q-acl", node, "10.2.2.1", status=status)
    rules = 'service_prefix "" {policy="read"} node_prefix "" {policy="read"}'
    acl_agent.call("PUT", "/v1/acl/policy", {"Name": "q-only", "Rules": rules})
    token = acl_agent.call("PUT", "/v1/acl/token", {"Policies": [{"Name": "q-only"}]})["SecretID"]
    name, _ = define(acl_agent, "q-acl", IgnoreCheckIDs=["check:q-acl-q-c"])
    found = statuses(make_client(acl_agent.url, token=token), PreparedQuery(name))
    assert found == {"q-c": Status.PASSING, "q-w": Status.WARNING}


def test_results_that_the_token_may_not_see(
    acl_agent: Consul, make_client: Callable[..., Client]
) -> None:
    """The gate holds for queries as well."""
    acl_agent.register("q-hidden", "q-hidden", "10.2.3.1")
    acl_agent.call("PUT", "/v1/acl/policy", {"Name": "q-no", "Rules": 'key "x" {policy="read"}'})
    token = acl_agent.call("PUT", "/v1/acl/token", {"Policies": [{"Name": "q-no"}]})["SecretID"]
    name, _ = define(acl_agent, "q-hidden")
    with pytest.raises(errors.ConsulDenied, match="left out results"):
        services.read(make_client(acl_agent.url, token=token), PreparedQuery(name))
    with pytest.raises(errors.ConsulDenied, match="denies by default"):
        services.read(make_client(acl_agent.url), PreparedQuery(name))


def test_failover_needs_leave(agent: Consul, dc2: Consul, client: Client) -> None:
    """Instances of another datacenter come only where the user wants them."""
    dc2.register("q-over", "far", "10.9.0.1")
    name, _ = define(agent, "q-over", Failover={"Datacenters": ["dc2"]})
    with pytest.raises(
        errors.ConsulNotReady, match="failed over to datacenter dc2; allow_failover"
    ):
        services.read(client, PreparedQuery(name))
    answer = services.read(client, PreparedQuery(name, allow_failover=True))
    assert [found.place for found in answer.instances] == ["far (dc2)"]
    assert (answer.datacenter, answer.failovers) == ("dc2", 1)


def test_a_failover_that_finds_nothing(agent: Consul, dc2: Consul, client: Client) -> None:
    """Nothing anywhere is an empty answer like any other."""
    assert dc2.url
    name, _ = define(agent, "q-nowhere", Failover={"Datacenters": ["dc2"]})
    assert services.read(client, PreparedQuery(name)).instances == ()


def test_failover_to_a_peer(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """A peer's name stands where the datacenter's is empty."""
    node = b'{"Node": {"Node": "n", "Address": "10.0.0.1"}, "Service": {"ID": "w", "Service": "w"}}'
    odd.answers(Odd(body=b'{"Nodes": [%s], "PeerName": "venus", "Failovers": 1}' % node))
    client = make_client(odd.url)
    with pytest.raises(errors.ConsulNotReady, match="failed over to peer venus"):
        services.read(client, PreparedQuery("q"))
    answer = services.read(client, PreparedQuery("q", allow_failover=True))
    assert answer.datacenter == "peer venus"


def test_executed_elsewhere(agent: Consul, dc2: Consul, client: Client) -> None:
    """A query of another datacenter is looked up and executed there."""
    dc2.register("q-there", "there", "10.9.1.1")
    name, _ = define(dc2, "q-there")
    answer = services.read(client, PreparedQuery(name, datacenter="dc2"))
    assert [found.place for found in answer.instances] == ["there (dc2)"]
    with pytest.raises(errors.ConsulError, match=r"\(dc9\): .*No path to datacenter"):
        services.read(client, PreparedQuery(name, datacenter="dc9"))
    assert agent.url


def test_no_definition_can_cut_off_results(agent: Consul) -> None:
    """`Limit` is a parameter of a call that we never send; a definition cannot hold one."""
    body = {"Name": "limited", "Service": {"Service": "web"}, "Limit": 1}
    with pytest.raises(OSError, match="400"):
        agent.call("POST", "/v1/query", body)


def test_several_datacenters_unite(agent: Consul, dc2: Consul, client: Client) -> None:
    """A service's instances in two datacenters are one answer."""
    agent.register("two", "near", "10.3.0.1")
    dc2.register("two", "far-2", "10.9.2.1")
    answer = services.read(client, ConsulService("two", datacenters=("dc1", "dc2")))
    assert sorted(found.place for found in answer.instances) == ["far-2 (dc2)", "near (dc1)"]
