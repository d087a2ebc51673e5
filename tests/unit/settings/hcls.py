"""HCL of consul-ec2-alb, as hypothesis makes it, and how it is broken."""

from __future__ import annotations

import json
import string
from typing import Any

from hypothesis import strategies as st

ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/{name}/{ident:016x}"
NAMES = st.text(string.ascii_letters + string.digits + "-_. é", min_size=1, max_size=12)
TEXTS = st.one_of(NAMES, st.sampled_from(["no", "12", "1e3", "~", "null", "a: b", "#", "\\", '"']))
LISTS = st.lists(TEXTS, min_size=1, max_size=3, unique=True)
SERVICE: dict[str, st.SearchStrategy[Any]] = {
    "tags": LISTS,
    "any_tags": LISTS,
    "datacenters": LISTS,
    "datacenter": NAMES,
    "filter": st.sampled_from(['Service.Meta.v == "2"', "Node.Datacenter == `dc1`", "a\tb\x7f🙂"]),
    "node_meta": st.dictionaries(NAMES, TEXTS, min_size=1, max_size=2),
    "health": st.sampled_from(["passing", "warning", "any"]),
    "require_service_check": st.booleans(),
    "namespace": NAMES,
    "peer": NAMES,
}
QUERY: dict[str, st.SearchStrategy[Any]] = {"datacenter": NAMES, "allow_failover": st.booleans()}
OWN: dict[str, st.SearchStrategy[Any]] = {
    "name": st.uuids().map(str),
    "on_empty": st.sampled_from(["keep", "drain", "fail"]),
    "min_targets": st.integers(0, 1000),
    "max_removal_percent": st.integers(0, 100),
    "removal_window": st.sampled_from(["10m", 30, 1.5]),
    "removal_delay": st.sampled_from(["30s", 0, 7]),
    "on_guard": st.sampled_from(["hold", "fail"]),
    "policy": st.sampled_from(["sync", "add-only"]),
    "target_id": st.sampled_from(["auto", "node-name", "ec2-lookup"]),
    "port": st.integers(1, 65535),
    "wait_for": st.sampled_from(["registered", "healthy"]),
    "health_timeout": st.sampled_from([60, "5m"]),
    "wait_for_drain": st.booleans(),
    "role_arn": st.just("arn:aws:iam::123456789012:role/lictor"),
}


def _some(keys: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


@st.composite
def sources(draw: st.DrawFn) -> dict[str, Any]:
    """Make the keys of a service or a query."""
    if draw(st.booleans()):
        return {"prepared_query": draw(NAMES), **draw(_some(QUERY))}
    found = {"service": draw(NAMES), **draw(_some(SERVICE))}
    if "datacenters" in found:
        found.pop("datacenter", None)
    return found


@st.composite
def groups(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Make the ARN and the keys of a target group."""
    name = draw(st.sampled_from(["web", "api", "a-b"]))
    arn = ARN.format(name=name, ident=draw(st.integers(0, 2**64 - 1)))
    own = draw(_some(OWN))
    ownership = draw(st.sampled_from([None, "owned", "exclusive"]))
    if ownership:
        own["ownership"] = ownership
    if draw(st.booleans()):
        several = draw(st.lists(sources(), min_size=1, max_size=3))
        for source in several:  # the original's key stands in the block only
            if "service" in source:
                source.pop("datacenter", None)
        return arn, {**own, "sources": several}
    return arn, {**own, **draw(sources())}


CONSUL = _some(
    {
        "address": st.sampled_from(["consul.example.net:443", "https://c:1", "unix:///run/c.sock"]),
        "scheme": st.sampled_from(["http", "https"]),
        "token": NAMES.map(lambda text: f"secret {text}"),
        "datacenter": NAMES,
        "insecure_https": st.booleans(),
    }
)
AWS = st.fixed_dictionaries(
    {"access_key_id": st.just("AKIASECRET"), "secret_access_key": st.just("shh SECRET")},
    optional={"security_token": st.just("tok SECRET")},
)


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """Make what several files say together."""
    found: dict[str, Any] = {
        "target_group": dict(draw(st.lists(groups(), max_size=4, unique_by=lambda g: g[0])))
    }
    if draw(st.booleans()):
        found["consul"] = draw(CONSUL)
    if draw(st.booleans()):
        found["aws"] = draw(AWS)
    return found


def hcl(config: dict[str, Any]) -> str:
    """Write it as HCL."""
    parts = [
        f"target_group {_text(arn)} {{\n{_keys(keys)}}}\n"
        for arn, keys in config["target_group"].items()
    ]
    parts += [
        f"{name} {{\n{_keys(config[name])}}}\n" for name in ("consul", "aws") if name in config
    ]
    return "# a comment\n".join(parts)


def _keys(keys: dict[str, Any]) -> str:
    lines = []
    for key, value in keys.items():
        if key == "sources":
            lines += [f"  sources {{\n{_keys(source)}  }}\n" for source in value]
        else:
            lines.append(f"  {key} = {_value(value)}\n")
    return "".join(lines)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\\/", "/")


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """Make a file that somebody has spoilt: cut, mixed, in another encoding, or nothing at all."""
    text = hcl(draw(configs())) or "consul {}"
    whole = text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig"])))
    kind = draw(st.sampled_from(["cut", "put", "taken", "twice", "noise", "json"]))
    at = draw(st.integers(0, len(whole)))
    if kind == "cut":
        return whole[:at]
    if kind == "put":
        pieces = [b'"', b"{", b"}", b"[", b"]", b"=", b"\\", b"<<E\n", b"/*", b"\0", b"\xff", b"${"]
        return whole[:at] + draw(st.sampled_from(pieces)) + whole[at:]
    if kind == "taken":
        return whole[:at] + whole[at + 1 :]
    if kind == "twice":
        return whole + whole
    if kind == "json":
        return json.dumps(draw(configs())).encode()[: draw(st.integers(0, 2000))]
    return draw(st.binary(max_size=300))
