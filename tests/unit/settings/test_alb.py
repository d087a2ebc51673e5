"""consul-ec2-alb's files: read as one, refused with a place, written as a stack."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import yaml  # type: ignore[import-untyped]
from hypothesis import given, settings

from lictor import errors
from lictor.model import ConsulService, Ownership
from lictor.settings import alb, connections, sources, stack
from lictor.settings import yaml as writing
from tests.unit.settings.hcls import broken, configs, hcl
from tests.unit.settings.make import ARN, refusal

if TYPE_CHECKING:
    from pathlib import Path

PLACE = re.compile(r"[ab]\.hcl:[1-9][0-9]*:[1-9][0-9]*: \S")
KEYS = {
    "name": "front",
    "tags": ["v2"],
    "any_tags": ["blue"],
    "exclude_tags": ["old"],
    "datacenters": ["dc1", "dc2"],
    "filter": 'Service.Meta.v == "2"',
    "node_meta": {"rack": "r1"},
    "namespace": "team",
    "partition": "part",
    "peer": "other",
    "health": "any",
    "require_service_check": True,
    "ownership": "exclusive",
    "take_over": False,
    "on_empty": "drain",
    "min_targets": 2,
    "max_removal_percent": 50,
    "removal_window": "5m",
    "removal_delay": "30s",
    "on_guard": "fail",
    "policy": "add-only",
    "target_type": "instance",
    "target_id": "node-name",
    "address": "wan",
    "resolve_hosts": True,
    "port": 8080,
    "availability_zone": "auto",
    "wait_for": "healthy",
    "health_timeout": 60,
    "wait_for_drain": True,
    "region": "us-west-2",
    "role_arn": "arn:aws:iam::123456789012:role/lictor",
}


def read(*texts: str) -> alb.Wanted:
    """Read files a.hcl and b.hcl."""
    names = ("a.hcl", "b.hcl")
    return alb.united([(n, t.encode()) for n, t in zip(names, texts, strict=False)])


def refused(*texts: str) -> str:
    """Read files that cannot be, and return what is said."""
    with pytest.raises(errors.SettingsError) as caught:
        read(*texts)
    return str(caught.value)


def group(body: str = "", arn: str = ARN) -> str:
    """Word a target group."""
    named = re.search(r"^(service|prepared_query|sources)\b", body, re.MULTILINE)
    service = "" if named else "service = 'w'"
    return f'target_group "{arn}" {{\n{body}\n{service}\n}}\n'.replace("'", '"')


def test_the_originals_keys() -> None:
    """Spread over files, in any order; the ARN's group is this program's alone, at once."""
    wanted = read(
        'consul {\n  address = "consul.example.net:443"\n  scheme = "https"\n  token = "abc123"\n}',
        group('service = "w"\n datacenter = "dc2"')
        + 'aws {\n  access_key_id = "a"\n secret_access_key = "b"\n security_token = "c"\n}',
    )
    (entry,) = wanted.entries
    assert (entry.name, entry.target_group_arn) == ("web", ARN)
    assert (entry.ownership, entry.take_over) == (Ownership.EXCLUSIVE, True)
    assert [source.model() for source in entry.sources] == [ConsulService("w", (), ("dc2",))]
    connection = connections.consul(wanted.config.get, {})
    assert (connection.url, connection.token) == ("https://consul.example.net:443", "abc123")
    access = connections.aws(wanted.config.get, "us-west-2")
    assert (access.access_key, access.secret_key, access.token) == ("a", "b", "c")
    assert "abc123" not in repr(wanted)


def test_every_wish_is_a_key() -> None:
    """In snake_case, from the definition that YAML's keys come from: none more, none less."""
    allowed = {*stack.TargetGroupEntry.__struct_fields__, *sources.KEYS}
    aside = {"target_group_arn", "sources", "service", "prepared_query", "allow_failover"}
    assert set(KEYS) == allowed - aside - {"datacenter"}
    body = "\n".join(f"{key} = {json.dumps(value)}" for key, value in KEYS.items())
    (entry,) = read(group(body.replace('{"rack": ', '{"rack" = '))).entries
    found = {**msgspec.to_builtins(entry, enc_hook=float), **entry.sources[0].written()}
    wanted = {**KEYS, "removal_window": 300, "removal_delay": 30, "health_timeout": 60}
    assert {key: _listed(found[key]) for key in KEYS} == {k: _listed(v) for k, v in wanted.items()}


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def test_json_and_several_sources() -> None:
    """As HashiCorp's reader has it: one object, or a list of them."""
    other = ARN.replace("/web/", "/api/")
    one = json.dumps({"target_group": {ARN: {"service": "a", "datacenter": None}}})
    many = json.dumps(
        {"target_group": [{other: {"sources": [{"service": "a"}, {"prepared_query": "b"}]}}]}
    )
    wanted = read(one, many)
    assert [entry.name for entry in wanted.entries] == ["web", "api"]
    blocks = 'sources { service = "a" }\nsources { prepared_query = "b" }'
    assert read(group(blocks, other)).entries == wanted.entries[1:]
    assert len(read(group('sources { service = "a" }')).entries[0].sources) == 1


@pytest.mark.parametrize(
    ("arns", "names"),
    [
        (["web/1a", "api/1a"], ["web", "api"]),
        (["web/1a", "web/2b", "api/1a"], ["web-1a", "web-2b", "api"]),
    ],
)
def test_groups_are_named_after_their_arns(arns: list[str], names: list[str]) -> None:
    """Briefly where that is clear."""
    start = ARN.rpartition("web/")[0]
    assert [e.name for e in read("".join(group(arn=start + a) for a in arns)).entries] == names


def test_the_same_arn_but_for_the_region() -> None:
    """Then the whole ARN is the name."""
    other = ARN.replace("us-west-2", "eu-west-1")
    assert [e.name for e in read(group() + group(arn=other)).entries] == [ARN, other]


@pytest.mark.parametrize(
    ("scheme", "address", "url"),
    [
        ("https", "c.example", "https://c.example:443"),
        ("http", "c.example", "http://c.example:80"),
        ("https", "[::1]", "https://[::1]:443"),
        ("", "https://c.example/", "https://c.example:443"),
        ("https", "c.example:8501", "https://c.example:8501"),
        ("", "unix:///run/c.sock", "unix:///run/c.sock"),
    ],
)
def test_an_address_without_a_port(scheme: str, address: str, url: str) -> None:
    """The original takes the port of the scheme, not Consul's own."""
    wanted = read(f'consul {{\n address = "{address}"\n scheme = "{scheme}"\n}}')
    assert connections.consul(wanted.config.get, {}).url == url


def test_what_the_files_leave_out_is_the_environments() -> None:
    """Empty texts are left out, too."""
    config = read('consul {\n address = ""\n token = ""\n}\naws { access_key_id = "" }').config
    found = connections.consul(config.get, {"CONSUL_HTTP_ADDR": "h:1", "CONSUL_HTTP_TOKEN": "t"})
    assert (found.url, found.token) == ("http://h:1", "t")
    assert connections.aws(config.get, "us-west-2").access_key == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense {}", "a.hcl:1:1: nonsense: unknown; allowed are aws, consul, target_group"),
        (group("min_target = 2"), "a.hcl:2:1: min_target: unknown key; did you mean min_targets?"),
        (group("min_targets = '2'"), "a.hcl:2:1: min_targets: expected int, got str, found '2'"),
        (group("service = 5"), "a.hcl:2:1: service: expected str"),
        (group("tags = 'v2'"), "a.hcl:2:1: tags: expected a list, got str, found 'v2'"),
        (group("tags = ['a',\n 5]"), "a.hcl:3:2: tags[1]: expected str, got int, found 5"),
        (group("datacenter = 5"), "a.hcl:2:1: datacenter: expected str, found '5'"),
        (
            group("datacenters = ['a']\ndatacenter = 'b'"),
            "a.hcl:3:1: datacenter: stands beside datacenters",
        ),
        (group("health = 'bad'"), "a.hcl:2:1: health: expected one of passing, warning, any"),
        (group("service = ''"), "a.hcl:2:1: service: expected"),
        (group("take_over = true\nownership = 'owned'"), "a.hcl:2:1: take_over: goes with"),
        (group("service = 'a'\nservice = 'b'"), "a.hcl:3:1: service stands twice"),
        (group("sources 'x' { service = 'a' }"), "a.hcl:2:9: sources takes no label"),
        (
            group("sources { service = 'a' }\n sources { prepared_query = 'b'\n tags = ['c'] }"),
            "a.hcl:4:2: sources[1].tags: goes with service",
        ),
        (group("target_group_arn = 'x'"), "a.hcl:2:1: target_group_arn: it is the label"),
        (group("region = 'eu-west-1'"), "a.hcl:2:1: region: eu-west-1 is not the region"),
        (f'target_group "{ARN}" {{}}', "a.hcl:1:14: service, prepared_query or sources is requ"),
        ('target_group "x" { service = "a" }', "a.hcl:1:14: expected arn:aws:elasticload"),
        ('target_group "" { service = "a" }', "a.hcl:1:14: expected arn:aws:elasticload"),
        ('target_group { service = "a" }', "a.hcl:1:16: target_group: the ARN is missing"),
        ('target_group = "x"', 'a.hcl:1:16: target_group: expected a block, target_group "ARN"'),
        ('target_group "a" "b" {}', "a.hcl:1:18: target_group takes one label, the ARN"),
        (group() + group(), f"a.hcl:5:14: target group {ARN} stands at a.hcl:1:14 already"),
        ("consul {}\nconsul {}", "a.hcl:2:1: consul stands twice; the first is at a.hcl:1:1"),
        ("aws {}\naws {}", "a.hcl:2:1: aws stands twice; the first is at a.hcl:1:1"),
        ("consul {\n adress = 1\n}", "a.hcl:2:2: adress: unknown key; did you mean address?"),
        ('consul {\n address = "x y"\n}', "a.hcl:2:2: address: expected HOST:PORT"),
        ('consul {\n scheme = "ftp"\n}', "a.hcl:2:2: scheme: expected http or https"),
        ("consul {\n token = 12345\n}", "a.hcl:2:2: token: expected str, got int, found someth"),
        ("consul = 5", "a.hcl:1:10: consul: expected a block, found a text"),
        ('consul "x" {}', "a.hcl:1:8: consul takes no label"),
        ('aws {\n access_key_id = "a"\n}', "a.hcl:2:2: access_key_id: is set without secret_acc"),
        ('aws {\n security_token = "a"\n}', "a.hcl:2:2: security_token: is set without access"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(text: str, said: str) -> None:
    """File, line and column of the key, what was found and what is allowed."""
    assert refused(text).startswith(said)


def test_blocks_in_two_files() -> None:
    """Both are named."""
    assert refused("consul {}", "\n consul {}") == (
        "b.hcl:2:2: consul stands twice; the first is at a.hcl:1:1"
    )
    assert refused(group(), group()).startswith(f"b.hcl:1:14: target group {ARN} stands at a.hcl:1")
    other = group("name = 'web'", ARN.replace("/web/", "/api/"))
    assert refused(group(), other) == "b.hcl:1:14: name: web is that of a.hcl:1:14"


def test_a_secret_is_in_no_error() -> None:
    """Whatever is wrong with it, or beside it."""
    for text in (
        'consul {\n token = ["hunter2"]\n}',
        'aws {\n access_key_id = "hunter2"\n}',
        'aws {\n secret_access_key = {a = "hunter2"}\n}',
        'consul {\n token = "hunter2" "x"\n}',
        'consul {\n token = "hunter2\n}',
        'aws {\n access_key = "hunter2"\n}',
        "consul {\n token = hunter2\n}",
        "aws {\n access_key_id = AKIAhunter2EXAMPLE\n}",
        'aws {\n secret_access_key = "a" hunter2\n}',
        "aws {\n secret_access_key = {hunter2}\n}",
        '{"consul": {"token": hunter2}}',
        '{"consul": {"token": ["hunter2"]}}',
        "consul {\n token = 44444hunter2\n}",
    ):
        assert "hunter2" not in refused(text)
    for digits in ("4711", "4711" * 10, "4711e4711", "0x4711"):
        assert "4711" not in refused(f"consul {{\n token = {digits}\n}}")


@pytest.mark.parametrize("name", ["missing.hcl", "folder", "nul\0", "no\ntext\udcff.hcl"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    """Which one, and why."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(
        errors.SettingsError, match=r"cannot be read: (No such|Is a dir|not a path)"
    ):
        alb.read([tmp_path / name])


@settings(max_examples=100, deadline=None)
@given(broken())
def test_broken_files_are_read_or_refused_with_a_place(content: bytes) -> None:
    """Nothing else comes of them."""
    said = refusal(lambda: alb.united([("a.hcl", content)]))
    assert not said or PLACE.match(said), said
    assert "\n" not in said


@settings(max_examples=50, deadline=None)
@given(configs())
def test_a_converted_stack_says_the_same(config: dict[str, Any]) -> None:
    """Its file, read as Pulumi reads it, with the secrets that its commands set."""
    wanted = read(hcl(config))
    assert read(json.dumps(config)).entries == wanted.entries
    text = writing.stack_file(wanted)
    found = yaml.safe_load(text)["config"]
    stack.refuse_unknown_keys(found)
    assert stack.target_groups(json.dumps(found.pop(stack.TARGET_GROUPS))) == wanted.entries
    secrets = {command.split()[-1] for command in writing.secrets(wanted)}
    assert secrets == set(wanted.config) & set(alb.SECRETS)
    assert {**found, **{key: wanted.config[key] for key in secrets}} == dict(wanted.config)
    assert all(command in text for command in writing.secrets(wanted))
    assert "SECRET" not in text
    assert "secret " not in text.replace("--secret ", "")


def test_what_was_chosen_has_a_remark() -> None:
    """And what was written has none."""
    lines = writing.stack_file(read(group())).splitlines()
    assert "    - name: web # the resource's; after the ARN" in lines
    assert sum(" # " in line for line in lines) == 3
    own = group("name = 'a'\nownership = 'owned'\n")
    assert not any(" # " in line for line in writing.stack_file(read(own)).splitlines())
