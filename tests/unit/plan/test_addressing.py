"""From instances to targets."""

import pytest

from lictor.model import ConsulService, PreparedQuery, Target, TargetId, TargetType
from lictor.plan.addressing import (
    Addressing,
    canonical,
    datacenters,
    hosts,
    lookups,
    needs_group_port,
    needs_vpc,
)
from tests.fakes.instances import make_instance
from tests.unit.plan.make import INSTANCE, make_answer

OTHER = "i-0fedcba9876543210"
IP = Addressing(TargetType.IP)
META = {"instance-id": INSTANCE}


def keys(addressing: Addressing, **changes: object) -> list[str]:
    """Return the keys of one instance's targets."""
    return [target.key for target in addressing.targets_of(make_instance(**changes))]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, "10.0.0.1:8080"),
        ({"address": "10.1.0.1"}, "10.1.0.1:8080"),
        ({"address": "fd00:0::1"}, "fd00::1:8080"),
        ({"address": "FD00::A"}, "fd00::a:8080"),
        ({"address": "[fd00::1]"}, "fd00::1:8080"),
        ({"address": "::ffff:10.0.0.7"}, "10.0.0.7:8080"),
        ({"address": "db.example.net"}, "db.example.net:8080"),
        ({"port": 0}, "10.0.0.1:0"),
    ],
)
def test_an_ip_target_is_the_services_address_or_its_nodes(
    changes: dict[str, object], key: str
) -> None:
    """Written as AWS lists it, so that a key of ours is a key of the listing."""
    assert keys(IP, **changes) == [key]


@pytest.mark.parametrize("text", ["10.0.0.1", "node:1", "not::an::address", "fd00::1"])
def test_what_is_written_well_or_is_no_address_stays(text: str) -> None:
    """Only IPv6 addresses have several spellings."""
    assert canonical(text) == text


@pytest.mark.parametrize(
    ("fixed", "own", "group", "port"),
    [(81, 8080, 80, 81), (None, 8080, 80, 8080), (None, 0, 80, 80)],
)
def test_a_fixed_port_wins_then_the_services_then_the_groups(
    fixed: int | None, own: int, group: int, port: int
) -> None:
    """A service with port 0 takes the group's."""
    addressing = Addressing(TargetType.IP, port=fixed, group_port=group)
    assert keys(addressing, port=own) == [f"10.0.0.1:{port}"]


def test_the_groups_port_is_needed_only_for_a_service_without() -> None:
    """The group is looked up only where that matters."""
    with_port, without = make_answer(make_instance()), make_answer(make_instance(port=0))
    assert not needs_group_port([with_port], None)
    assert needs_group_port([with_port, without], None)
    assert not needs_group_port([without], 80)


TAGGED = {"lan_ipv4": ("10.2.0.1", 8080), "wan": ("52.1.2.3", 443), "node": ("10.3.0.1", 0)}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("lan_ipv4", "10.2.0.1:8080"),
        ("wan", "52.1.2.3:443"),
        ("node", "10.3.0.1:8080"),
        ("lan_ipv6", "node-1/lan_ipv6:8080"),
    ],
)
def test_a_tagged_address_brings_its_port(name: str, key: str) -> None:
    """Without one it is the service's; a missing address is named, and none takes its place."""
    assert keys(Addressing(TargetType.IP, address=name), tagged_addresses=TAGGED) == [key]


@pytest.mark.parametrize(
    ("where", "changes", "found"),
    [
        (TargetId.AUTO, {"service_meta": META, "node_meta": {"instance-id": OTHER}}, INSTANCE),
        (TargetId.AUTO, {"service_meta": {"instance_id": INSTANCE}}, INSTANCE),
        (TargetId.AUTO, {"node_meta": META, "node": OTHER}, INSTANCE),
        (TargetId.AUTO, {"node_meta": {"instance-id": "web-1"}, "node": INSTANCE}, INSTANCE),
        (TargetId.AUTO, {"node": INSTANCE, "node_address": "10.0.0.9"}, INSTANCE),
        (TargetId.AUTO, {"node_address": "10.0.0.9"}, OTHER),
        (TargetId.AUTO, {"address": "10.0.0.9"}, OTHER),
        (TargetId.AUTO, {"address": "172.17.0.2", "node_address": "10.0.0.9"}, OTHER),
        (TargetId.AUTO, {}, "10.0.0.1"),
        (TargetId.AUTO, {"address": "FD00::0:1"}, "fd00::1"),
        (TargetId.SERVICE_META, {"service_meta": META}, INSTANCE),
        (TargetId.SERVICE_META, {"node_meta": META, "node_address": "10.0.0.9"}, "10.0.0.9"),
        (TargetId.NODE_META, {"node_meta": META}, INSTANCE),
        (TargetId.NODE_META, {"service_meta": META}, "10.0.0.1"),
        (TargetId.NODE_NAME, {"node": INSTANCE}, INSTANCE),
        (TargetId.NODE_NAME, {"service_meta": META}, "10.0.0.1"),
        (TargetId.EC2_LOOKUP, {"service_meta": META, "node_address": "10.0.0.9"}, OTHER),
        (TargetId.EC2_LOOKUP, {"service_meta": META, "node": INSTANCE}, "10.0.0.1"),
    ],
)
def test_an_instance_id_is_looked_for_in_order(
    where: TargetId, changes: dict[str, object], found: str
) -> None:
    """Service meta, node meta, node name, EC2; or only one of them; else the address stands in."""
    addressing = Addressing(TargetType.INSTANCE, target_id=where, instance_ids={"10.0.0.9": OTHER})
    assert keys(addressing, **changes) == [f"{found}:8080"]


def test_ec2_is_asked_only_for_what_consul_does_not_tell() -> None:
    """Each address once, sorted; instances that do not count are left out."""
    answer = make_answer(
        make_instance(address="172.17.0.2", node_address="10.0.0.9"),
        make_instance(node_address="10.0.0.9"),
        make_instance(node_address="10.0.0.8", service_meta=META),
        make_instance(node_address="10.0.0.7", status="critical"),
        make_instance(address="db.example.net", node_address="10.0.0.6"),
    )
    auto = Addressing(TargetType.INSTANCE)
    assert lookups([answer], auto) == ("10.0.0.6", "10.0.0.9", "172.17.0.2")
    everything = Addressing(TargetType.INSTANCE, target_id=TargetId.EC2_LOOKUP)
    assert "10.0.0.8" in lookups([answer], everything)
    assert lookups([answer], Addressing(TargetType.INSTANCE, target_id=TargetId.NODE_META)) == ()
    assert lookups([answer], IP) == ()


def test_what_ec2_has_told_is_not_asked_again() -> None:
    """One address of an instance is enough; only those that are still without an id are left."""
    answer = make_answer(
        make_instance(address="172.17.0.2", node_address="10.0.0.9"),
        make_instance(address="172.17.0.3", node_address="10.0.0.8"),
    )
    known = Addressing(TargetType.INSTANCE, instance_ids={"10.0.0.9": OTHER})
    assert lookups([answer], known) == ("10.0.0.8", "172.17.0.3")


def test_ids_that_stand_are_read_from_the_keys() -> None:
    """Whatever the port; an address that stands in for an id is one of them and does no harm."""
    standing = {f"{INSTANCE}:80": "", f"{INSTANCE}:81": "", "fd00::1:80": ""}
    assert Addressing(TargetType.INSTANCE, standing=standing).standing_ids == {INSTANCE, "fd00::1"}


def test_nodes_are_looked_for_in_our_own_datacenters() -> None:
    """A peer's are named by the peer; instances that do not count say nothing."""
    answers = [
        make_answer(make_instance(datacenter="dc2"), make_instance(datacenter="dc1")),
        make_answer(make_instance(datacenter="dc3", status="critical")),
        make_answer(make_instance(datacenter="far"), source=ConsulService("web", peer="east")),
        make_answer(make_instance(datacenter="dc4"), source=PreparedQuery("web")),
    ]
    assert datacenters(answers) == ("dc1", "dc2", "dc4")


def test_host_names_are_listed_and_become_a_target_for_each_address() -> None:
    """Unresolved, the name stands as it is and cannot be placed."""
    instance = make_instance(address="db.example.net")
    answer = make_answer(instance, make_instance(), make_instance(address="fd00::1"))
    assert hosts([answer], IP) == ("db.example.net",)
    assert hosts([answer], Addressing(TargetType.INSTANCE)) == ()
    assert hosts([answer], Addressing(TargetType.IP, address="wan")) == ()
    resolved = Addressing(TargetType.IP, resolved={"db.example.net": ("10.0.0.5", "FD00::5")})
    assert resolved.targets_of(instance) == (Target("10.0.0.5", 8080), Target("fd00::5", 8080))
    assert keys(resolved, address="other.example.net") == ["other.example.net:8080"]


VPC = ("10.0.0.0/16", "fd00::/64")


@pytest.mark.parametrize(
    ("address", "zone"),
    [
        ("10.0.3.1", ""),
        ("10.1.0.1", "all"),
        ("fd00::9", ""),
        ("fd01::9", "all"),
        ("db.example.net", ""),
    ],
)
def test_a_new_address_outside_the_vpc_is_of_all_zones(address: str, zone: str) -> None:
    """AWS finds the zone of an address inside by itself, and wants to hear one for others."""
    (target,) = Addressing(TargetType.IP, vpc=VPC).targets_of(make_instance(address=address))
    assert target.zone == zone


def test_what_stands_keeps_its_zone_without_a_look_up() -> None:
    """An unchanged run need not know the VPC, nor does a wider VPC swap old targets."""
    standing = {"10.1.0.1:8080": "node-1 (dc1) zone=all", "10.2.0.1:8080": "node-2 (dc1)"}
    for vpc in ((), VPC, ("10.1.0.0/16",)):
        addressing = Addressing(TargetType.IP, vpc=vpc, standing=standing)
        zones = [
            addressing.targets_of(make_instance(address=address))[0].zone
            for address in ("10.1.0.1", "10.2.0.1")
        ]
        assert zones == ["all", ""]
        assert not needs_vpc(standing, addressing)
        assert needs_vpc([*standing, "10.3.0.1:8080"], addressing)


def test_a_zone_that_is_asked_for_is_every_targets() -> None:
    """No look-up is needed, and what stood in another one is asked for in this."""
    addressing = Addressing(
        TargetType.IP, zone="us-west-2a", vpc=VPC, standing={"10.0.0.1:8080": "node-1 zone=all"}
    )
    assert addressing.targets_of(make_instance())[0].zone == "us-west-2a"
    assert not needs_vpc(["10.9.0.1:80"], addressing)


def test_an_instance_group_knows_no_zone() -> None:
    """AWS takes none there."""
    addressing = Addressing(TargetType.INSTANCE, zone="all", vpc=VPC)
    assert addressing.targets_of(make_instance(service_meta=META))[0].zone == ""
    assert not needs_vpc(["i-1:80"], Addressing(TargetType.INSTANCE))
