"""The page of the monitor names every key, and only what there is."""

from __future__ import annotations

import re

from lictor.esm import metrics
from lictor.settings.monitor import Monitor, Telemetry
from tests.fakes.path import ROOT

PAGE = (ROOT / "docs/esm.md").read_text()
KEYS = PAGE.split("## Keys")[1].split("\n## ")[0]


def test_every_key_is_explained() -> None:
    """Each has a place in the table of keys."""
    named = set(re.findall(r"`([a-z_]+)`", KEYS))
    assert set(Monitor.__struct_fields__) - named == set()
    shown = {name for name in Telemetry.__struct_fields__ if not name.startswith("circonus")}
    assert shown - named == set()


def test_no_key_is_made_up() -> None:
    """What begins a row is a key."""
    rows = [line.split("|")[1] for line in KEYS.splitlines() if line.startswith("| `")]
    keys = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert keys <= set(Monitor.__struct_fields__)


def test_kinds_of_numbers() -> None:
    """The letters are those of statsd."""
    assert {kind.value for kind in metrics.Kind} == {"g", "c", "ms"}
