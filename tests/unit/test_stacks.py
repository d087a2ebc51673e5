"""The stacks that come with the project are what lictor reads, neither more nor less."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]

from lictor.settings import connections, external_nodes, stack
from lictor.settings.reading import Spelling
from lictor.settings.sources import KEYS
from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STACKS = ROOT / "stacks"
EXAMPLE = STACKS / "Pulumi.example.yaml"


class Config:
    """A stack's config as Pulumi hands it out, which notes what it is asked for."""

    def __init__(self, text: str) -> None:
        """Read a stack's file."""
        self.values: Mapping[str, Any] = yaml.safe_load(text)["config"]
        self.asked: set[str] = set()
        self.tags: tuple[stack.LeaderTagEntry, ...] = ()
        self.nodes: tuple[stack.ExternalNodeEntry, ...] = ()

    def get(self, key: str) -> str | None:
        """Return a value as text."""
        self.asked.add(key)
        value = self.values.get(key)
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def read(self) -> tuple[stack.TargetGroupEntry, ...]:
        """Read everything as lictor does."""
        stack.refuse_unknown_keys(self.values)
        self.servers()
        connections.consul(self.get, {})
        connections.aws(self.get, connections.region(self.get, {}) or "us-west-2")
        self.tags = stack.leader_tags(self.get(stack.LEADER_TAGS))
        self.nodes = stack.external_nodes(self.get(stack.EXTERNAL_NODES))
        return stack.target_groups(self.get(stack.TARGET_GROUPS))

    def servers(self) -> tuple[stack.ServersEntry, ...]:
        """Read the server clusters."""
        return stack.consul_servers(self.get(stack.CONSUL_SERVERS))


def uncommented(text: str) -> str:
    """Put in the keys that are left out: those with no single blank after the mark."""
    return re.sub(r"^(\s*)#(?=\w|- |  \w)", r"\1", text, flags=re.MULTILINE)


@pytest.mark.parametrize("path", sorted(STACKS.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_a_stack_can_be_read(path: Path) -> None:
    """As it stands, and it declares something."""
    assert Config(path.read_text()).read()


def test_the_example_names_every_key() -> None:
    """What can be set stands there, and whatever stands there is read."""
    config = Config(uncommented(EXAMPLE.read_text()))
    groups = config.read()
    assert set(config.values) == config.asked - {stack.CONSUL_SERVERS}
    entries = config.values[stack.TARGET_GROUPS]
    named = {key for entry in entries for key in (*entry, *_of_sources(entry))}
    fields = (*stack.TargetGroupEntry.__struct_fields__, *KEYS)
    assert named == {Spelling.CAMEL.of(key) for key in fields}
    assert [entry.name for entry in groups] == ["web", "api", "edge", "shop"]
    named = {key for entry in config.values[stack.LEADER_TAGS] for key in entry}
    assert named == {Spelling.CAMEL.of(key) for key in stack.LeaderTagEntry.__struct_fields__}
    assert [entry.name for entry in config.tags] == ["leader"]
    (node,) = config.values[stack.EXTERNAL_NODES]
    for values, fields in (
        ([node], stack.ExternalNodeEntry.__struct_fields__),
        (node["services"], external_nodes.Service.__struct_fields__),
        (node["checks"], external_nodes.Check.__struct_fields__),
    ):
        named = {key for value in values for key in value}
        assert named == {Spelling.CAMEL.of(key) for key in fields}
    assert [entry.name for entry in config.nodes] == ["db-1"]


def test_the_servers_name_every_key() -> None:
    """In a stack of their own, with every key at its default or with an example."""
    path = STACKS / "Pulumi.servers.yaml"
    config = Config(uncommented(path.read_text()))
    config.read()
    (entry,) = config.values[stack.CONSUL_SERVERS]
    assert set(entry) == {Spelling.CAMEL.of(key) for key in stack.ServersEntry.__struct_fields__}
    written = {key for (read,) in [Config(path.read_text()).servers()] for key in read.arguments()}
    assert written == {"image_id", "subnet_ids", "client_security_group_ids"}


def _of_sources(entry: Mapping[str, Any]) -> list[str]:
    return [key for source in entry.get("sources", ()) for key in source]


def test_what_the_example_calls_a_default_is_one() -> None:
    """Left out or written, the resource gets the same arguments."""
    api = Config(EXAMPLE.read_text()).read()[1]
    assert set(api.arguments()) == {"target_group_arn", "sources"}
    config = Config(EXAMPLE.read_text())
    config.read()
    assert [tag.arguments() for tag in config.tags] == [{}]
