"""Arguments of server clusters and images, from programs and from stack config."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor import errors
from lictor.settings import images, servers, stack
from lictor.settings.duration import Seconds

ARN = "arn:aws:secretsmanager:us-west-2:123456789012:secret:"
LEAST: dict[str, Any] = {"image_id": "ami-0123456789abcdef0", "subnet_ids": ["subnet-0123abcd"]}
ENTRY: dict[str, Any] = {
    "name": "main",
    "imageId": "ami-0123456789abcdef0",
    "subnetIds": ["subnet-0123abcd"],
}
IMAGE: dict[str, Any] = {"consul_version": "1.22.5", "sha256": "0" * 64}


def refused(**changes: object) -> str:
    """Return why such a cluster is refused."""
    with pytest.raises(errors.SettingsError) as caught:
        servers.from_arguments({**LEAST, **changes})
    return str(caught.value)


def test_defaults_are_safe() -> None:
    """Three servers, nobody let in, nothing forced."""
    read = servers.from_arguments(LEAST)
    assert (read.size, read.force_size, read.dns) == (3, False, False)
    assert read.client_cidr_blocks == read.client_security_group_ids == ()
    assert read.health_grace == Seconds(300)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image_id": "web"}, "image_id: expected an image such as ami-0123456789abcdef0, or"),
        ({"subnet_ids": []}, "subnet_ids: expected a list of length >= 1, found []"),
        ({"subnet_ids": ["vpc-1"]}, "subnet_ids: expected subnet-0123456789abcdef0, found 'vpc-1'"),
        ({"subnet_ids": "subnet-0123abcd"}, "subnet_ids: expected a list, got str"),
        ({"size": "three"}, "size: expected int, got str, found 'three'"),
        ({"size": -1}, "size: expected int >= 0, found -1"),
        ({"region": "us"}, "region: expected a region such as us-west-2, found 'us'"),
        ({"instance_type": "big"}, "instance_type: expected such as t3.medium, found 'big'"),
        ({"datacenter": "DC 1"}, "datacenter: expected small letters, digits"),
        ({"listen": "lo"}, "listen: expected one of all, private, loopback, found 'lo'"),
        ({"client_cidr_blocks": ["10.0.0.1/8"]}, "client_cidr_blocks: expected a block such as"),
        ({"client_security_group_ids": ["x"]}, "client_security_group_ids: expected sg-0123"),
        (
            {"gossip_key_secret_arn": "key"},
            "gossip_key_secret_arn: expected arn:aws:secretsmanager",
        ),
        (
            {"gossip_key_secret_arn": f"{ARN}gossip"},
            "gossip_key_secret_arn: expected arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbC",
        ),
        (
            {"tls_ca_secret_arn": f"{ARN}ca-AbCdEf"},
            "tls_cert_secret_arn: is required where tls_ca_secret_arn is given",
        ),
        ({"secrets_kms_key_arn": "arn:x"}, "secrets_kms_key_arn: there is no secret that it would"),
        ({"volume_size": 1}, "volume_size: expected int >= 8, found 1"),
        ({"health_grace": "soon"}, "health_grace: expected seconds as a number"),
        ({"sise": 3}, "sise: unknown key; did you mean size? allowed are "),
    ],
)
def test_arguments_that_cannot_be(changes: dict[str, object], said: str) -> None:
    """One line each, with the key, what was found and what is allowed."""
    assert refused(**changes).startswith(said)


def test_a_secret_of_another_region() -> None:
    """Servers ask in their own; what is no ARN yet is judged by its shape."""
    arn = f"{ARN}consul/gossip-AbCdEf"
    assert servers.secret_abroad(arn, "us-west-2") is None
    assert servers.secret_abroad("later", "us-west-2") is None
    assert str(servers.secret_abroad(arn, "eu-west-1")).startswith("the secret is one of us-west-2")


def test_what_is_taken_for_what_is_not_known_yet() -> None:
    """Is of the right shape, all at once."""
    servers.from_arguments(servers.LATER)
    images.from_arguments({**IMAGE, **images.LATER})


def test_a_cluster_in_stack_config() -> None:
    """In camelCase, with the arguments as they were written."""
    entry = {**ENTRY, "healthGrace": "10m", "config": {"log_level": "debug"}, "size": 5}
    (read,) = stack.consul_servers(json.dumps([entry]))
    assert read.name == "main"
    assert read.arguments() == {
        "image_id": "ami-0123456789abcdef0",
        "subnet_ids": ("subnet-0123abcd",),
        "size": 5,
        "health_grace": 600.0,
        "config": {"log_level": "debug"},
    }
    assert stack.consul_servers(None) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("main", "lictor:consulServers: expected a list of server clusters, found 'main'"),
        ([{}], "lictor:consulServers[0].imageId: is required"),
        ([{"imageId": "ami-01234567"}], "lictor:consulServers[0].subnetIds: is required"),
        ([{**ENTRY, "imageId": "web"}], "lictor:consulServers[0].imageId: expected an image"),
        ([{**ENTRY, "sizes": 3}], "lictor:consulServers[0].sizes: unknown key; did you mean size?"),
        ([ENTRY, ENTRY], "lictor:consulServers: the name main stands 2 times ([0], [1])"),
    ],
)
def test_stack_config_that_cannot_be(text: object, said: str) -> None:
    """With the path of the key."""
    with pytest.raises(errors.SettingsError) as caught:
        stack.consul_servers(text if isinstance(text, str) else json.dumps(text))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"architecture": "sparc"}, "architecture: expected one of x86_64, arm64, found 'sparc'"),
        ({"archive_url": "consul.zip"}, "archive_url: expected https://..., found 'consul.zip'"),
        ({"parent_image": "ubuntu"}, "parent_image: expected ami-0123456789abcdef0 or the ARN"),
        ({"region": "us"}, "region: expected a region such as us-west-2"),
        ({"subnet_id": "subnet-1"}, "security_group_ids: is required"),
        ({"security_group_ids": ["sg-1"]}, "subnet_id: is required"),
        ({"sha256": None}, "sha256: is required"),
    ],
)
def test_images_that_cannot_be(changes: dict[str, object], said: str) -> None:
    """The same for images."""
    with pytest.raises(errors.SettingsError) as caught:
        images.from_arguments({**IMAGE, **changes})
    assert str(caught.value).startswith(said)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(servers.ARGUMENTS) | st.text(), JSON, max_size=5))
def test_any_arguments_are_read_or_refused_in_a_line(given: dict[str, object]) -> None:
    """Never anything but a value or a SettingsError, and never more than a line."""
    said = ""
    try:
        servers.from_arguments({**LEAST, **given})
    except errors.SettingsError as error:
        said = str(error)
    assert "\n" not in said
