"""How to reach AWS."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor import errors
from lictor.model import AssumedRole, AWSAccess
from lictor.settings import connections
from tests.unit.settings.make import make_config, refusal

NOTHING = make_config()
ROLE = "arn:aws:iam::123456789012:role/lictor"
SECRETS = {"aws__accessKey": "AKIAs3cret", "aws__secretKey": "s3cret", "aws__token": "s3cret"}


def refused(**config: str) -> str:
    """Read what cannot be, and return what is said."""
    with pytest.raises(errors.SettingsError) as caught:
        connections.aws(make_config(**config), "us-west-2")
    return str(caught.value)


def test_without_config_all_is_left_to_boto3() -> None:
    """But the region: a group can be spoken to nowhere else than in its own."""
    config = make_config(aws__region="eu-west-1")
    assert connections.aws(config, "us-west-2") == AWSAccess(region="us-west-2")


def test_the_keys_are_those_of_pulumis_provider() -> None:
    """Profile, keys and session token."""
    access = connections.aws(make_config(aws__profile="ops", **SECRETS), "us-west-2")
    assert (access.profile, access.access_key) == ("ops", "AKIAs3cret")
    assert access.secret_key == access.token == "s3cret"  # noqa: S105 - data


def test_a_line_break_at_the_end_is_no_part_of_a_key() -> None:
    """Keys come out of files; a line break in a header would be an error that shows the token."""
    ended = {name: f"{text}\n" for name, text in SECRETS.items()}
    access = connections.aws(make_config(**ended), "us-west-2")
    assert (access.access_key, access.secret_key, access.token) == ("AKIAs3cret", *["s3cret"] * 2)


@pytest.mark.parametrize(
    ("given_key", "missing"), [("accessKey", "secretKey"), ("secretKey", "accessKey")]
)
def test_half_a_pair_of_keys_is_refused_and_not_shown(given_key: str, missing: str) -> None:
    """With the rest of boto3's chain it would be somebody else's pair."""
    said = refused(**{f"aws__{given_key}": "s3cret"})
    assert said == f"aws:{given_key} is set without aws:{missing}: set both or neither"


@pytest.mark.parametrize(
    "endpoints",
    [
        [{"elbv2": "http://127.0.0.1:5000"}, {"ec2": "https://[::1]:5000"}],
        [{"elasticloadbalancingv2": "http://127.0.0.1:5000", "ec2": "https://[::1]:5000"}],
        {"elasticloadbalancing": "http://127.0.0.1:5000", "ec2": "https://[::1]:5000"},
        [{"elbv2": "http://127.0.0.1:5000", "ec2": "https://[::1]:5000", "s3": "whatever"}],
    ],
)
def test_endpoints_are_taken_under_the_names_of_pulumis_provider(endpoints: object) -> None:
    """Those of other services are left to it."""
    access = connections.aws(make_config(aws__endpoints=json.dumps(endpoints)), "us-west-2")
    assert dict(access.endpoints) == {
        "elbv2": "http://127.0.0.1:5000",
        "ec2": "https://[::1]:5000",
    }


@pytest.mark.parametrize("text", ["http://s3cret", "3", '["s3cret"]', "[", "[" * 100_000])
def test_endpoints_of_another_shape_are_refused(text: str) -> None:
    """With an example and without what was found."""
    assert refused(aws__endpoints=text) == (
        "aws:endpoints: expected a list such as [{elbv2: https://HOST}], found something else"
    )


@pytest.mark.parametrize(
    "url", ["s3cret", "ftp://s3cret", "http://", "http://[s3cret", "https://u:s3cret@host", 3, None]
)
def test_an_endpoint_that_is_no_url_is_refused(url: object) -> None:
    """A password in it is shown no more than another secret."""
    said = refused(aws__endpoints=json.dumps([{"elbv2": url}]))
    assert said.startswith("aws:endpoints: elbv2: expected a URL such as https://HOST")
    assert "s3cret" not in said


def test_roles_are_assumed_one_after_the_other_the_groups_own_last() -> None:
    """With what their trust policies ask for."""
    first = {
        "roleArn": ROLE,
        "externalId": "s3cret",
        "sessionName": "lictor",
        "duration": "1h",
        "policy": "{}",
        "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "sourceIdentity": "ops",
        "tags": {"team": "web"},
        "transitiveTagKeys": ["team"],
    }
    config = make_config(aws__assumeRoles=json.dumps([first, {"roleArn": f"{ROLE}-2"}]))
    access = connections.aws(config, "us-west-2", f"{ROLE}-3")
    assert [role.role_arn for role in access.roles] == [ROLE, f"{ROLE}-2", f"{ROLE}-3"]
    assert access.roles[0] == AssumedRole(
        ROLE,
        external_id="s3cret",
        session_name="lictor",
        duration=3600,
        policy="{}",
        policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        source_identity="ops",
        tags=(("team", "web"),),
        transitive_tag_keys=("team",),
    )
    assert "s3cret" not in repr(access)


def test_the_older_name_of_one_role_is_taken_too() -> None:
    """Ignored, it would mean calls as somebody else."""
    config = make_config(aws__assumeRole=json.dumps({"roleArn": ROLE}))
    assert connections.aws(config, "us-west-2").roles == (AssumedRole(ROLE),)


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ([{}], "aws:assumeRoles[0].roleArn: is required"),
        (
            [{"roleArn": "s3cret"}],
            "aws:assumeRoles[0].roleArn: expected arn:aws:iam::ACCOUNT:role/NAME",
        ),
        (
            [{"roleArn": ROLE}, {"roleArn": ROLE, "externalId": 33}],
            "aws:assumeRoles[1].externalId: expected str, got int, found something else",
        ),
        (
            [{"roleArn": ROLE, "duration": "1m"}],
            "aws:assumeRoles[0].duration: expected at least 15m",
        ),
        (
            "s3cret",
            (
                "aws:assumeRoles: expected a list such as"
                " [{roleArn: arn:aws:iam::ACCOUNT:role/NAME}], found something else"
            ),
        ),
    ],
)
def test_a_role_that_cannot_be_is_refused_without_its_value(roles: object, said: str) -> None:
    """Path and what is allowed."""
    assert refused(aws__assumeRoles=json.dumps(roles)) == said


def test_an_unknown_key_of_a_role_is_refused() -> None:
    """A policy that is silently left out would widen rights."""
    said = refused(aws__assumeRoles=json.dumps([{"roleArn": ROLE, "polcy": "{}"}]))
    assert said.startswith("aws:assumeRoles[0].polcy: unknown key; did you mean policy?")


def test_secrets_are_never_shown() -> None:
    """Not by the value that carries them."""
    access = connections.aws(make_config(**SECRETS), "us-west-2")
    assert "s3cret" not in repr(access)
    assert "s3cret" not in str(access)


KEYS = ["accessKey", "secretKey", "token", "endpoints", "assumeRoles", "assumeRole"]
TEXTS = st.text() | st.recursive(
    st.none() | st.integers() | st.text() | st.just("s3cret"),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["elbv2", "roleArn", "tags", "duration", "x"]), inner)
    ),
).map(json.dumps)


@given(st.dictionaries(st.sampled_from([f"aws:{key}" for key in KEYS]), TEXTS))
def test_any_text_is_read_or_refused(config: dict[str, str]) -> None:
    """Never anything but a value or a SettingsError, and no value is shown in it."""
    said = refusal(lambda: connections.aws(config.get, "us-west-2"))
    assert "s3cret" not in said
    assert "\n" not in said
