"""One tag on EC2 instances: who carries it, giving it, taking it away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor import errors
from lictor.aws import failures, session

if TYPE_CHECKING:
    from collections.abc import Collection

    from lictor.model import AWSAccess

_GONE = ("InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed", "InvalidID")
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag with its value.

    Attributes:
        key: Its key.
        value: Its value.
    """

    key: str
    value: str

    def __str__(self) -> str:
        """Write it as people do: ``consul-leader=true``."""
        return f"{self.key}={self.value}"


def carriers(access: AWSAccess, tag: Tag) -> frozenset[str]:
    """List the ids of the instances that carry a tag, terminated ones perhaps included.

    Raises:
        errors.AWSError: The call failed.
    """
    filters = [
        {"Name": "resource-type", "Values": ["instance"]},
        {"Name": "key", "Values": [literal(tag.key)]},
        {"Name": "value", "Values": [literal(tag.value)]},
    ]
    with session.translated("DescribeTags", access, "ec2"):
        pages = session.ec2(access).get_paginator("describe_tags")
        return frozenset(
            found["ResourceId"]
            for page in pages.paginate(Filters=filters)  # type: ignore[arg-type] # a TypedDict
            for found in page["Tags"]
        )


def give(access: AWSAccess, tag: Tag, ident: str) -> None:
    """Put a tag on an instance; one of its key that is there gets the value.

    Raises:
        errors.AWSError: The call failed.
    """
    with session.translated("CreateTags", access, "ec2"):
        session.ec2(access).create_tags(
            Resources=[ident], Tags=[{"Key": tag.key, "Value": tag.value}]
        )


def take(access: AWSAccess, tag: Tag, ids: Collection[str]) -> dict[str, str]:
    """Take a tag off instances; one that is gone, or has another value by now, is left alone.

    Returns:
        Id -> why it carries the tag still.
    """
    failed: dict[str, str] = {}
    listed = sorted(ids)
    for start in range(0, len(listed), _BATCH):
        failed |= _taken(access, tag, listed[start : start + _BATCH])
    return failed


def _taken(access: AWSAccess, tag: Tag, ids: list[str]) -> dict[str, str]:
    """Take it off a few; AWS refuses them all for one that is gone, so then one by one."""
    try:
        with session.translated("DeleteTags", access, "ec2"):
            session.ec2(access).delete_tags(
                Resources=ids, Tags=[{"Key": tag.key, "Value": tag.value}]
            )
    except errors.AWSError as error:
        if failures.code_of(error.__cause__) not in _GONE:
            return dict.fromkeys(ids, str(error))
        if len(ids) == 1:
            return {}
        failed: dict[str, str] = {}
        for ident in ids:
            failed |= _taken(access, tag, [ident])
        return failed
    return {}


def literal(text: str) -> str:
    r"""Write a value for a filter, in which ``*`` and ``?`` stand for others and ``\`` escapes."""
    return "".join(f"\\{character}" if character in "\\*?" else character for character in text)
