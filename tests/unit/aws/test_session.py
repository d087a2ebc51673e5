"""Who we are to AWS: keys, profiles, no credentials at all, roles, and ways that do not answer."""

from __future__ import annotations

import dataclasses
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from lictor import errors
from lictor.aws import networks, session, target_groups
from lictor.model import AssumedRole
from tests.fakes.consul import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lictor.model import AWSAccess
    from tests.fakes.aws.client import StandIn

ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/g/0123456789abcdef"
ROLE = "arn:aws:iam::123456789012:role/one"
OTHER_ROLE = "arn:aws:iam::999988887777:role/two"


@pytest.fixture
def access(own_access: AWSAccess) -> AWSAccess:
    """Return a way whose client has not failed yet."""
    return own_access


def nobody(access: AWSAccess) -> AWSAccess:
    """Return the same way without keys."""
    return dataclasses.replace(access, access_key="", secret_key="")


@pytest.fixture
def hanging() -> Iterator[str]:
    """Listen on the loopback and never answer."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


@pytest.fixture(autouse=True)
def _forget() -> None:
    """Whether there are credentials is found out anew by each test."""
    session.forget()


def test_no_credentials_anywhere(access: AWSAccess) -> None:
    """A clear text with the ways to set some."""
    with pytest.raises(errors.CredentialsMissing) as caught:
        target_groups.listing(nobody(access), ARN)
    text = str(caught.value)
    assert text.startswith("no AWS credentials found; set aws:accessKey and aws:secretKey")
    assert "\n" not in text


@pytest.mark.parametrize("where", ["metadata", "container"])
def test_a_metadata_service_that_hangs(
    access: AWSAccess, hanging: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """It is asked briefly: many resources at once know within 5 seconds."""
    if where == "metadata":
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", hanging)
        monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "30")
        monkeypatch.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "5")
    else:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", hanging)

    def ask(number: int) -> str:
        arn = ARN.replace("/g/", f"/g{number}/")
        with pytest.raises(errors.CredentialsMissing) as caught:
            target_groups.listing(nobody(access), arn)
        return str(caught.value)

    start = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        texts = set(pool.map(ask, range(40)))
    assert time.monotonic() - start < 5.0
    assert len(texts) == 1


def test_credentials_that_come_later(
    access: AWSAccess,
    make_group: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that goes on finds them: that there were none is forgotten soon."""
    arn = make_group()
    with pytest.raises(errors.CredentialsMissing):
        target_groups.listing(nobody(access), arn)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with pytest.raises(errors.CredentialsMissing):
        target_groups.listing(nobody(access), arn)
    for key, (_, text) in list(session._missing.items()):  # noqa: SLF001 - its time is over
        session._missing[key] = (0.0, text)  # noqa: SLF001
    assert target_groups.listing(nobody(access), arn) == {}


def test_keys_of_the_environment(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the config is silent, boto3's own chain finds them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert target_groups.listing(nobody(access), make_group()) == {}
    assert aws.calls("DescribeTargetHealth")[-1]["access_key"] == "AKIAENVIRONMENT"


def test_explicit_settings_are_not_overruled(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither keys nor region nor endpoint nor a profile of the environment get in their way."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_SESSION_TOKEN": "t",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_PROFILE": "nope",
    }.items():
        monkeypatch.setenv(name, value)
    assert target_groups.listing(access, make_group()) == {}
    call = aws.calls("DescribeTargetHealth")[-1]
    assert (call["access_key"], call["region"]) == (access.access_key, aws.region)


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_keys_that_were_renewed(
    aws: StandIn,
    access: AWSAccess,
    make_group: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    code: str,
) -> None:
    """Once AWS does not accept them any more, a process that goes on looks for new ones."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOLD")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    arn = make_group()
    target_groups.listing(nobody(access), arn)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANEW")
    aws.fault("DescribeTargetHealth", "error", code=code, status=403)
    with pytest.raises(errors.AccessDenied):
        target_groups.listing(nobody(access), arn)
    target_groups.listing(nobody(access), arn)
    keys = [call["access_key"] for call in aws.calls("DescribeTargetHealth")]
    assert keys == ["AKIAOLD", "AKIAOLD", "AKIANEW"]


def test_how_often_a_call_is_tried(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS's own variable has the last word."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    aws.fault("DescribeTargetHealth", "throttle", times=None)
    with pytest.raises(errors.AWSError):
        target_groups.listing(access, make_group())
    assert len(aws.calls("DescribeTargetHealth")) == 2


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, standin: StandIn) -> Path:
    """Write AWS files with some profiles."""
    credentials, config = tmp_path / "credentials", tmp_path / "config"
    credentials.write_text(
        "[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = x\n[empty]\n"
    )
    config.write_text(
        f"[profile roled]\nrole_arn = {ROLE}\nsource_profile = work\n"
        "[profile broken]\ncredential_process = /bin/false\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", standin.url)
    return tmp_path


@pytest.mark.usefixtures("profiles")
def test_a_profile(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile that was asked for wins over keys of the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    mine = dataclasses.replace(nobody(access), profile="work")
    assert target_groups.listing(mine, make_group()) == {}
    assert aws.calls("DescribeTargetHealth")[-1]["access_key"] == "AKIAWORK"


@pytest.mark.usefixtures("profiles")
def test_a_profile_with_a_role(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """The role that a profile names is assumed by boto3 itself."""
    mine = dataclasses.replace(nobody(access), profile="roled")
    assert target_groups.listing(mine, make_group()) == {}
    assert [call["params"]["RoleArn"] for call in aws.calls("AssumeRole")] == [ROLE]


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ("nope", "could not be found; check aws:profile"),
        ("empty", "no AWS credentials found in profile empty"),
        ("broken", "check aws:profile"),
    ],
)
def test_a_profile_that_gives_nothing(access: AWSAccess, profile: str, text: str) -> None:
    """Unknown, empty, or with a program that fails: told in one line."""
    mine = dataclasses.replace(nobody(access), profile=profile)
    with pytest.raises(errors.CredentialsMissing) as caught:
        target_groups.listing(mine, ARN)
    assert text in str(caught.value)
    assert profile in str(caught.value)
    assert "\n" not in str(caught.value)


def test_roles_are_assumed_in_order(
    aws: StandIn, access: AWSAccess, make_group: Callable[..., str]
) -> None:
    """Each with the credentials of the one before, with all that STS can be told, and once."""
    arn = make_group()
    first = AssumedRole(ROLE, external_id="x-1", session_name="ops", duration=900)
    second = AssumedRole(
        OTHER_ROLE,
        policy=json.dumps({"Version": "2012-10-17", "Statement": []}),
        source_identity="me",
        tags=(("team", "a"),),
        transitive_tag_keys=("team",),
    )
    mine = dataclasses.replace(access, roles=(first, second))
    target_groups.listing(mine, arn)
    target_groups.listing(mine, arn)
    one, two = aws.calls("AssumeRole")
    assert one["access_key"] == access.access_key
    assert two["access_key"] not in (access.access_key, "")
    assert aws.calls("DescribeTargetHealth")[-1]["access_key"] not in (
        access.access_key,
        two["access_key"],
    )
    assert one["params"] == {
        "RoleArn": ROLE,
        "ExternalId": "x-1",
        "RoleSessionName": "ops",
        "DurationSeconds": "900",
    }
    assert (two["params"]["RoleArn"], two["params"]["RoleSessionName"]) == (OTHER_ROLE, "lictor")
    assert two["params"]["SourceIdentity"] == "me"
    assert two["params"]["Tags.member.1.Key"] == "team"
    assert {call["region"] for call in aws.calls()} == {aws.region}


def test_a_role_that_may_not_be_assumed(aws: StandIn, access: AWSAccess) -> None:
    """The text names STS and AssumeRole, not the call that was on its way."""
    aws.fault("AssumeRole", "deny", times=None)
    mine = dataclasses.replace(access, roles=(AssumedRole(ROLE),))
    with pytest.raises(errors.AccessDenied) as caught:
        target_groups.listing(mine, ARN)
    text = str(caught.value)
    assert text.startswith(f"STS in us-west-2 at {aws.url} denies AssumeRole (AccessDenied: ")
    assert text.endswith("allow sts:AssumeRole to this identity")


@pytest.mark.parametrize(
    ("ask", "operation"),
    [
        (lambda access: target_groups.describe(access, ARN), "DescribeTargetGroups"),
        (lambda access: networks.cidrs(access, "vpc-1"), "DescribeSubnets"),
    ],
)
def test_an_endpoint_where_nobody_listens(
    access: AWSAccess, ask: Callable[[AWSAccess], object], operation: str
) -> None:
    """The service, its endpoint and what to check."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    mine = dataclasses.replace(access, endpoints=(("ec2", url), ("elbv2", url)))
    with pytest.raises(errors.AWSError) as caught:
        ask(mine)
    text = str(caught.value)
    assert f" in us-west-2 at {url}: {operation}: Could not connect" in text
    assert text.endswith("; check the network and aws:endpoints")
    assert "\n" not in text


@pytest.mark.parametrize(
    "proxy",
    [
        "http://user:pass-word@127.0.0.1:1",
        "http://user:pass-word@127.0.0.1:99999",
        "socks5://user:pass-word@127.0.0.1:1",
        "://user:pass-word@127.0.0.1",
    ],
)
def test_a_proxys_password_is_not_shown(
    access: AWSAccess, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """boto3 follows the proxy variables; what stands in them is not for a log."""
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(errors.AWSError, match="HTTPS_PROXY") as caught:
        target_groups.listing(dataclasses.replace(access, endpoints=()), ARN)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize("roles", [(), (AssumedRole(ROLE),)], ids=["call", "role"])
def test_a_token_that_cannot_be_sent_is_not_shown(
    access: AWSAccess, roles: tuple[AssumedRole, ...]
) -> None:
    """With a line break in it a header cannot be; the text says so without it."""
    mine = dataclasses.replace(access, token="sec-ret\nsec-ret", roles=roles)  # noqa: S106 - made up
    with pytest.raises(errors.AWSError, match=r"cannot be sent .* check aws:token") as caught:
        target_groups.listing(mine, ARN)
    assert "sec-ret" not in str(caught.value)


def test_no_client_waits_for_ever(access: AWSAccess) -> None:
    """Those neither that botocore makes by itself, to assume the role of a profile."""
    core = session._core(access)  # noqa: SLF001 - botocore's own, which it makes them with
    config: Any = core.create_client("sts", region_name="us-west-2").meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, 20)


def test_secrets_are_in_no_repr(access: AWSAccess) -> None:
    """A value that ends up in a message shows no secret."""
    roles = (AssumedRole(ROLE, external_id="e-x"),)
    mine = dataclasses.replace(access, token=access.secret_key + "2", roles=roles)
    for secret in (mine.secret_key, mine.access_key, mine.token, "e-x"):
        assert secret not in repr(mine)
