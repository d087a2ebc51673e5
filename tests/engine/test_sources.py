"""Each argument of a source: which instances become targets, and which answers are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.cases import Cases
from tests.fakes import consul as consuls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.cases import Case
    from tests.engine.world import World
    from tests.fakes.consul import Consul


@pytest.fixture(scope="module")
def dc2(consul: Consul) -> Iterator[Consul]:
    """Run a second datacenter, joined to the first."""
    with consuls.second(consul) as other:
        yield other


def place(case: Case, *nodes: dict[str, Any], where: Consul | None = None) -> None:
    """Start an instance for each node and register it as told."""
    started = case.world.aws.create_instances(len(nodes))
    for (ident, address), how in zip(started, nodes, strict=True):
        number = len(case.keys)
        (where or case.world.consul).register(
            case.service,
            case.world.node(number),
            address,
            node_meta={"instance-id": ident, **how.pop("node_meta", {})},
            **how,
        )
        case.keys.append(f"{ident}:8080")


def define(where: Consul, name: str, service: str, **more: Any) -> str:  # noqa: ANN401 - JSON
    """Define a prepared query and return its id."""
    body = {"Name": name, "Service": {"Service": service, **more}}
    return str(where.call("POST", "/v1/query", body)["ID"])


def test_what_a_source_chooses(world: World, dc2: Consul) -> None:
    """Every argument that chooses, alone in a group of its own; a second run has nothing to do."""
    cases = Cases(world)
    wanted: dict[str, list[int]] = {}

    def case(name: str, chosen: list[int], *nodes: dict[str, Any], **more: Any) -> Case:  # noqa: ANN401
        made = cases.add(name, **more)
        place(made, *nodes)
        wanted[name] = chosen
        return made

    tagged = [{"tags": ["v2", "eu"]}, {"tags": ["v2"]}, {"tags": ["eu", "canary"]}, {}]
    case("tags", [0], *[dict(how) for how in tagged], tags=["v2", "eu"])
    case("any", [0, 1, 2], *[dict(how) for how in tagged], anyTags=["v2", "canary"])
    case("exclude", [0, 1, 3], *[dict(how) for how in tagged], excludeTags=["canary"])
    case(
        "filter",
        [1],
        {"meta": {"version": "1"}},
        {"meta": {"version": "2"}},
        filter='Service.Meta.version == "2"',
    )
    racks = [{"node_meta": {"rack": rack, "row": "a"}} for rack in ("r1", "r2")]
    case("meta", [1], *racks, {}, nodeMeta={"rack": "r2", "row": "a"})
    health = [{"status": status} for status in ("passing", "warning", "critical")]
    case("warning", [0, 1], *[dict(how) for how in health], health="warning")
    case("any-health", [0, 1, 2], *[dict(how) for how in health], health="any")

    checked = case("checked", [0], {}, requireServiceCheck=True)
    unchecked(checked)

    both = case("both", [0, 1], {}, datacenters=["dc1", "dc2"])
    place(both, {}, where=dc2)
    far = case("far", [0], datacenters=["dc2"])
    place(far, {}, where=dc2)

    run = cases.up().ok()
    for name, chosen in wanted.items():
        found = cases[name]
        assert found.standing == sorted(found.keys[number] for number in chosen), (name, run.text)
    assert cases["both"].outputs["attached"][both.keys[1]].endswith("(dc2)")
    assert f"{len(wanted) + 1} unchanged" in cases.up().ok().text
    assert world.changes() == []


def unchecked(case: Case) -> None:
    """Register an instance that has no check yet, on a node whose own check passes."""
    ((ident, address),) = case.world.aws.create_instances(1)
    body = {
        "Node": case.world.node(99),
        "Address": address,
        "NodeMeta": {"instance-id": ident},
        "Service": {"ID": case.service, "Service": case.service, "Port": 8080},
        "Check": {"CheckID": "alive", "Name": "alive", "Status": "passing"},
    }
    case.world.consul.call("PUT", "/v1/catalog/register", body)


@pytest.mark.long
def test_prepared_queries(world: World, dc2: Consul) -> None:
    """By name or id, in another datacenter, and what came by failover only where it is allowed."""
    cases = Cases(world)
    here, there, over = (cases.add(name) for name in ("here", "there", "over"))
    by_id = cases.add("by-id")
    place(here, {"status": "passing"}, {"status": "warning"}, {"status": "critical"})
    place(by_id, {"status": "passing"}, {"status": "warning"})
    place(there, {}, where=dc2)
    place(over, {}, where=dc2)
    define(world.consul, here.service, here.service)
    ident = define(world.consul, by_id.service, by_id.service, OnlyPassing=True)
    define(dc2, there.service, there.service)
    define(world.consul, over.service, over.service, Failover={"Datacenters": ["dc2"]})
    here.more = {"preparedQuery": here.service}
    by_id.more = {"preparedQuery": ident}
    there.more = {"preparedQuery": there.service, "datacenter": "dc2"}
    over.more = {"preparedQuery": over.service}
    cases.declare()
    world.aws.clear_calls()
    parts = ("resource 'over'", "failed over to datacenter dc2", "allow_failover=True")
    world.refused(world.stack.preview(), *parts)

    over.more["allowFailover"] = True
    cases.up().ok()
    assert here.standing == sorted(here.keys[:2])  # OnlyPassing is false unless it is defined
    assert by_id.standing == by_id.keys[:1]
    assert (there.standing, over.standing) == (there.keys, over.keys)
    assert f"{len(cases.all) + 1} unchanged" in cases.up().ok().text


def test_a_setting_that_consul_refuses(world: World) -> None:
    """Enterprise's settings on a Community Consul: its own words on the resource, and a remedy.

    What else Consul refuses (partition, peer, filter, datacenter, query) takes the same way;
    tests/unit/consul has each.
    """
    cases = Cases(world)
    cases.add("team", 1, namespace="team")
    parts = ("resource 'team'", "Namespaces are", "leave the setting out")
    world.refused(cases.up(), *parts)
