"""Registering and deregistering: batches, what AWS refuses, and how many calls that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lictor import errors
from lictor.aws import target_groups
from lictor.model import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lictor.model import AWSAccess
    from tests.fakes.aws.client import StandIn

PUBLIC = Target("198.51.100.1", 80)
"""AWS names it in its refusal."""

OUTSIDE = Target("10.200.0.1", 80)
"""Private, and in no subnet of the default VPC."""


def inside(count: int, port: int = 80) -> list[Target]:
    """Make targets of the default VPC."""
    return [Target(f"172.31.{n // 250}.{n % 250 + 4}", port) for n in range(count)]


def sent(aws: StandIn, operation: str) -> list[list[tuple[str, int, str | None]]]:
    """Return the targets of each call."""
    return [
        [(target["id"], target["port"], target["zone"]) for target in call["targets"]]
        for call in aws.calls(operation)
    ]


def test_batches_of_a_hundred(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """Each call has 100 targets at most and every one its port; nothing is listed in between."""
    arn, targets = make_group(), inside(250)
    done = target_groups.register(access, arn, targets)
    assert done == target_groups.Registration(frozenset(targets), {}, None)
    assert [len(call) for call in sent(aws, "RegisterTargets")] == [100, 100, 50]
    assert all(port == 80 for call in sent(aws, "RegisterTargets") for _, port, _ in call)
    target_groups.deregister(access, arn, targets)
    assert [len(call) for call in sent(aws, "DeregisterTargets")] == [100, 100, 50]
    assert all(port == 80 for call in sent(aws, "DeregisterTargets") for _, port, _ in call)
    assert set(aws.targets(arn).values()) == {"draining"}
    assert aws.calls("DescribeTargetHealth") == []


def test_nothing_to_do_makes_no_call(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """An empty list is done."""
    arn = make_group()
    assert target_groups.register(access, arn, []).registered == frozenset()
    target_groups.deregister(access, arn, [])
    assert aws.calls() == []


def test_two_ports_of_one_address(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """They are two targets, and one is deregistered without the other."""
    arn, targets = make_group(), [*inside(1, 80), *inside(1, 81)]
    target_groups.register(access, arn, targets)
    target_groups.deregister(access, arn, targets[:1])
    assert aws.targets(arn) == {targets[0].key: "draining", targets[1].key: "initial"}


def test_what_is_not_there_deregisters(access: AWSAccess, make_group: Callable[..., str]) -> None:
    """A target that is gone already is no error."""
    target_groups.deregister(access, make_group(), inside(2))


@pytest.mark.parametrize("atomic", [True, False])
def test_a_bad_one_that_is_named(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], *, atomic: bool
) -> None:
    """AWS says which it is: the others go in with the second call, however the first ended."""
    aws.settings(atomic_batches=atomic)
    arn, good = make_group(), inside(99)
    done = target_groups.register(access, arn, [*good[:50], PUBLIC, *good[50:]])
    assert done.registered == frozenset(good)
    assert set(done.rejected) == {PUBLIC}
    assert PUBLIC.id in done.rejected[PUBLIC]
    assert len(aws.calls("RegisterTargets")) == 2
    assert sorted(aws.targets(arn)) == sorted(target.key for target in good)


@pytest.mark.parametrize("atomic", [True, False])
def test_bad_ones_that_are_not_named(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], *, atomic: bool
) -> None:
    """Halving finds them: two of a hundred within 30 calls."""
    aws.settings(atomic_batches=atomic)
    arn, good = make_group(), inside(98)
    bad = [Target("172.31.9.9", 0), Target("172.31.9.10", 0)]
    done = target_groups.register(access, arn, [*good[:30], bad[0], *good[30:], bad[1]])
    assert (done.registered, set(done.rejected)) == (frozenset(good), set(bad))
    assert "Port '0' must be between" in done.rejected[bad[0]]
    assert len(aws.calls("RegisterTargets")) <= 30
    assert len(aws.targets(arn)) == 98


def test_many_bad_ones_of_one_kind(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """AWS names all that share a reason; each gets the reason without the others' ids."""
    arn = make_group("instance")
    running = [Target(instance, 80) for instance, _ in aws.create_instances(3)]
    unknown = [Target(f"i-0000000000000{n:04}", 80) for n in range(60)]
    stopped = [Target(instance, 80) for instance, _ in aws.create_instances(2)]
    for target in stopped:
        aws.stop_instance(target.id)
    done = target_groups.register(access, arn, [*unknown, *running, *stopped])
    assert done.registered == frozenset(running)
    assert set(done.rejected) == {*unknown, *stopped}
    reasons = {done.rejected[target] for target in unknown}
    assert reasons == {"InvalidTarget: The following targets do not exist"}
    assert all("not in a running state" in done.rejected[target] for target in stopped)
    assert len(aws.calls("RegisterTargets")) == 3


def test_an_id_that_is_named_for_one_of_its_ports(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """Its other port is not judged along with it."""
    arn, good = make_group(), inside(3)
    message = f"The target '{good[0].id}' has too many registrations"
    aws.fault(
        "RegisterTargets",
        "error",
        target=f"{good[0].id}:81",
        times=None,
        code="TooManyRegistrationsForTargetId",
        status=400,
        message=message,
    )
    other = Target(good[0].id, 81)
    done = target_groups.register(access, arn, [*good, other])
    assert (done.registered, set(done.rejected)) == (frozenset(good), {other})


def test_a_bad_one_that_stands_already(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """A refusal on account of a target that stands does not fall upon the one that is new."""
    arn = make_group("instance")
    (old, new) = (Target(instance, 80) for instance, _ in aws.create_instances(2))
    target_groups.register(access, arn, [old])
    aws.stop_instance(old.id)
    done = target_groups.register(access, arn, [old, new])
    assert (done.registered, done.rejected) == (frozenset({old, new}), {})


def test_all_are_bad(aws: StandIn, access: AWSAccess, make_group: Callable[..., str]) -> None:
    """Nothing is registered, nothing failed as a whole, and each has its reason."""
    arn = make_group()
    bad = [Target(f"198.51.100.{n}", 80) for n in range(1, 9)]
    done = target_groups.register(access, arn, bad)
    assert (done.registered, done.failure) == (frozenset(), None)
    assert all(target.id in done.rejected[target] for target in bad)
    assert aws.targets(arn) == {}


def test_an_address_outside_the_vpc_gets_zone_all(
    access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """AWS asks for a zone, and gets the only one that can be right; the result tells it."""
    arn, good = make_group(), inside(3)
    done = target_groups.register(access, arn, [*good, OUTSIDE])
    assert {target.key: target.zone for target in done.registered} == {
        **{target.key: "" for target in good},
        OUTSIDE.key: "all",
    }
    assert done.rejected == {}
    assert target_groups.listing(access, arn)[OUTSIDE.key].target.zone == "all"


def test_a_zone_that_was_given_is_sent(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """In register and deregister alike."""
    arn = make_group()
    target = Target(OUTSIDE.id, 80, "us-west-2b")
    assert target_groups.register(access, arn, [target]).registered == {target}
    target_groups.deregister(access, arn, [target])
    for operation in ("RegisterTargets", "DeregisterTargets"):
        assert sent(aws, operation) == [[(OUTSIDE.id, 80, "us-west-2b")]]


def test_a_zone_that_was_given_is_not_replaced(
    access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """What the user asked for and AWS refuses is refused, with AWS's reason."""
    target = Target("172.31.0.4", 80, "all")
    done = target_groups.register(access, make_group(), [target])
    assert "cannot have its Availability Zone overridden" in done.rejected[target]


def test_a_zone_that_deregistering_asks_for(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """AWS may want the zone of such an address there too; state keeps the key alone."""
    arn = make_group()
    target_groups.register(access, arn, [OUTSIDE])
    said = f"You must specify a valid Availability Zone, since '{OUTSIDE.id}' is outside the VPC"
    aws.fault("DeregisterTargets", "error", code="ValidationError", status=400, message=said)
    target_groups.deregister(access, arn, [OUTSIDE])
    assert [call[0][2] for call in sent(aws, "DeregisterTargets")] == [None, "all"]
    assert aws.targets(arn) == {OUTSIDE.key: "draining"}


def test_a_bad_one_does_not_keep_the_others_registered(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """Deregistering goes round what AWS refuses, and says at the end what stays and why."""
    arn, targets = make_group(), inside(10)
    target_groups.register(access, arn, targets)
    aws.fault(
        "DeregisterTargets",
        "error",
        target=targets[3].key,
        times=None,
        code="InvalidTarget",
        status=400,
        message="something is wrong",
    )
    with pytest.raises(errors.TargetsRejected) as caught:
        target_groups.deregister(access, arn, targets)
    assert f"does not deregister {targets[3].key}: InvalidTarget: something" in str(caught.value)
    standing = [key for key, state in aws.targets(arn).items() if state != "draining"]
    assert standing == [targets[3].key]


def test_draining_targets_come_back(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """A target that drains is not standing: to register it again is a change, and works."""
    arn, targets = make_group(), inside(2)
    target_groups.register(access, arn, targets)
    target_groups.deregister(access, arn, targets)
    assert target_groups.register(access, arn, targets).registered == frozenset(targets)
    assert set(aws.targets(arn).values()) == {"initial"}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kinds=st.lists(st.sampled_from(["good", "public", "outside", "port"]), max_size=130),
    atomic=st.booleans(),
)
def test_any_mixture_ends_well(
    aws: StandIn,
    access: AWSAccess,
    make_group: Callable[..., str],
    kinds: Sequence[str],
    *,
    atomic: bool,
) -> None:
    """Whatever is asked: good ones stand, bad ones have a reason, and each is in one place."""
    aws.settings(atomic_batches=atomic)
    make = {
        "good": lambda n: Target(f"172.31.1.{n + 4}", 80),
        "public": lambda n: Target(f"198.51.100.{n + 1}", 80),
        "outside": lambda n: Target(f"10.200.0.{n + 1}", 80),
        "port": lambda n: Target(f"172.31.2.{n + 4}", 0),
    }
    targets = [make[kind](n) for n, kind in enumerate(kinds)]
    arn = make_group(attached=False)
    done = target_groups.register(access, arn, targets)
    good = {t for t, kind in zip(targets, kinds, strict=True) if kind in ("good", "outside")}
    assert done.registered == good
    assert set(done.rejected) == set(targets) - good
    assert (done.failure, done.uncertain) == (None, frozenset())
    assert set(aws.targets(arn)) == {target.key for target in good}
