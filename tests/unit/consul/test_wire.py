"""Decoding: whatever bytes come, there is a value or `ConsulNotReady`."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor import errors
from lictor.consul import wire
from lictor.model import Status

GOOD = [
    {
        "Node": {
            "Node": "n1",
            "Address": "10.0.0.1",
            "Datacenter": "dc1",
            "Meta": {"a": "b"},
            "TaggedAddresses": {"lan": "10.0.0.1"},
        },
        "Service": {
            "ID": "w",
            "Service": "web",
            "Address": "",
            "Port": 80,
            "Tags": ["a"],
            "Meta": None,
            "TaggedAddresses": {"lan_ipv4": {"Address": "10.0.0.1", "Port": 80}},
        },
        "Checks": [{"CheckID": "c", "Status": "passing", "ServiceID": "w"}],
    }
]
BYTES = json.dumps(GOOD).encode()
DECODERS = (
    wire.entries,
    wire.executed,
    wire.explained,
    wire.node_addresses,
    wire.peering_state,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def decode(body: bytes) -> None:
    """Give a body to every decoder; anything but a value or ConsulNotReady comes out."""
    for decoder in DECODERS:
        with contextlib.suppress(errors.ConsulNotReady):
            decoder(body, remote="Consul")
    with contextlib.suppress(errors.ConsulNotReady):
        for entry in wire.entries(body, remote="Consul"):
            entry.instance()


@given(st.binary())
def test_any_bytes(body: bytes) -> None:
    """No bytes escape as another error."""
    decode(body)


@given(JSON)
def test_any_json(value: object) -> None:
    """No JSON does."""
    decode(json.dumps(value).encode())


@given(st.integers(0, len(BYTES) - 1), st.binary(max_size=4), st.integers(0, 8))
def test_a_good_answer_with_a_wound(place: int, other: bytes, cut: int) -> None:
    """Nor does a good answer of which a few bytes are changed, added or lost."""
    decode(BYTES[:place] + other + BYTES[place + cut :])


@given(st.sampled_from(["Node", "Service", "Checks"]), st.text(max_size=8), JSON)
def test_a_good_answer_with_another_value(part: str, key: str, value: object) -> None:
    """Nor one in which a value is of another kind."""
    wounded = [{**GOOD[0], part: value}, {**GOOD[0], key: value}]
    inside = GOOD[0][part]
    if isinstance(inside, dict):
        wounded += [{**GOOD[0], part: {**inside, name: value}} for name in (*inside, key)]
    for entry in wounded:
        decode(json.dumps([entry]).encode())


@given(st.text(min_size=1))
def test_what_is_said_is_one_line(text: str) -> None:
    """The text of an error is one line and short, whatever came."""
    with pytest.raises(errors.ConsulNotReady) as caught:
        wire.entries(json.dumps([{text: text, "Node": text}]).encode(), remote="Consul")
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 400


def test_fields_that_we_do_not_know() -> None:
    """A newer Consul says more, and is understood all the same."""
    entry = {**GOOD[0], "New": {"a": [1]}}
    assert len(wire.entries(json.dumps([entry]).encode(), remote="Consul")) == 1


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([], Status.PASSING),
        (["passing", "passing"], Status.PASSING),
        (["passing", "warning"], Status.WARNING),
        (["warning", "critical", "passing"], Status.CRITICAL),
        (["passing", "maintenance"], Status.CRITICAL),
        ([""], Status.CRITICAL),
    ],
)
def test_the_worst_check_counts(statuses: list[str], status: Status) -> None:
    """What is not understood does not receive traffic."""
    assert wire.worst(statuses) is status
