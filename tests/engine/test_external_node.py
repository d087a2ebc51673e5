"""External nodes on the real engine: a life, a second stack, a token without rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from tests.engine.world import World
    from tests.fakes.consul import Consul
    from tests.fakes.pulumi import Stack

pytestmark = pytest.mark.timeout(240)

PROGRAM = """
import pulumi

import lictor

host = pulumi.Output.from_input("db.example.com")
node = lictor.ExternalNode(
    "{node}",
    address=host,
    services=[lictor.ExternalService("db", port=5432, tags=["primary"])],
    checks=[lictor.ExternalCheck("port", service="db", tcp=host.apply("{{}}:5432".format))],
)
pulumi.export("indexes", node.indexes.apply(sorted))
lictor.check_failed(node)
"""
CHECK = {"name": "port", "service": "db", "tcp": "db.example.com:5432", "interval": "10s"}


def declare(stack: Stack, consul: Consul, name: str, **entry: Any) -> None:  # noqa: ANN401 - JSON
    """Write a stack's config: one external node."""
    given = {"name": name, "address": "db.example.com", **entry}
    config = {"consul:address": consul.address, "lictor:externalNodes": [given]}
    stack.configure(config)


def stands(consul: Consul, node: str) -> Any:  # noqa: ANN401 - JSON
    """Return a node as the catalog has it."""
    return consul.call("GET", f"/v1/catalog/node/{node}")


@pytest.mark.long
def test_life(world: World) -> None:
    """Preview, up, a monitor's write, drift, another name, another node, destroy."""
    stack, consul, node = world.stack, world.consul, world.service
    full = {"services": [{"name": f"{node}-db", "id": "db", "port": 5432}], "checks": [CHECK]}
    declare(stack, consul, node, **full)
    assert "db.example.com:5432" in stack.preview("--diff").ok().text
    assert stands(consul, node) is None
    stack.up().ok()
    assert consul.passing(f"{node}-db") == []
    assert set(stack.outputs(node)["indexes"]) == {"node", "service:db", "check:db:port"}

    # what the monitor finds is no change, neither to a run nor to a refresh
    check: dict[str, Any] = {"Node": node, "CheckID": "db:port", "Name": "port", "ServiceID": "db"}
    check |= {"Status": "passing", "Output": "connected"}
    check |= {"Definition": {"TCP": "db.example.com:5432", "Interval": "10s"}}
    consul.call("PUT", "/v1/txn", [{"Check": {"Verb": "set", "Check": check}}])
    assert "2 unchanged" in stack.up("--refresh").ok().text
    assert consul.passing(f"{node}-db") == [node]

    # drift is seen by a refresh, shown, and repaired
    body = {"Node": node, "Address": "10.0.0.66", "NodeMeta": {}}
    consul.call("PUT", "/v1/catalog/register", body)
    assert "2 unchanged" in stack.up().ok().text
    assert "10.0.0.66" in stack.preview("--refresh", "--diff").ok().text
    stack.up("--refresh").ok()
    found = stands(consul, node)["Node"]
    assert (found["Address"], found["Meta"]["external-node"]) == ("db.example.com", "true")

    # another name for the resource leaves the node; another name for the node moves it
    declare(stack, consul, "renamed", node=node, **full)
    stack.up().ok()
    assert list(stack.resources()) == ["renamed"]
    assert consul.passing(f"{node}-db") == [node]
    declare(stack, consul, "renamed", node=f"{node}-2", **full)
    stack.up().ok()
    assert stands(consul, node) is None
    assert stands(consul, f"{node}-2") is not None
    stack.destroy().ok()
    assert stands(consul, f"{node}-2") is None


@pytest.mark.long
def test_two_stacks_and_two_names(world: World) -> None:
    """Neither overwrites the other unseen; a run that fails says why, and the others are done."""
    stack, consul, node = world.stack, world.consul, world.service
    other = stack.folder / "other"
    other.mkdir()
    second = stack.copy(other, stack.env)
    declare(stack, consul, node)
    stack.up().ok()
    declare(second, consul, node, address="10.0.0.2")
    run = second.lictor("up", "--stack", "dev")
    assert run.code == 3, run.text
    assert f"node {node} is in the catalog already" in run.text
    assert f"{node} +0 -0 =0 held 0 failed 1" in run.text
    assert second.up().code != 0
    second.destroy().ok()
    assert stands(consul, node)["Node"]["Address"] == "db.example.com"
    entries = [{"name": name, "node": node, "address": "x"} for name in ("one", "two")]
    stack.configure({"consul:address": consul.address, "lictor:externalNodes": entries})
    world.refused(stack.preview(), f"both want the node {node}")


@pytest.mark.long
def test_a_program_of_ones_own(world: World) -> None:
    """Values that are known only later; then `lictor up` finds nothing to do."""
    node = world.service
    (world.stack.project / "__main__.py").write_text(PROGRAM.format(node=node))
    world.stack.configure({"consul:address": world.consul.address})
    world.stack.up().ok()
    found = stands(world.consul, node)
    assert (found["Services"]["db"]["Port"], found["Services"]["db"]["Tags"]) == (5432, ["primary"])
    run = world.stack.lictor("up", "--stack", "dev")
    assert run.code == 0, run.text
    assert f"{node} +0 -0 =3 held 0 failed 0" in run.text


@pytest.mark.long
def test_a_token_without_rights(world: World, guarded_consul: Consul) -> None:
    """The shipped rules are enough; without them the error names the right, and nothing is made."""
    stack, consul, node = world.stack, guarded_consul, f"{world.service}-acl"
    entry = {"services": [{"name": f"{node}-db"}], "checks": [{"name": "up", "tcp": "x:1"}]}
    declare(stack, consul, node, **entry)
    reading = (ROOT / "deploy/consul-policy.hcl").read_text()
    writing = (ROOT / "deploy/consul-policy-external-nodes.hcl").read_text()
    tokens = []
    for name, rules in (("read", reading), ("write", writing)):
        consul.call("PUT", "/v1/acl/policy", {"Name": f"{node}-{name}", "Rules": rules})
        body = {"Policies": [{"Name": f"{node}-{name}"}]}
        tokens.append(consul.call("PUT", "/v1/acl/token", body)["SecretID"])
    run = stack.up(env={"CONSUL_HTTP_TOKEN": tokens[0]})
    assert run.code != 0, run.text
    assert "give the token node:write on the node, and service:write" in run.text
    assert "Traceback" not in run.text
    assert stands(consul, node) is None
    stack.up(env={"CONSUL_HTTP_TOKEN": tokens[1]}).ok()
    assert stands(consul, node) is not None
    stack.destroy(env={"CONSUL_HTTP_TOKEN": tokens[1]}).ok()
    assert stands(consul, node) is None
