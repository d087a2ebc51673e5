"""A resource's arguments, as they stand among its inputs."""

import msgspec
import pytest

from lictor import errors
from lictor.model import Guards, OnEmpty, OnGuard, Ownership, Policy, TargetId, TargetType, WaitFor
from lictor.settings import attachments
from lictor.settings.attachments import ARGUMENTS, Attachments, from_inputs, region_of
from tests.unit.settings.make import ARN, make_inputs, read_inputs, refusal


def test_the_defaults_are_those_of_the_design() -> None:
    """Users' stacks stand on them."""
    found = msgspec.structs.asdict(read_inputs())
    del found["sources"]
    assert found == {
        "target_group_arn": ARN,
        "ownership": Ownership.OWNED,
        "take_over": False,
        "on_empty": OnEmpty.KEEP,
        "min_targets": 1,
        "max_removal_percent": 30,
        "removal_window": 600,
        "removal_delay": 0,
        "on_guard": OnGuard.HOLD,
        "policy": Policy.SYNC,
        "target_type": None,
        "target_id": TargetId.AUTO,
        "address": "auto",
        "resolve_hosts": False,
        "port": None,
        "availability_zone": "auto",
        "wait_for": WaitFor.REGISTERED,
        "health_timeout": 300,
        "wait_for_drain": False,
        "region": "",
        "role_arn": "",
    }


def test_every_argument_is_described() -> None:
    """A field without a word is a promise without a meaning."""
    described = Attachments.__doc__ or ""
    assert [name for name in ARGUMENTS if f"        {name}: " not in described] == []


@pytest.mark.parametrize(
    ("written", "field", "value"),
    [
        ({"ownership": "exclusive"}, "ownership", Ownership.EXCLUSIVE),
        ({"on_empty": "drain"}, "on_empty", OnEmpty.DRAIN),
        ({"min_targets": 2.0}, "min_targets", 2),
        ({"max_removal_percent": 100.0}, "max_removal_percent", 100),
        ({"removal_window": "10m"}, "removal_window", 600),
        ({"removal_delay": 1.5}, "removal_delay", 1.5),
        ({"on_guard": "fail"}, "on_guard", OnGuard.FAIL),
        ({"policy": "add-only"}, "policy", Policy.ADD_ONLY),
        ({"target_type": "ip"}, "target_type", TargetType.IP),
        ({"target_id": "ec2-lookup"}, "target_id", TargetId.EC2_LOOKUP),
        ({"address": "lan_ipv4"}, "address", "lan_ipv4"),
        ({"resolve_hosts": True}, "resolve_hosts", True),
        ({"port": 65535.0}, "port", 65535),
        ({"availability_zone": "us-west-2-lax-1a"}, "availability_zone", "us-west-2-lax-1a"),
        ({"wait_for": "healthy"}, "wait_for", WaitFor.HEALTHY),
        ({"health_timeout": "2m"}, "health_timeout", 120),
        ({"wait_for_drain": True}, "wait_for_drain", True),
        ({"region": "us-gov-west-1"}, "region", "us-gov-west-1"),
        ({"role_arn": "arn:aws-cn:iam::123456789012:role/a/b"}, "role_arn", None),
        ({"port": None}, "port", None),
        ({"min_targets": None, "sources": [{"service": "web", "tags": None}]}, "min_targets", 1),
        ({"name": "not an argument", "targets": {}}, "min_targets", 1),
    ],
)
def test_each_argument_is_read(written: dict[str, object], field: str, value: object) -> None:
    """The engine's numbers are floats, and what it leaves open is None."""
    assert getattr(read_inputs(**written), field) == (value or written.get(field))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"min_targets": -1}, "min_targets: expected int >= 0, found -1"),
        ({"min_targets": True}, "min_targets: expected int, got bool, found True"),
        ({"min_targets": 1.5}, "min_targets: expected int, got float, found 1.5"),
        ({"min_targets": "2"}, "min_targets: expected int, got str, found '2'"),
        ({"max_removal_percent": 101}, "max_removal_percent: expected int <= 100, found 101"),
        ({"port": 0.0}, "port: expected int >= 1, found 0"),
        ({"port": 65536}, "port: expected int <= 65535, found 65536"),
        ({"port": False}, "port: expected int | null, got bool, found False"),
        ({"on_empty": "stop"}, "on_empty: expected one of keep, drain, fail, found 'stop'"),
        ({"on_empty": 3}, "on_empty: expected one of keep, drain, fail, found 3"),
        ({"ownership": ""}, "ownership: expected one of owned, exclusive, found ''"),
        ({"target_type": "alb"}, "target_type: expected one of instance, ip, found 'alb'"),
        (
            {"target_id": "meta"},
            (
                "target_id: expected one of auto, service-meta, node-meta, node-name, ec2-lookup,"
                " found 'meta'"
            ),
        ),
        ({"wait_for": "drain"}, "wait_for: expected one of registered, healthy, found 'drain'"),
        (
            {"removal_delay": "soon"},
            (
                "removal_delay: expected seconds as a number, or 30s, 5m, 2h, at most 366 days,"
                " found 'soon'"
            ),
        ),
        (
            {"health_timeout": True},
            (
                "health_timeout: expected seconds as a number, or 30s, 5m, 2h, at most 366 days,"
                " found True"
            ),
        ),
        ({"wait_for_drain": "true"}, "wait_for_drain: expected bool, got str, found 'true'"),
        ({"address": ""}, "address: expected str of length >= 1, found ''"),
        ({"sources": "web"}, "sources: expected a list, got str, found 'web'"),
        ({"sources": []}, "sources: expected a list of length >= 1, found []"),
        ({"sources": ["web"]}, "sources[0]: expected a mapping, got str, found 'web'"),
        (
            {"region": "us-west-2a"},
            "region: expected a region such as us-west-2, found 'us-west-2a'",
        ),
        ({"role_arn": "admin"}, "role_arn: expected arn:aws:iam::ACCOUNT:role/NAME, found 'admin'"),
        (
            {"availability_zone": "us-west-2"},
            "availability_zone: expected auto, all or a zone such as us-west-2a, found 'us-west-2'",
        ),
        (
            {"availability_zone": "all", "target_type": "instance"},
            "availability_zone: AWS takes a zone in ip groups only; leave it out",
        ),
        (
            {"sources": [{"service": "web"}, {"service": "web", "tags": ["a", "b", 3]}]},
            "sources[1].tags[2]: expected str, got int, found 3",
        ),
        (
            {"sources": [{"service": "web", "tag": "v2"}]},
            (
                "sources[0].tag: unknown key; did you mean tags? allowed are allow_failover,"
                " any_tags, datacenter, datacenters, exclude_tags, filter, health, namespace,"
                " node_meta, partition, peer, prepared_query, require_service_check, service, tags"
            ),
        ),
    ],
)
def test_a_wrong_one_is_refused_with_path_find_and_what_is_allowed(
    written: dict[str, object], said: str
) -> None:
    """One line, in the spelling of Python."""
    with pytest.raises(errors.SettingsError) as caught:
        read_inputs(**written)
    assert str(caught.value) == said


def test_sources_are_required() -> None:
    """There is nothing to attach without."""
    with pytest.raises(errors.SettingsError, match=r"^sources: is required$"):
        from_inputs({"target_group_arn": ARN})


def test_what_is_found_is_cut_short() -> None:
    """A long value does not fill the screen."""
    with pytest.raises(errors.SettingsError) as caught:
        read_inputs(on_empty="x" * 1000)
    assert len(str(caught.value)) < 150


def test_guards_are_what_was_written() -> None:
    """Every guard reaches the planner."""
    written = make_inputs(
        policy="add-only",
        on_empty="fail",
        min_targets=2,
        max_removal_percent=40,
        removal_window="5m",
        removal_delay="30s",
        on_guard="fail",
    )
    assert from_inputs(written).guards() == Guards(
        Policy.ADD_ONLY, OnEmpty.FAIL, 2, 40, 300, 30, OnGuard.FAIL
    )


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        (ARN, "us-west-2"),
        (ARN.replace("arn:aws:", "arn:aws-us-gov:").replace("us-west-2", "us-gov-west-1"), None),
        (ARN.replace("arn:aws:", "arn:aws-cn:").replace("us-west-2", "cn-northwest-1"), None),
        (ARN.replace("arn:aws:", "arn:aws-iso-b:").replace("us-west-2", "us-isob-east-1"), None),
    ],
)
def test_the_region_is_the_arns(arn: str, region: str | None) -> None:
    """In every partition."""
    assert region_of(arn) == (region or arn.split(":")[3])


@pytest.mark.parametrize(
    "arn",
    [
        7,
        ["web"],
        None,
        "",
        "web",
        ARN + "0",
        ARN.upper(),
        " " + ARN,
        ARN + "\n",
        ARN.replace("targetgroup", "loadbalancer/app"),
        ARN[:-16],
        ARN.replace("123456789012", ""),
        ARN.replace("123456789012", "\u0661" * 12),
        ARN.replace("us-west-2", "anywhere"),
        ARN.replace("/web/", "/" + "w" * 33 + "/"),
    ],
)
def test_an_arn_of_something_else_is_refused(arn: str) -> None:
    """The error shows the shape, what was found, and which ARN to copy."""
    with pytest.raises(errors.SettingsError) as caught:
        region_of(arn)
    assert str(caught.value).startswith("target_group_arn: expected arn:aws:elasticloadbalancing:")
    assert "copy the ARN of the target group" in str(caught.value)


@pytest.mark.parametrize(
    ("written", "kind", "said"),
    [
        ({"region": "us-west-2", "availability_zone": "us-west-2a"}, TargetType.IP, None),
        ({"availability_zone": "all"}, None, None),
        ({"region": "eu-west-1"}, None, "region: eu-west-1 is not the region of target_group_arn"),
        (
            {"availability_zone": "us-east-1a"},
            None,
            "availability_zone: us-east-1a is no zone of us-west-2",
        ),
        (
            {"availability_zone": "all"},
            TargetType.INSTANCE,
            "availability_zone: found all, but the group is of type instance",
        ),
    ],
)
def test_what_cannot_go_with_the_group_is_refused(
    written: dict[str, object], kind: TargetType | None, said: str | None
) -> None:
    """Region against ARN, zone against region, zone in an instance group."""
    wanted = read_inputs(**written)
    if said is None:
        wanted.check_group(ARN, kind)
        return
    with pytest.raises(errors.SettingsError) as caught:
        wanted.check_group(ARN, kind)
    assert str(caught.value).startswith(said)


def test_an_arn_that_is_not_known_yet_refuses_nothing_but_what_is_known_to_clash() -> None:
    """In the preview of a group that is yet to be made, the region may be given."""
    read_inputs(availability_zone="us-east-1a").check_group("", None)
    wanted = read_inputs(availability_zone="us-east-1a", region="us-west-2")
    with pytest.raises(errors.SettingsError, match="is no zone of us-west-2"):
        wanted.check_group("", None)


def test_the_names_are_state_format() -> None:
    """What stands in users' state keeps its name."""
    assert attachments.ARGUMENTS[:2] == ("target_group_arn", "sources")


def test_take_over_goes_with_exclusive() -> None:
    """Without it there is nothing to take over."""
    assert read_inputs(ownership="exclusive", take_over=True).take_over
    said = refusal(lambda: read_inputs(take_over=True))
    assert said == "take_over: goes with ownership exclusive; leave it out"
