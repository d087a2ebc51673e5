"""External nodes in a real catalog: two stacks, a monitor, and people with curl."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from pulumi.output import Unknown

from lictor import errors
from lictor.resources import cataloguing
from tests.fakes import consul as consuls
from tests.unit.resources.catalogued import Stack, declared

if TYPE_CHECKING:
    from tests.fakes.consul import Consul

_NUMBERS = itertools.count(1)
LATER = Unknown()  # type: ignore[no-untyped-call] # Pulumi's mark for what is known only later


@pytest.fixture
def agent(consul: Consul) -> Consul:
    """Hand out the agent."""
    return consul


@pytest.fixture
def stack(agent: Consul) -> Stack:
    """Give a test a node of its own."""
    return Stack(agent, declared(f"db-{next(_NUMBERS)}"))


def test_what_stands_in_the_catalog(stack: Stack) -> None:
    """As the monitor wants it; then there is nothing to do."""
    assert stack.up()
    assert stack.failed == ""
    found = stack.stands()
    assert found is not None
    assert found["Node"]["Address"] == "db.example.com"
    assert found["Node"]["Meta"] == {
        "external-node": "true",
        "external-probe": "false",
        "team": "a",
    }
    service = found["Services"]["web"]
    assert (service["Port"], service["Tags"], service["Meta"]) == (443, ["v2"], {"k": "v"})
    check = stack.check()
    assert (check["Status"], check["ServiceName"]) == ("critical", "web")
    assert check["Definition"] == {
        "HTTP": "https://db.example.com/health",
        "Header": {"X-A": ["1", "2"]},
        "Interval": "10s",
        "Timeout": "2.5s",
        "DeregisterCriticalServiceAfter": "1h30m0s",
    }
    assert set(stack.outputs["indexes"]) == {"node", "service:web", "check:web:http"}
    assert not stack.up()
    assert not stack.up(checks=[{**stack.arguments["checks"][0], "interval": 10, "method": ""}])


def test_what_the_monitor_writes_is_no_change(stack: Stack) -> None:
    """Neither to a run nor to a refresh; a changed definition leaves the status alone."""
    stack.up()
    stack.monitor("passing")
    extra = {"Node": stack.node, "CheckID": "externalNodeHealth", "Status": "passing"}
    stack.consul.call("PUT", "/v1/txn", [{"Check": {"Verb": "set", "Check": extra}}])
    assert not stack.up()
    stack.refresh()
    assert not stack.up()
    assert stack.up(checks=[{**stack.arguments["checks"][0], "interval": "5s"}])
    assert stack.failed == ""
    check = stack.check()
    assert (check["Status"], check["Output"]) == ("passing", "it is passing")
    assert check["Definition"]["Interval"] == "5s"
    stack.destroy()
    assert stack.stands() is None


def test_parts_come_change_and_go(stack: Stack) -> None:
    """Each by one transaction, in an order that Consul takes."""
    stack.up()
    second = {"name": "api", "id": "api-1", "port": 80}
    probe = {"name": "port", "service": "api-1", "tcp": "db.example.com:80"}
    stack.up(services=[second], checks=[probe], address="10.0.0.9", probe=True)
    assert stack.failed == ""
    found = stack.stands()
    assert found is not None
    assert list(found["Services"]) == ["api-1"]
    assert found["Node"]["Meta"]["external-probe"] == "true"
    assert stack.check("api-1:port")["Definition"] == {"TCP": "db.example.com:80"}
    assert not stack.up()
    stack.refresh()
    assert not stack.up()
    before = stack.outputs["indexes"]
    stack.up(services=[{**second, "port": 81}, {"name": "web"}])
    assert stack.failed == ""
    after = stack.outputs["indexes"]
    assert after["node"] == before["node"]
    assert after["service:api-1"] > before["service:api-1"]
    assert stack.up(services=[{"name": "web"}, {**second, "port": 82}])
    assert stack.failed == ""
    found = stack.stands()
    assert found is not None
    assert {key: one["ModifyIndex"] for key, one in found["Services"].items()} == {
        "api-1": stack.outputs["indexes"]["service:api-1"],
        "web": stack.outputs["indexes"]["service:web"],
    }


def test_two_stacks_do_not_overwrite_each_other_unseen(agent: Consul) -> None:
    """Whoever comes second is told, at every stage; what stands alike already is adopted."""
    one = Stack(agent, declared(f"db-{next(_NUMBERS)}"))
    two = Stack(agent, {**one.arguments, "address": "10.0.0.2"})
    one.up()
    two.up()
    assert f"node {one.node} is in the catalog already" in two.failed
    assert two.outputs["indexes"] == {}
    two.destroy()
    assert one.stands() is not None, "what was never made is not taken away"
    two.up(address=one.arguments["address"])
    assert two.failed == ""
    two.up(address="10.0.0.2")
    assert two.failed == ""
    one.up(address="10.0.0.1")
    assert f"node {one.node} was changed by somebody else" in one.failed
    found = one.stands()
    assert found is not None
    assert found["Node"]["Address"] == "10.0.0.2"
    assert one.outputs["address"] == "db.example.com", "state tells what this stack has made"
    with pytest.raises(errors.CatalogConflict, match="was changed by somebody else"):
        one.destroy()
    one.refresh()
    assert one.outputs["address"] == "10.0.0.2"
    assert one.up()
    assert one.failed == ""
    two.up(address="10.0.0.3")
    assert "was changed by somebody else" in two.failed


@pytest.mark.parametrize("what", ["service", "check", "meta", "gone service", "gone check"])
def test_drift(stack: Stack, what: str) -> None:
    """Seen by a refresh, which makes the next run repair it; unseen it is not overwritten."""
    stack.up()
    node = {"Node": stack.node, "Address": "db.example.com"}
    body: dict[str, Any] = {"SkipNodeUpdate": True, **node}
    if what == "service":
        body["Service"] = {"ID": "web", "Service": "web", "Port": 8443}
    elif what == "check":
        body["Check"] = {**stack.check(), "Definition": {"HTTP": "http://elsewhere"}}
    elif what == "meta":
        body = {**node, "NodeMeta": {"team": "b"}}
    else:
        body = {**node, what.split()[1].title() + "ID": "web" if "service" in what else "web:http"}
    verb = "deregister" if what.startswith("gone") else "register"
    stack.consul.call("PUT", f"/v1/catalog/{verb}", body)
    assert not stack.up()
    stack.refresh()
    arguments = {key: value for key, value in stack.inputs.items() if key in stack.arguments}
    assert arguments != stack.arguments
    assert stack.up()
    assert stack.failed == ""
    found = stack.stands()
    assert found is not None
    assert found["Node"]["Meta"]["external-node"] == "true"
    assert found["Services"]["web"]["Port"] == 443
    assert stack.check()["Definition"]["HTTP"] == "https://db.example.com/health"
    assert not stack.up()


def test_a_node_that_was_reaped(stack: Stack) -> None:
    """A run leaves it; a refresh says that it is gone, and the next run makes it anew."""
    stack.up()
    stack.consul.deregister(stack.node)
    assert not stack.up()
    assert stack.stands() is None
    stack.destroy()
    stack.up()
    stack.consul.deregister(stack.node)
    stack.refresh()
    assert stack.outputs == {}
    stack.up()
    assert stack.stands() is not None


def test_what_others_have_put_on_the_node_stays(stack: Stack) -> None:
    """Ours goes; the node stays for theirs."""
    stack.up()
    other = {"ID": "theirs", "Service": "theirs"}
    body = {"Node": stack.node, "SkipNodeUpdate": True, "Service": other}
    stack.consul.call("PUT", "/v1/catalog/register", {**body, "Address": "db.example.com"})
    assert not stack.up()
    stack.up(services=[], checks=[])
    stack.refresh()
    assert not stack.up()
    stack.up(services=[{"name": "web"}])
    stack.destroy()
    found = stack.stands()
    assert found is not None
    assert list(found["Services"]) == ["theirs"]


def test_a_renamed_resource_keeps_its_node(stack: Stack) -> None:
    """The engine makes the new one, which adopts, and deletes the old one last."""
    stack.up()
    remotes = stack.remotes()
    renamed = {**stack.arguments, "name": "other", "node": stack.node}
    news = cataloguing.inputs({}, renamed, remotes)
    outputs = cataloguing.create(news, remotes)
    assert outputs["failed"] == {}
    cataloguing.delete(stack.outputs, remotes)
    assert stack.stands() is not None
    with pytest.raises(errors.ClaimConflict, match=f"both want the node {stack.node}; unite"):
        cataloguing.inputs({}, stack.arguments, remotes)


def test_consul_does_not_answer(stack: Stack) -> None:
    """It is recorded, nothing is half made, and the next run does it."""
    url, stack.consul = stack.consul, consuls.Consul("http://127.0.0.1:1")
    stack.up()
    assert "Consul at http://127.0.0.1:1" in stack.failed
    stack.consul = url
    assert stack.up()
    assert stack.failed == ""


def test_a_service_that_consul_does_not_take(stack: Stack) -> None:
    """All or nothing: not even the node is there."""
    body = [{"name": "web", "meta": {"k" * 200: "v"}}]
    stack.up(services=body, checks=[])
    assert "does not take the node" in stack.failed
    assert stack.stands() is None
    stack.up(services=[])
    assert stack.failed == ""


def test_what_is_known_only_later(stack: Stack) -> None:
    """Nothing is asked, and the plan is unknown."""
    news = cataloguing.inputs({}, {**stack.arguments, "address": LATER}, stack.remotes())
    assert isinstance(news["address"], Unknown)
    assert cataloguing.compare({}, news).changes
    assert cataloguing.planned({}, news, shown=True).added == {}


def test_what_a_run_shows(stack: Stack) -> None:
    """The parts that come, change and go; another node is another resource."""
    news = cataloguing.inputs({}, stack.arguments, stack.remotes())
    plan = cataloguing.planned({}, news, shown=True)
    assert plan.added == {
        "node": "db.example.com",
        "service:web": ":443",
        "check:web:http": "",
    }
    stack.up()
    before = stack.outputs
    stack.up(services=[], checks=[], address="10.0.0.9")
    done = cataloguing.done(before, stack.inputs, stack.outputs)
    assert (done.added, set(done.removed)) == (
        {"node": "10.0.0.9"},
        {"service:web", "check:web:http"},
    )
    for change in ({"node": "x"}, {"datacenter": "dc2"}):
        assert cataloguing.compare(stack.outputs, {**stack.inputs, **change}).replaces == tuple(
            change
        )
    assert cataloguing.id_of({**stack.inputs, "datacenter": "dc1"}) == f"{stack.node} dc1"
