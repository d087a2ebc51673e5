"""A stack's file, written from what consul-ec2-alb's files say: for `lictor convert`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from lictor.settings import stack
from lictor.settings.alb import SECRETS
from lictor.settings.reading import Spelling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lictor.settings.alb import Group, Wanted

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]+)*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}
_WHY = {
    "name": "the resource's; after the ARN",
    "ownership": "as before: the group is this program's alone",
    "take_over": "as before: what others have registered goes on the first run",
}
_HEAD = """\
# Made by `lictor convert` from {files}.
# What was chosen for you has a remark. Two things differ from running the files themselves:
# a group that you take out of this list has its targets removed by the next `pulumi up`, while
# one that leaves a file keeps them; and secrets are kept encrypted in this file, see below.
"""


def secrets(wanted: Wanted) -> tuple[str, ...]:
    """List the commands that set what may not stand in a file, without the values."""
    return tuple(f"pulumi config set --secret {key}" for key in SECRETS if key in wanted.config)


def stack_file(wanted: Wanted) -> str:
    """Write the file of an equivalent stack, secrets left out."""
    files = dict.fromkeys(group.place.file for group in wanted.groups)
    lines = [_HEAD.format(files=", ".join(files) or "files without target groups")]
    if secrets(wanted):
        lines += ["# Secrets, to be set in the stack, each of which asks for its value:\n"]
        lines += [f"#   {command}\n" for command in secrets(wanted)]
    lines += ["config:\n"]
    for key, value in wanted.config.items():
        if key not in SECRETS:
            lines += [f"  {key}: {_scalar(value)}\n"]
    lines += [f"  {stack.TARGET_GROUPS}:{'' if wanted.groups else ' []'}\n"]
    lines += [line for group in wanted.groups for line in _group(group)]
    return "".join(lines)


def groups(wanted: Wanted) -> str:
    """Return `lictor:targetGroups` as a stack hands it out: JSON text."""
    return json.dumps([written(group) for group in wanted.groups])


def written(group: Group) -> dict[str, Any]:
    """Return a target group as an entry of `lictor:targetGroups`."""
    given = msgspec.to_builtins(group.entry.arguments(), enc_hook=float)
    sources = [_camel(source) for source in given.pop("sources")]
    own = {"name": group.entry.name, **_camel(given)}
    return {**own, **sources[0]} if len(sources) == 1 else {**own, "sources": sources}


def _camel(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {Spelling.CAMEL.of(key): _whole(value) for key, value in keys.items()}


def _whole(value: object) -> object:
    """Write a whole number of seconds as one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _group(group: Group) -> Iterator[str]:
    why = {Spelling.CAMEL.of(key): _WHY[key] for key in group.chosen}
    start = "    - "
    for key, value in written(group).items():
        remark = f" # {why[key]}" if key in why else ""
        if key == "sources":
            yield f"{start}{key}:\n"
            for source in value:
                yield f"        - {_flow(source)}\n"
        else:
            yield f"{start}{key}: {_flow(value)}{remark}\n"
        start = "      "


def _flow(value: object) -> str:
    """Write a value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    """Write a text as it is where YAML takes it for nothing else; JSON is YAML, too."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    text = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in text)
