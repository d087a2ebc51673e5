"""What a real agent says about services, and how it arrives."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.consul import services
from lictor.model import ConsulService, Health, Status
from tests.fakes.odd_consul import Odd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lictor.consul.client import Client
    from tests.fakes.consul import Consul
    from tests.fakes.odd_consul import OddConsul

ODD_NAMES = ["a b", "a/b", "a//b", "a/../b", "ü✓", "a?b=c", "a%2Fb", "a&b", "a+b", "a#b", "x" * 300]


@pytest.fixture
def client(agent: Consul, make_client: Callable[..., Client]) -> Client:
    """Return a client of the agent without ACLs."""
    return make_client(agent.url)


def test_every_state_is_read(agent: Consul, client: Client) -> None:
    """Instances come in all states, each with the worst of its checks."""
    for status in Status:
        agent.register("states", f"states-{status}", "10.1.0.1", status=status)
    answer = services.read(client, ConsulService("states"))
    assert {instance.node: instance.status for instance in answer.instances} == {
        f"states-{status}": status for status in Status
    }


def test_everything_that_is_known_of_an_instance(agent: Consul, client: Client) -> None:
    """Names, addresses, tags, meta, own checks and tagged addresses arrive as they are."""
    tagged = {"wan": {"Address": "198.51.100.1", "Port": 9090}}
    body = {
        "Node": "full",
        "Address": "10.1.1.1",
        "TaggedAddresses": {"lan": "10.1.1.1", "wan": "198.51.100.9"},
        "NodeMeta": {"instance_id": "i-0123456789abcdef0"},
        "Service": {
            "ID": "full-1",
            "Service": "full",
            "Address": "10.1.1.2",
            "Port": 8080,
            "Tags": ["v2", "a"],
            "Meta": {"team": "x"},
            "TaggedAddresses": tagged,
        },
        "Checks": [
            {"Name": "node", "Status": "passing"},
            {"Name": "one", "CheckID": "one", "ServiceID": "full-1", "Status": "passing"},
            {"Name": "two", "CheckID": "two", "ServiceID": "full-1", "Status": "warning"},
        ],
    }
    agent.call("PUT", "/v1/catalog/register", body)
    (found,) = services.read(client, ConsulService("full")).instances
    assert (found.service, found.service_id, found.node) == ("full", "full-1", "full")
    assert (found.datacenter, found.reachable_at, found.port) == ("dc1", "10.1.1.2", 8080)
    assert found.status is Status.WARNING
    assert sorted(found.tags) == ["a", "v2"]
    assert (found.service_meta, found.node_meta["instance_id"]) == (
        {"team": "x"},
        "i-0123456789abcdef0",
    )
    assert found.service_checks == 2
    assert found.tagged_addresses["wan"] == ("198.51.100.1", 9090)
    assert found.tagged_addresses["lan"] == ("10.1.1.1", 0)


def test_an_instance_without_checks(agent: Consul, client: Client) -> None:
    """No check at all is passing, as Consul has it, and no check of its own is counted."""
    body = {"Node": "bare", "Address": "10.1.2.1", "Service": {"Service": "bare"}}
    agent.call("PUT", "/v1/catalog/register", body)
    (found,) = services.read(client, ConsulService("bare")).instances
    assert (found.status, found.service_checks, found.port) == (Status.PASSING, 0, 0)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_asked_for_as_they_are(agent: Consul, client: Client, name: str) -> None:
    """No character of a name is lost, doubled or taken for a part of the path."""
    agent.register(name, "odd", "10.1.3.1", service_id=name[:40])
    (found,) = services.read(client, ConsulService(name)).instances
    assert found.service == name


@pytest.mark.parametrize("name", [".", ".."])
def test_names_that_no_url_can_carry(client: Client, name: str) -> None:
    """Such a name would ask for something else: it is refused, not asked."""
    with pytest.raises(errors.ConsulError, match="cannot be asked for a service of that name"):
        services.read(client, ConsulService(name))


def test_a_name_with_a_line_break(client: Client) -> None:
    """Consul refuses it, and its empty refusal still makes a sentence."""
    with pytest.raises(errors.ConsulNotReady, match=r"answered 400; see its log"):
        services.read(client, ConsulService("a\nb"))


def test_an_unknown_service_is_no_error(client: Client) -> None:
    """Absent is an answer: it is the planner that knows what an empty one means."""
    assert services.read(client, ConsulService("nobody")).instances == ()


@pytest.mark.parametrize("consistent", [False, True])
def test_an_unknown_datacenter(client: Client, *, consistent: bool) -> None:
    """It is named, with where to look; the answer of the known one does not count alone."""
    source = ConsulService("consul", datacenters=("dc1", "dc9"))
    with pytest.raises(errors.ConsulNotReady) as caught:
        services.read(client, source, consistent=consistent)
    text = str(caught.value)
    assert text.startswith(f"service consul in dc9: {client.remote} answered 500: No path")
    assert "consul catalog datacenters" in text
    assert "\n" not in text


def test_datacenters_unite(client: Client) -> None:
    """Each datacenter adds its instances; asking one twice shows both answers."""
    source = ConsulService("consul", datacenters=("dc1", "dc1"))
    assert len(services.read(client, source, consistent=True).instances) == 2


def test_the_connections_datacenter(agent: Consul, make_client: Callable[..., Client]) -> None:
    """A source without datacenters asks the one of the connection."""
    client = make_client(agent.url, datacenter="dc8")
    with pytest.raises(errors.ConsulNotReady, match=r"service web in dc8: .*No path"):
        services.read(client, ConsulService("web"))


def test_the_server_filters(agent: Consul, client: Client) -> None:
    """A filter is Consul's own; what it leaves out is counted only where nothing is left."""
    for number in range(2):
        agent.register("filtered", f"f-{number}", "10.1.4.1", meta={"n": str(number)})
    one = services.read(client, ConsulService("filtered", filter='Service.Meta.n == "1"'))
    assert ([found.node for found in one.instances], one.registered) == (["f-1"], None)
    none = services.read(client, ConsulService("filtered", filter='Service.Meta.n == "7"'))
    assert (none.instances, none.registered) == ((), 2)


def test_a_filter_that_is_none(client: Client) -> None:
    """Consul's complaint is shown, with the key to look at."""
    with pytest.raises(errors.ConsulNotReady, match=r"boolean expression.*check filter"):
        services.read(client, ConsulService("web", filter="(("))


@pytest.mark.parametrize(
    ("key", "word"), [("namespace", "Namespaces"), ("partition", "Partitions")]
)
def test_enterprise_settings_on_a_community_consul(client: Client, key: str, word: str) -> None:
    """Consul refuses them in its own words, and the remedy is to leave them out."""
    source = ConsulService("web", **{key: "team"})  # type: ignore[arg-type]
    with pytest.raises(errors.ConsulNotReady, match=rf"{word} are .*leave the setting out"):
        services.read(client, source)


def test_a_peer_that_is_not_there(client: Client) -> None:
    """Consul answers `[]` for it, which would read as: no instance left."""
    with pytest.raises(errors.ConsulError, match="has no cluster peer mars; check peer"):
        services.read(client, ConsulService("web", peer="mars"))


@pytest.mark.parametrize("state", ["PENDING", "FAILING", "DELETING", "TERMINATED", "UNDEFINED"])
def test_a_peering_that_is_not_active(
    odd: OddConsul, make_client: Callable[..., Client], state: str
) -> None:
    """While a peering begins or ends, what it imports is not whole."""
    odd.answers(Odd(), Odd(body=f'{{"Name": "venus", "State": "{state}"}}'.encode()))
    with pytest.raises(errors.ConsulNotReady, match=f"peering with venus is {state}, not ACTIVE"):
        services.read(make_client(odd.url), ConsulService("web", peer="venus"))


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (ConsulService("web", peer="venus"), "peer"),
        (ConsulService("web", namespace="team"), "ns"),
        (ConsulService("web", partition="team"), "partition"),
    ],
)
def test_a_parameter_that_is_passed_over(
    odd: OddConsul, make_client: Callable[..., Client], source: ConsulService, what: str
) -> None:
    """An old Consul does not know the parameter and answers with its own instances."""
    entry = {"Node": {"Node": "n", "Address": "10.0.0.1"}, "Service": {"ID": "w", "Service": "web"}}
    odd.answers(Odd(body=json.dumps([entry]).encode()))
    with pytest.raises(errors.ConsulError, match=f"does not heed {what} and answers"):
        services.read(make_client(odd.url), source)


def test_instances_of_a_peer(odd: OddConsul, make_client: Callable[..., Client]) -> None:
    """What an active peering imports arrives, and the question says all of the scope."""
    entry = {
        "Node": {"Node": "n", "Address": "10.0.0.1", "PeerName": "venus", "Datacenter": "dc7"},
        "Service": {"ID": "w", "Service": "web", "PeerName": "venus", "Partition": "p"},
    }
    odd.answers(Odd(body=json.dumps([entry]).encode()), Odd(body=b'{"State": "ACTIVE"}'))
    source = ConsulService("web", peer="venus", partition="p", datacenters=("dc1",))
    (found,) = services.read(make_client(odd.url), source).instances
    assert found.place == "n (dc7)"
    assert [asked.path for asked in odd.asked] == [
        "/v1/health/service/web?dc=dc1&partition=p&peer=venus",
        "/v1/peering/venus?dc=dc1&partition=p",
    ]


def test_many_threads_ask_one_client(agent: Consul, client: Client) -> None:
    """One client serves all threads of a run."""
    agent.register("threads", "threads", "10.1.5.1")
    source = ConsulService("threads", health=Health.ANY)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: services.read(client, source), range(64)))
    assert all(len(answer.instances) == 1 for answer in answers)


def test_the_environment_does_not_overrule(
    agent: Consul, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """python-consul2's own Consul would follow these; settings have been decided already."""
    for name in ("CONSUL_HTTP_ADDR", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "wrong")
    agent.register("env", "env", "10.1.6.1")
    assert len(services.read(client, ConsulService("env")).instances) == 1


def test_a_netrc_file_adds_nothing(
    odd: OddConsul,
    make_client: Callable[..., Client],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A password that the user keeps for another server of the host is not sent."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    services.read(make_client(odd.url), ConsulService("web"))
    assert "Authorization" not in odd.asked[0].headers
