"""Each `lictor` command that `deploy/` and the documents show is one that lictor takes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import click
import pytest

from lictor import errors
from lictor.cli import main
from lictor.esm import flags
from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*")]
    if path.is_file() and path.name != "CHANGELOG.md"
)
LISTS = re.compile(
    r"\b(?:args|command)\s*=\s*(\[[^\]]*\])|^(?:ENTRYPOINT|CMD) (\[[^\]]*\])", re.MULTILINE
)
ASIDE = re.compile(r"[ \t](?:\d?[<>]+\S+|# .*)")
"""What a shell takes out of a line: redirections and remarks."""
NAMED = re.compile(
    r"(?:^|(?<=[\s=(])|(?<=bin/))lictor[ \t]+([a-z][a-z-]*(?![\w=])[^`'|;&)\n]*)", re.MULTILINE
)
CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMENT = re.compile(r"^\s*#(.*)$", re.MULTILINE)
EXAMPLE = re.compile(r"^ {3,}(.*)$|`([^`\n]+)`", re.MULTILINE)
AT_LEAST = {
    "README.md": 1,
    "docs/watch.md": 5,
    "docs/esm.md": 3,
    "docs/triggers.md": 4,
    "deploy/ci/github.yml": 2,
    "deploy/consul-template/lictor.hcl": 1,
    "deploy/consul-template/alb.hcl": 1,
    "docs/consul-ec2-alb.md": 4,
    "deploy/systemd/lictor.service.d/alb.conf": 1,
    "deploy/consul-watch/lictor-run": 1,
    "deploy/container/Containerfile": 2,
    "deploy/cron/lictor-up.service": 1,
    "deploy/cron/lictor.cron": 1,
    "deploy/nomad/lictor.nomad.hcl": 1,
    "deploy/systemd/lictor.service": 1,
    "deploy/systemd/lictor-esm.service": 1,
}


def commands(path: Path) -> Iterator[list[str]]:
    """Find the commands of a file, each as verb and words; `lictor-run` stands for `lictor up`."""
    text = shown(path).replace("\\\n", " ")
    for one, other in LISTS.findall(text):
        words = json.loads(re.sub(r",\s*\]", "]", one or other))
        program = words[0].rpartition("/")[2]
        if program == "lictor-run":
            yield ["up", *words[1:]]
        elif program != "lictor":  # a container's, whose entry point is lictor
            yield words
        elif words[1:]:
            yield words[1:]
    text = re.sub(r"\blictor-run(?=[ \t])", "lictor up", LISTS.sub("", text))
    for found in NAMED.findall(ASIDE.sub("", text)):
        yield [word for word in re.sub(r"[][]", "", found).split() if word != '"$@"']


def shown(path: Path) -> str:
    """Return what is meant literally: code, and the code in comments and documents."""
    text = path.read_text()
    if path.suffix == ".md":
        return "\n".join(block or span for block, span in CODE.findall(text))
    remarks = "\n".join(COMMENT.findall(text))
    examples = (line or span for line, span in EXAMPLE.findall(remarks))
    return "\n".join([COMMENT.sub("", text), *examples])


def refusal(words: list[str]) -> str:
    """Say why lictor does not take a command; empty where it does."""
    command = main.commands.get(words[0])
    if command is None:
        return f"no verb {words[0]}"
    if words[0] == "esm":  # it takes consul-esm's flags, which are not click's
        try:
            flags.read(words[1:])
        except errors.SettingsError as error:
            return str(error).splitlines()[-1]
        return ""
    context = click.Context(command, info_name=words[0])
    try:
        _, left, _ = command.make_parser(context).parse_args(list(words[1:]))
    except click.UsageError as error:
        return error.format_message()
    return f"too many words: {left}" if left else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_is_taken(path: Path) -> None:
    """Verb, options and number of words; and none is overlooked where there have to be some."""
    found = list(commands(path))
    assert [why for words in found if (why := refusal(words))] == []
    assert len(found) >= AT_LEAST.get(str(path.relative_to(ROOT)), 0), found


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("unit.service", "ExecStart=/opt/bin/lictor watch --nonsense\n", "No such option"),
        ("x.sh", "lictor-run --stack prod --json\n", "No such option"),
        ("x.yml", "run: lictor preview --markdown --stack\n", "requires an argument"),
        ("x.hcl", 'args = [\n  "watch", "--litsen", "x",\n]\n', "No such option"),
        ("x.hcl", 'command = ["/usr/local/bin/lictor-run", "--nope"]\n', "No such option"),
        ("Containerfile", 'ENTRYPOINT ["lictor"]\nCMD ["wach"]\n', "no verb wach"),
        ("x.conf", "# Reads `lictor up --nay`, as lictor likes it.\n", "No such option"),
        ("x.conf", "#   lictor status --nay\n", "No such option"),
        ("x.cron", "* * * * * lictor x=$(lictor up --nay 2>&1) || echo\n", "No such option"),
        ("x.md", "Say `lictor explode` now.\n", "no verb explode"),
        ("x.md", "```console\n$ lictor pause web api\n```\n", "too many words"),
        ("x.md", "Say `lictor esm -nay` now.\n", "not defined: -nay"),
    ],
)
def test_a_wrong_one_is_found(tmp_path: Path, name: str, text: str, why: str) -> None:
    """In each of the forms in which files have them."""
    path = tmp_path / name
    path.write_text(text)
    (found,) = commands(path)
    assert why in refusal(found)
