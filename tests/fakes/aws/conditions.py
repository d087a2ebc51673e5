"""The Condition blocks of IAM that lictor's policies may use."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.aws.calls import Call

_OPERATORS = {"StringEquals": False, "StringLike": True}
"""Whether the operator knows wildcards."""

_QUANTIFIERS = ("ForAllValues", "ForAnyValue")
_RESOURCE_TAG = re.compile(r"^(?:aws|ec2|elasticloadbalancing):ResourceTag/(.+)$")
_REQUEST_TAG = re.compile(r"^aws:RequestTag/(.+)$")
_TAG_KEY = re.compile(r"^(?:Tag|TagSpecification\.\d+\.Tag|Tags\.member|TagKeys\.member)\.\d+")


@dataclasses.dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key: any of the wanted values will do."""

    quantifier: str | None
    key: str
    wanted: tuple[re.Pattern[str], ...]

    def holds(self, call: Call, tags: Callable[[], Mapping[str, str]]) -> bool:
        """Tell whether the call, on a resource with these tags, meets the condition."""
        values = _values(self.key, call, tags)
        met = [any(pattern.fullmatch(value) for pattern in self.wanted) for value in values]
        if self.quantifier == "ForAllValues":
            return all(met)
        return any(met)


def parse(block: Mapping[str, Mapping[str, Any]]) -> tuple[Condition, ...]:
    """Read a Condition block, refusing operators and keys that could not be judged."""
    return tuple(
        _condition(operator, key, wanted)
        for operator, keys in block.items()
        for key, wanted in keys.items()
    )


def pattern(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Turn IAM's `*` and `?` into a regular expression."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), flags)


def _condition(operator: str, key: str, wanted: str | list[str]) -> Condition:
    """Read one operator on one key."""
    quantifier, _, name = operator.rpartition(":")
    known_key = key in {"aws:TagKeys", "aws:RequestedRegion", "ec2:CreateAction"}
    known_key = known_key or bool(_RESOURCE_TAG.match(key) or _REQUEST_TAG.match(key))
    if name not in _OPERATORS or quantifier not in {"", *_QUANTIFIERS} or not known_key:
        msg = f"the condition {operator} on {key} cannot be judged here"
        raise ValueError(msg)
    texts = [wanted] if isinstance(wanted, str) else wanted
    make = pattern if _OPERATORS[name] else _literal
    return Condition(quantifier or None, key, tuple(make(text) for text in texts))


def _literal(text: str) -> re.Pattern[str]:
    """Match the text itself."""
    return re.compile(re.escape(text))


def _values(key: str, call: Call, tags: Callable[[], Mapping[str, str]]) -> list[str]:
    """Return what the condition key stands for in this call; nothing when it is absent."""
    if key == "aws:RequestedRegion":
        return [call.region]
    if key == "ec2:CreateAction":
        return [call.operation] if call.operation != "CreateTags" else []
    resource_tag = _RESOURCE_TAG.match(key)
    if resource_tag:
        value = tags().get(resource_tag[1])
        return [] if value is None else [value]
    sent = _sent_tags(call)
    if key == "aws:TagKeys":
        return list(sent)
    request_tag = _REQUEST_TAG.match(key)
    value = sent.get(request_tag[1]) if request_tag else None
    return [] if value is None else [value]


def _sent_tags(call: Call) -> dict[str, str]:
    """Return the tags that the call itself names."""
    sent: dict[str, str] = {}
    for name, value in call.params.items():
        match = _TAG_KEY.match(name)
        if match and name == f"{match[0]}.Key":
            sent[value] = call.params.get(f"{match[0]}.Value", "")
        elif match and name == match[0]:
            sent[value] = ""
    return sent
