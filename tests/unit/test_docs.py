"""The reference page names every argument, and no test that is not there."""

from __future__ import annotations

import ast
import re

import pytest

from lictor.settings import images, servers
from lictor.settings.attachments import ARGUMENTS
from lictor.settings.reading import Spelling
from lictor.settings.sources import KEYS
from tests.fakes.path import ROOT

PAGE = (ROOT / "docs/target-group-attachments.md").read_text()
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
STORIES = 19


def test_every_argument_has_a_row_that_names_a_test() -> None:
    """In both spellings, where they differ."""
    rows = {
        line.split("|")[1].strip(): line for line in PAGE.splitlines() if line.startswith("| `")
    }
    for name in {*ARGUMENTS, *KEYS}:
        camel = Spelling.CAMEL.of(name)
        (row,) = [line for head, line in rows.items() if head.split("<br>")[0] == f"`{camel}`"]
        assert camel == name or f"<br>`{name}`" in row or name == "prepared_query", name
        assert TEST.search(row), name


@pytest.mark.parametrize("known", [servers.ARGUMENTS, images.ARGUMENTS])
def test_every_argument_of_a_component_has_a_row(known: tuple[str, ...]) -> None:
    """In the spelling of Python, and where stack config has it in that, too."""
    page = (ROOT / "docs/consul-servers.md").read_text()
    heads = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| `")}
    for name in known:
        camel = Spelling.CAMEL.of(name)
        assert heads & {f"`{name}`", f"`{camel}`<br>`{name}`"}, name


def test_every_story_names_a_test() -> None:
    """Each row of the table of outages has one."""
    part = PAGE.split("## Outages")[1].split("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == STORIES
    assert all(TEST.search(row) for row in rows)


def test_every_test_that_is_named_exists() -> None:
    """A renamed test is renamed on the page, too."""
    named = set(TEST.findall(PAGE))
    there = {
        (path, item.name)
        for path in {path for path, _ in named}
        for item in ast.parse((ROOT / path).read_text()).body
        if isinstance(item, ast.FunctionDef)
    }
    assert named - there == set()
