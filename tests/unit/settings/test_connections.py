"""How to reach Consul."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor import errors
from lictor.model import ConsulConnection
from lictor.settings import connections
from tests.unit.settings.make import make_config, refusal

NOTHING = make_config()


def url(address: str, **env: str) -> str:
    """Read an address from config."""
    return connections.consul(make_config(consul__address=address), env).url


def refused(config: object = NOTHING, **env: str) -> str:
    """Read a connection that cannot be, and return what is said."""
    with pytest.raises(errors.SettingsError) as caught:
        connections.consul(config, env)  # type: ignore[arg-type] # of make_config
    return str(caught.value)


def test_the_default_is_the_agent_of_this_host() -> None:
    """As for Consul's own command line."""
    assert connections.consul(NOTHING, {}) == ConsulConnection()


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("consul:8500", "http://consul:8500"),
        ("consul", "http://consul:8500"),
        (" consul:80 ", "http://consul:80"),
        ("10.0.0.1:8500", "http://10.0.0.1:8500"),
        ("http://consul:8500", "http://consul:8500"),
        ("http://consul:8500/", "http://consul:8500"),
        ("https://consul.example.net", "https://consul.example.net:8501"),
        ("HTTPS://consul:8501", "https://consul:8501"),
        ("[::1]:8500", "http://[::1]:8500"),
        ("https://[fd00::1]", "https://[fd00::1]:8501"),
        ("unix:///var/run/consul.sock", "unix:///var/run/consul.sock"),
    ],
)
def test_every_form_of_an_address(address: str, found: str) -> None:
    """Host and port, with or without a scheme, IPv6, and a socket's path."""
    assert url(address) == found
    assert connections.consul(NOTHING, {"CONSUL_HTTP_ADDR": address}).url == found


@pytest.mark.parametrize(
    "address",
    [
        "http://",
        ":8500",
        "consul:",
        "consul:port",
        "consul:0",
        "consul:70000",
        "consul:8500/v1",
        "consul?dc=dc1",
        "::1",
        "[::1",
        "tcp://consul:8500",
        "unix://run/consul.sock",
        "unix:///",
        "con sul:8500",
        "consul\n:8500",
    ],
)
def test_an_address_that_cannot_be_is_refused(address: str) -> None:
    """Naming where it was found and which forms there are."""
    allowed = "expected HOST:PORT, http(s)://HOST:PORT or unix:///PATH, found "
    assert refused(make_config(consul__address=address)).startswith(f"consul:address: {allowed}")
    assert refused(CONSUL_HTTP_ADDR=address).startswith(f"CONSUL_HTTP_ADDR: {allowed}")


@pytest.mark.parametrize(
    "address", ["user:s3cret@consul:8500", "https://s3cret@consul", "a@s3cret"]
)
def test_a_password_in_an_address_is_refused_and_not_shown(address: str) -> None:
    """There is a setting for the token."""
    said = refused(make_config(consul__address=address))
    assert "s3cret" not in said
    assert "consul:token" in said


@pytest.mark.parametrize(
    ("scheme", "env", "address", "found"),
    [
        ("https", {}, "consul", "https://consul:8501"),
        ("HTTPS", {}, "consul", "https://consul:8501"),
        ("", {"CONSUL_HTTP_SSL": "true"}, "consul", "https://consul:8501"),
        ("", {"CONSUL_HTTP_SSL": "1"}, "consul:8500", "https://consul:8500"),
        ("", {"CONSUL_HTTP_SSL": "false"}, "consul", "http://consul:8500"),
        ("http", {"CONSUL_HTTP_SSL": "true"}, "consul", "http://consul:8500"),
        ("https", {"CONSUL_HTTP_SSL": "true"}, "http://consul", "http://consul:8500"),
    ],
)
def test_the_address_then_config_then_the_environment_say_the_scheme(
    scheme: str, env: dict[str, str], address: str, found: str
) -> None:
    """The nearest word wins."""
    config = make_config(consul__address=address, consul__scheme=scheme)
    assert connections.consul(config, env).url == found


@pytest.mark.parametrize(
    ("config", "env", "name"),
    [
        ({"consul__scheme": "ftp"}, {}, "consul:scheme: expected http or https, found 'ftp'"),
        ({"consul__insecureHttps": "yes"}, {}, "consul:insecureHttps: expected true or false"),
        ({}, {"CONSUL_HTTP_SSL": "yes"}, "CONSUL_HTTP_SSL: expected true or false, found 'yes'"),
        ({}, {"CONSUL_HTTP_SSL_VERIFY": "no"}, "CONSUL_HTTP_SSL_VERIFY: expected true or false"),
    ],
)
def test_a_flag_that_is_none_is_refused(
    config: dict[str, str], env: dict[str, str], name: str
) -> None:
    """A typing error must not switch TLS off."""
    assert refused(make_config(**config), **env).startswith(name)


@pytest.mark.parametrize(
    ("config", "env", "verify"),
    [
        ({}, {}, True),
        ({"consul__insecureHttps": "true"}, {}, False),
        ({"consul__insecureHttps": "false"}, {"CONSUL_HTTP_SSL_VERIFY": "false"}, True),
        ({}, {"CONSUL_HTTP_SSL_VERIFY": "0"}, False),
        ({}, {"CONSUL_HTTP_SSL_VERIFY": "TRUE"}, True),
    ],
)
def test_the_certificate_is_checked_unless_it_is_said(
    config: dict[str, str], env: dict[str, str], *, verify: bool
) -> None:
    """Config first."""
    assert connections.consul(make_config(**config), env).verify is verify


KEYS = {
    "datacenter": ("consul__datacenter", "CONSUL_DATACENTER"),
    "namespace": ("consul__namespace", "CONSUL_NAMESPACE"),
    "partition": ("consul__partition", "CONSUL_PARTITION"),
    "ca_file": ("consul__caFile", "CONSUL_CACERT"),
    "cert_file": ("consul__certFile", "CONSUL_CLIENT_CERT"),
    "key_file": ("consul__keyFile", "CONSUL_CLIENT_KEY"),
    "token": ("consul__token", "CONSUL_HTTP_TOKEN"),
}


@pytest.mark.parametrize("field", KEYS)
def test_config_comes_before_the_environment(field: str) -> None:
    """And what neither says is empty."""
    key, variable = KEYS[field]
    env = {variable: "of-env"}
    assert getattr(connections.consul(make_config(**{key: "of-config"}), env), field) == "of-config"
    assert getattr(connections.consul(NOTHING, env), field) == "of-env"
    assert getattr(connections.consul(NOTHING, {}), field) == ""


def test_the_token_may_stand_in_a_file(tmp_path: Path) -> None:
    """Line ends are no part of it; a token in the environment itself comes first."""
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    env = {"CONSUL_HTTP_TOKEN_FILE": str(file)}
    assert connections.consul(NOTHING, env).token == "s3cret"  # noqa: S105 - data
    env["CONSUL_HTTP_TOKEN"] = "nearer"  # noqa: S105 - data
    assert connections.consul(NOTHING, env).token == "nearer"  # noqa: S105 - data


def test_a_token_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Going on without a token would see less, silently."""
    bytes_file = tmp_path / "bytes"
    bytes_file.write_bytes(b"\xff\xfe\xff")
    for name in (str(tmp_path / "none"), str(tmp_path), str(bytes_file), "a\0b"):
        said = refused(CONSUL_HTTP_TOKEN_FILE=name)
        assert said.startswith("CONSUL_HTTP_TOKEN_FILE: ")
        assert "cannot be read" in said


def test_the_token_is_never_shown() -> None:
    """Not by the value that carries it."""
    connection = connections.consul(make_config(consul__token="s3cret"), {})  # noqa: S106 - data
    assert "s3cret" not in repr(connection)
    assert "s3cret" not in str(connection)


NAMES = ["address", "scheme", "insecureHttps", "token", "datacenter"]
VARIABLES = ["CONSUL_HTTP_ADDR", "CONSUL_HTTP_SSL", "CONSUL_HTTP_SSL_VERIFY"]


@given(
    st.dictionaries(st.sampled_from([f"consul:{name}" for name in NAMES]), st.text()),
    st.dictionaries(st.sampled_from(VARIABLES), st.text()),
)
def test_any_text_is_read_or_refused(config: dict[str, str], env: dict[str, str]) -> None:
    """Never anything but a value or a SettingsError; a token never stands in it."""
    config["consul:token"] = "s3cret"
    said = refusal(lambda: connections.consul(config.get, env))
    assert "s3cret" not in said
    if not said:
        found = connections.consul(config.get, env)
        assert found.url.startswith(("http://", "https://", "unix:///"))
