"""Which targets a group can take at all."""

import pytest

from lictor.model import Target, TargetType
from lictor.plan.placement import unplaceable
from tests.unit.plan.make import INSTANCE


@pytest.mark.parametrize(
    "text",
    ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "2600:1f14::1"],
)
def test_an_ip_group_takes_private_addresses(text: str) -> None:
    """RFC 1918, carrier-grade space and IPv6 can stand in an ip group."""
    assert unplaceable(Target(text, 80), TargetType.IP) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("8.8.8.8", "8.8.8.8 is a public address"),
        ("127.0.0.1", "not an address that a load balancer can reach"),
        ("169.254.1.1", "not an address that a load balancer can reach"),
        ("224.0.0.1", "not an address that a load balancer can reach"),
        ("0.0.0.0", "not an address that a load balancer can reach"),  # noqa: S104 - data
        ("::1", "not an address that a load balancer can reach"),
        ("fe80::1", "not an address that a load balancer can reach"),
        ("fd00::1%eth0", "not an address that a load balancer can reach"),
        ("db.example.net", "db.example.net is a host name"),
        ("10.0.0.01", "10.0.0.01 is a host name"),
        ("", "is a host name"),
        ("node-1/wan", "node-1 has no tagged address wan"),
    ],
)
def test_an_ip_group_refuses_what_aws_would(text: str, reason: str) -> None:
    """The reason names what was found, before any call is spent on it."""
    assert reason in (unplaceable(Target(text, 80), TargetType.IP) or "")


@pytest.mark.parametrize("text", [INSTANCE, "i-01234567"])
def test_an_instance_group_takes_instance_ids(text: str) -> None:
    """Ids of 8 and of 17 digits can stand in an instance group."""
    assert unplaceable(Target(text, 80), TargetType.INSTANCE) is None


@pytest.mark.parametrize("text", ["10.0.0.1", "i-0123", "I-01234567", INSTANCE + "0", "node-1"])
def test_an_instance_group_refuses_all_else(text: str) -> None:
    """An address stands in for an id that was not found; it cannot be registered."""
    assert unplaceable(Target(text, 80), TargetType.INSTANCE) == (
        "no EC2 instance id found for this address"
    )


def test_why_there_is_no_id_is_told_where_it_is_known() -> None:
    """It goes with an address that has no id, and with nothing else."""
    kind, why = TargetType.INSTANCE, "no instance has the address 10.0.0.1 in us-west-2"
    expected = f"no EC2 instance id found: {why}"
    assert unplaceable(Target("10.0.0.1", 80), kind, why) == expected
    assert unplaceable(Target(INSTANCE, 80), kind, why) is None
    said = "port 0 is out of range; register the service with one, or set port"
    assert unplaceable(Target("10.0.0.1", 0), kind, why) == said
    assert unplaceable(Target("10.0.0.1", 80), TargetType.IP, why) is None


@pytest.mark.parametrize("port", [-1, 0, 65536])
@pytest.mark.parametrize("kind", list(TargetType))
def test_a_port_out_of_range_is_refused(port: int, kind: TargetType) -> None:
    """AWS takes 1 to 65535."""
    said = f"port {port} is out of range; register the service with one, or set port"
    assert unplaceable(Target("10.0.0.1", port), kind) == said
