"""A tag on instances of the stand-in: who carries it, who gets it, who loses it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.aws import machines, tags
from lictor.aws.tags import Tag

if TYPE_CHECKING:
    from lictor.model import AWSAccess
    from tests.fakes.aws.client import StandIn

_NUMBERS = itertools.count(1)
MISSING = "i-0123456789abcdef0"


@pytest.fixture
def tag() -> Tag:
    """Return a tag that no other test has."""
    return Tag("consul-leader", f"test-{next(_NUMBERS)}")


def test_a_tag_goes_round(aws: StandIn, access: AWSAccess, tag: Tag) -> None:
    """Given twice is given once; one of another value does not count."""
    (one, _), (two, _) = aws.create_instances(2)
    assert tags.carriers(access, tag) == frozenset()
    tags.give(access, tag, one)
    tags.give(access, tag, one)
    tags.give(access, Tag(tag.key, f"{tag.value}0"), two)
    assert tags.carriers(access, tag) == {one}
    tags.give(access, tag, two)
    assert tags.carriers(access, tag) == {one, two}
    assert tags.take(access, tag, [one, two]) == {}
    assert tags.carriers(access, tag) == frozenset()


def test_a_value_that_is_another_by_now_is_left_alone(
    aws: StandIn, access: AWSAccess, tag: Tag
) -> None:
    """Somebody has set it since it was looked at."""
    ((one, _),) = aws.create_instances(1)
    other = Tag(tag.key, f"{tag.value}-other")
    tags.give(access, other, one)
    assert tags.take(access, tag, [one]) == {}
    assert tags.carriers(access, other) == {one}


def test_one_that_is_gone_does_not_keep_the_others(
    aws: StandIn, access: AWSAccess, tag: Tag
) -> None:
    """AWS refuses the whole call for it; giving it the tag is an error."""
    listed = [ident for ident, _ in aws.create_instances(2)]
    for ident in listed:
        tags.give(access, tag, ident)
    assert tags.take(access, tag, [*listed, MISSING]) == {}
    assert tags.carriers(access, tag) == frozenset()
    with pytest.raises(errors.AWSError, match=MISSING):
        tags.give(access, tag, MISSING)


def test_what_aws_does_not_do_is_told(aws: StandIn, own_access: AWSAccess, tag: Tag) -> None:
    """Each that carries the tag still, with the reason."""
    listed = [ident for ident, _ in aws.create_instances(2)]
    for ident in listed:
        tags.give(own_access, tag, ident)
    aws.fault("DeleteTags", "deny", times=None)
    failed = tags.take(own_access, tag, listed)
    assert set(failed) == set(listed)
    assert all("allow ec2:DeleteTags to this identity" in text for text in failed.values())


def test_many_instances(aws: StandIn, access: AWSAccess, tag: Tag) -> None:
    """More than a call takes, or a filter."""
    listed = [ident for ident, _ in aws.create_instances(2)]
    many = [*listed, *(f"i-{number:017x}" for number in range(machines.BATCH))]
    aws.clear_calls()
    assert set(machines.among(access, many, {})) == set(listed)
    assert len(aws.calls("DescribeInstances")) == 2
    for ident in listed:
        tags.give(access, tag, ident)
    found = machines.find(access, {f"tag:{tag.key}": [tag.value]}, machines.RUNNING)
    assert [machine.id for machine in found] == sorted(listed)


def test_states_and_filters(aws: StandIn, access: AWSAccess) -> None:
    """A stopped instance lives, and does not run; a filter that AWS does not know is an error."""
    (one, address), (two, _) = aws.create_instances(2)
    aws.stop_instance(one)
    aws.terminate_instance(two)
    ids = {"instance-id": [one, two]}
    assert [found.address for found in machines.find(access, ids)] == [address]
    assert machines.find(access, ids, machines.RUNNING) == ()
