"""The settings of leader tags: what is read, and what is refused before anything is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lictor import errors
from lictor.settings import connections, leader_tags, stack


def read(**entry: Any) -> tuple[stack.LeaderTagEntry, ...]:  # noqa: ANN401 - JSON
    """Read a list with one entry."""
    return stack.leader_tags(json.dumps([{"name": "leader", **entry}]))


def test_the_shortest_entry() -> None:
    """A name; all else has defaults, which are not handed on."""
    (entry,) = read()
    assert (entry.tag_key, entry.tag_value, entry.region) == ("consul-leader", "true", "")
    assert entry.arguments() == {}
    assert stack.leader_tags(None) == ()


def test_every_key() -> None:
    """In camelCase in config, handed on as the resource names them."""
    role = "arn:aws:iam::123456789012:role/tagger"
    (entry,) = read(
        tagKey="role",
        tagValue="leader",
        datacenter="dc2",
        instanceFilter={"vpc-id": "vpc-1", "tag:Name": ["a", "b"]},
        region="eu-west-1",
        roleArn=role,
    )
    arguments = entry.arguments()
    assert set(arguments) == set(leader_tags.ARGUMENTS)
    assert arguments["instance_filter"] == {"vpc-id": "vpc-1", "tag:Name": ("a", "b")}
    again = leader_tags.from_inputs({**arguments, "leader": {}, "name": "leader"})
    assert again.filters() == {"vpc-id": ("vpc-1",), "tag:Name": ("a", "b")}
    assert again.role_arn == role


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({"tagkey": "x"}, r"lictor:leaderTags\[0\]\.tagkey: unknown key; did you mean tagKey\?"),
        ({"tagKey": ""}, r"lictor:leaderTags\[0\]\.tagKey: expected str of length >= 1"),
        ({"tagKey": "aws:leader"}, r"\[0\]\.tagKey: expected up to 127 .* found 'aws:leader'"),
        ({"tagKey": "k" * 128}, r"\.tagKey: expected up to 127 characters.*\.\.\.'$"),
        ({"tagValue": "v" * 256}, r"\.tagValue: expected up to 255 characters, found 256"),
        ({"tagValue": True}, r"\.tagValue: expected str, .*found True"),
        ({"region": "west"}, r"\.region: expected a region such as us-west-2, found 'west'"),
        ({"roleArn": "admin"}, r"\.roleArn: expected arn:aws:iam::ACCOUNT:role/NAME"),
        ({"instanceFilter": "vpc-1"}, r"\.instanceFilter: expected a mapping, .*found 'vpc-1'"),
        ({"instanceFilter": {"vpc-id": 7}}, r"\.instanceFilter\.vpc-id: expected .*found 7"),
        ({"instanceFilter": {"vpc-id": []}}, r"\.instanceFilter: vpc-id has no value"),
        (
            {"instanceFilter": {"instance-state-name": "running"}},
            r"\.instanceFilter: instance-state-name is set already",
        ),
        ({"name": ""}, r"\.name: expected str of length >= 1"),
    ],
)
def test_what_cannot_be(entry: dict[str, Any], text: str) -> None:
    """Refused with the path of the key, what was found and what is allowed."""
    with pytest.raises(errors.SettingsError, match=text):
        read(**entry)


def test_one_name_twice_and_no_list() -> None:
    """As in the list of target groups."""
    with pytest.raises(errors.SettingsError, match=r"leaderTags: the name a stands 2 times"):
        stack.leader_tags(json.dumps([{"name": "a"}, {"name": "a"}]))
    with pytest.raises(errors.SettingsError, match="expected a list of leader tags, found 'x'"):
        stack.leader_tags("x")


def test_where_the_region_comes_from() -> None:
    """Config first, then the environment; else boto3's own files are asked."""
    env = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-2"}
    config, nothing = {"aws:region": "eu-west-1"}, dict[str, str]()
    assert connections.region(config.get, env) == "eu-west-1"
    assert connections.region(nothing.get, env) == "us-east-1"
    assert connections.region(nothing.get, {"AWS_DEFAULT_REGION": "us-east-2"}) == "us-east-2"
    assert connections.region(nothing.get, {}) == ""
