"""Secrets among Consul's settings are found wherever they stand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.servers import secrecy

JOIN = "provider=aws tag_key=consul tag_value=main"
PRIVATE = "PRIVATE KEY"


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"encrypt": "x"}, ["encrypt"]),
        ({"acl_master_token": "x"}, ["acl_master_token"]),
        ({"acl_token": "x", "license": "x"}, ["acl_token", "license"]),
        ({"acl": {"tokens": {"initial_management": "x"}}}, ["acl.tokens"]),
        ({"acl": [{"tokens": [{"agent": "x"}]}]}, ["acl[0].tokens"]),
        ({"connect": {"ca_config": {"token": "x"}}}, ["connect.ca_config.token"]),
        ({"connect": {"ca_config": {"PrivateKey": "x"}}}, ["connect.ca_config.PrivateKey"]),
        ({"services": [{"name": "a"}, {"Token": "x"}]}, ["services[1].Token"]),
        ({"cloud": {"client_secret": "x"}}, ["cloud.client_secret"]),
        ({"auto_config": {"intro_token": "x"}}, ["auto_config.intro_token"]),
        ({"a": {"params": {"password": 123}}}, ["a.params.password"]),
        ({"retry_join": [f"{JOIN} secret_access_key=x"]}, ["retry_join[0]"]),
        ({"retry_join": ["provider=azure client_id=1 client_secret='x'"]}, ["retry_join[0]"]),
        ({"retry_join": ["provider=digitalocean api_token=x"]}, ["retry_join[0]"]),
        ({"ca": f"-----BEGIN EC {PRIVATE}-----\nx"}, ["ca"]),
    ],
)
def test_secrets(config: dict[str, Any], found: list[str]) -> None:
    """In mappings, lists and texts, however Consul spells their keys."""
    assert secrecy.found(config) == found


@pytest.mark.parametrize(
    "config",
    [
        {"acl": {"enabled": True, "enable_token_persistence": True, "tokens": {}}},
        {"acl": {"token_ttl": "30s", "default_policy": "deny"}},
        {"auto_encrypt": {"allow_tls": True}},
        {"encrypt_verify_incoming": True},
        {"license_path": "/etc/consul.lic", "tls": {"defaults": {"key_file": "/a.pem"}}},
        {"retry_join": [JOIN, "10.0.0.1"], "retry_join_wan": ["provider=k8s label_selector=a=b"]},
        {"connect": {"ca_config": {"root_cert": "-----BEGIN CERTIFICATE-----", "token": ""}}},
    ],
)
def test_what_is_no_secret(config: dict[str, Any]) -> None:
    """Flags, files and addresses, and what is empty."""
    assert secrecy.found(config) == []


PLAIN = st.text("abc", max_size=3)
KEYS = st.sampled_from(
    ["acl_token", "tokens", "client_secret", "password", "privateKey", "encrypt"]
)
DEEP = st.recursive(
    st.dictionaries(KEYS, st.just("x"), min_size=1, max_size=1),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=1)
        | st.dictionaries(PLAIN.map("k{}".format), inner, min_size=1, max_size=1)
    ),
)


@given(DEEP, st.dictionaries(PLAIN, PLAIN, max_size=2))
def test_a_secret_is_found_however_deep(secret: object, beside: dict[str, str]) -> None:
    """Whatever stands beside it, which is not taken for one."""
    assert len(secrecy.found({"x": secret, "y": beside})) == 1
    assert secrecy.found({"y": [beside]}) == []
