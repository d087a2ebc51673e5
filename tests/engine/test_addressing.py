"""Each argument that says how an instance becomes a target, and what can be none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.cases import Cases

if TYPE_CHECKING:
    from tests.engine.cases import Case
    from tests.engine.world import World

IP = {"target_type": "ip"}


def register(case: Case, address: str, **how: Any) -> None:  # noqa: ANN401 - JSON
    """Register an instance of the case's service; `how`: parts of its service and `node_meta`."""
    node = how.pop("node", f"{case.service}-{address.replace(':', '-')}")
    case.world.consul.call(
        "PUT",
        "/v1/catalog/register",
        {
            "Node": node,
            "Address": how.pop("node_address", address),
            "NodeMeta": how.pop("node_meta", {}),
            "Service": {"ID": node, "Service": case.service, "Port": 8080, **how},
            "Check": {"CheckID": f"c-{node}", "Name": "alive", "ServiceID": node}
            | {"Status": "passing"},
        },
    )


def zones(case: Case) -> dict[str, str]:
    """Return the zone that AWS lists for each target."""
    elbv2 = case.world.aws.boto3("elbv2")
    listed = elbv2.describe_target_health(TargetGroupArn=case.arn)["TargetHealthDescriptions"]
    live = [item for item in listed if item["TargetHealth"]["State"] != "draining"]
    return {
        f"{item['Target']['Id']}:{item['Target']['Port']}": item["Target"].get(
            "AvailabilityZone", ""
        )
        for item in live
    }


def test_where_instance_ids_come_from(world: World) -> None:
    """One place alone, or EC2 by private address; whatever the others say."""
    cases = Cases(world)
    wanted: dict[str, list[str]] = {}
    for name in ("service-meta", "node-meta", "node-name", "ec2-lookup", "auto"):
        case = cases.add(name, targetId=name)
        (ident, address), (other, _), (third, _) = world.aws.create_instances(3)
        said: dict[str, dict[str, Any]] = {
            "service-meta": {"Meta": {"instance-id": ident}, "node_meta": {"instance-id": other}},
            "node-meta": {"Meta": {"instance-id": other}, "node_meta": {"instance_id": ident}},
            "node-name": {"node": ident, "Meta": {"instance-id": other}},
            "ec2-lookup": {"node": third, "Meta": {"instance-id": other}},
            "auto": {"node_meta": {"instance-id": "soon"}},
        }
        register(case, address, **said[name])
        wanted[name] = [f"{ident}:8080"]
    cases.up().ok()
    assert {name: case.standing for name, case in cases.all.items()} == wanted
    lookups = world.aws.calls("DescribeInstances")
    assert len(lookups) == 1, (
        "EC2 is asked only where Consul does not tell, and once for all groups"
    )
    world.consul.deregister(wanted["node-name"][0].partition(":")[0])


@pytest.mark.long
def test_addresses_ports_and_protocols(world: World) -> None:
    """Tagged addresses, fixed ports, names that are resolved, IPv6; TCP and GENEVE groups."""
    cases = Cases(world)
    inside = [address for _, address in world.aws.create_instances(6)]
    tagged = cases.add("tagged", group=IP, address="lan_ipv4", targetType="ip", region="us-west-2")
    register(
        tagged,
        "10.0.0.9",
        TaggedAddresses={"lan_ipv4": {"Address": inside[0], "Port": 7000}},
    )
    port = cases.add("port", group=IP, port=9000)
    register(port, inside[1], Port=80)
    two = cases.add("two", group=IP)
    for number in (80, 81):
        register(two, inside[2], Port=number, node=f"{two.service}-{number}")
    own = cases.add("own", group=IP)
    register(own, "10.0.0.8", Address=inside[3])
    resolved = cases.add("resolved", group=IP, resolveHosts=True)
    # an address in one of the old short forms: a name to us, and no resolver needs a network
    register(resolved, "10.0.0.7", Address="172.31.1027")
    ipv6 = cases.add("ipv6", group={**IP, "ipv6": True})
    register(ipv6, "10.0.0.6", Address="[FD00:0:0::5]")
    tcp = cases.add("tcp", 1, group={"protocol": "TCP"})
    geneve = cases.add(
        "geneve", 1, group={"protocol": "GENEVE", "port": 6081, "attached": False}, port=6081
    )
    outside = cases.add("outside", group=IP)
    register(outside, "10.77.0.1")
    register(outside, inside[4])
    every = cases.add("all", group=IP, availabilityZone="all")
    register(every, "10.77.0.2")
    named = cases.add("named", group=IP, availabilityZone="us-west-2a")
    for last in (3, 4):
        register(named, f"10.77.0.{last}")

    cases.up().ok()
    assert {name: case.standing for name, case in cases.all.items()} == {
        "tagged": [f"{inside[0]}:7000"],
        "port": [f"{inside[1]}:9000"],
        "two": [f"{inside[2]}:80", f"{inside[2]}:81"],
        "own": [f"{inside[3]}:8080"],
        "resolved": ["172.31.4.3:8080"],
        "ipv6": ["fd00::5:8080"],
        "tcp": tcp.keys,
        "geneve": [key.replace("8080", "6081") for key in geneve.keys],
        "outside": sorted(["10.77.0.1:8080", f"{inside[4]}:8080"]),
        "all": ["10.77.0.2:8080"],
        "named": ["10.77.0.3:8080", "10.77.0.4:8080"],
    }
    assert zones(outside)["10.77.0.1:8080"] == "all"
    assert outside.outputs["attached"]["10.77.0.1:8080"].endswith("(dc1) zone=all")
    assert zones(outside)[f"{inside[4]}:8080"].startswith("us-west-2")
    assert zones(every) == {"10.77.0.2:8080": "all"}
    assert set(zones(named).values()) == {"us-west-2a"}
    assert f"{len(cases.all) + 1} unchanged" in cases.up().ok().text

    named.more["availabilityZone"] = "us-west-2b"
    world.aws.advance(60)
    run = cases.up().ok()
    assert sorted(zones(named).values()) == ["us-west-2a", "us-west-2b"]  # one stays in service
    assert "availability_zone: changed later" in run.text
    world.aws.advance(60)
    cases.up().ok()
    assert set(zones(named).values()) == {"us-west-2b"}
    assert f"{len(cases.all) + 1} unchanged" in cases.up().ok().text


def test_what_can_be_no_target(world: World) -> None:
    """What AWS can never take is `failed` with its reason, costs no call, and keeps nobody."""
    cases = Cases(world)
    inside = [address for _, address in world.aws.create_instances(2)]
    plain = cases.add("plain", group=IP)
    for address in ("web.example.net", "8.8.8.8", "169.254.0.1", inside[0]):
        register(plain, "10.0.0.5", Address=address, node=f"{plain.service}-{address}")
    tagged = cases.add("tagged", group=IP, address="wan")
    register(tagged, inside[1])
    resolved = cases.add("resolved", group=IP, resolveHosts=True)
    register(resolved, "10.0.0.4", Address="localhost")
    run = cases.up()
    assert run.code != 0
    assert plain.outputs["failed"] == {
        "web.example.net:8080": "web.example.net is a host name, and an ip group takes addresses;"
        " register the service with an address, or set resolve_hosts",
        "8.8.8.8:8080": "8.8.8.8 is a public address, and AWS takes private ones only",
        "169.254.0.1:8080": "169.254.0.1 is not an address that a load balancer can reach",
    }
    assert plain.standing == [f"{inside[0]}:8080"]
    assert list(tagged.outputs["failed"].values()) == [
        f"{tagged.service}-{inside[1]} has no tagged address wan"
    ]
    assert "127.0.0.1:8080" in resolved.outputs["failed"]
    assert (tagged.changes(), resolved.changes()) == ([], [])


def test_what_does_not_go_with_the_group(world: World) -> None:
    """Type, zone and region are checked against the group before anything is done."""
    cases = Cases(world)
    case = cases.add("case", 1, targetType="ip")
    world.refused(cases.up(), "is of type instance, target_type says ip")
    case.more = {"availabilityZone": "all"}
    world.refused(cases.up(), "availability_zone: found all", "ip groups only")
    case.more = {"region": "eu-west-1"}
    world.refused(cases.up(), "targetGroups[0].region: eu-west-1 is not the region")
