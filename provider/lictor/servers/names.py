"""Names within AWS's limits, checked before anything is made."""

from __future__ import annotations

import re

LONGEST = 56
"""IAM takes 64 characters for a role; Pulumi adds a dash and seven of its own."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TAG = re.compile(r"[A-Za-z0-9+=.,_:@-]+")
_WORD = re.compile(r"[A-Za-z0-9+.,_:@-]+")
_TAG_KEY, _TAG_VALUE = 128, 256
_RESERVED = ("aws:", "AWS:")


def refusal(name: str) -> str | None:
    """Say why resources on AWS cannot be called so; None where they can.

    The shortest limit and the narrowest alphabet of all that carry the name: role, instance
    profile, security group, launch template, Auto Scaling group.
    """
    if len(name) > LONGEST:
        return (
            f"the name has {len(name)} characters; take at most {LONGEST}, for AWS takes 64 for a"
            " role and Pulumi adds 8"
        )
    if not _NAME.fullmatch(name):
        return "a name takes letters, digits, dots, dashes and underscores, a letter or digit first"
    if name.lower().startswith("sg-"):
        return "AWS keeps names that start with sg- for the ids of security groups"
    return None


def image_refusal(name: str) -> str | None:
    """Say why an image cannot be called so: Image Builder takes no dots beside."""
    if "." in name:
        return "the name of an image takes no dots, for Image Builder does not; put dashes"
    return refusal(name)


def tag_refusal(key: str, value: str) -> str | None:
    """Say why an instance cannot carry a tag that its metadata service shall tell."""
    if not _TAG.fullmatch(key) or key in {".", "..", "_index"}:
        return (
            f"the tag {key!r} cannot be told by the instance metadata service, which takes letters,"
            " digits and + - = . , _ : @ in a key, and neither blank nor slash"
        )
    if len(key) > _TAG_KEY or len(value) > _TAG_VALUE:
        return f"the tag {key[:40]!r} is too long; AWS takes {_TAG_KEY} and {_TAG_VALUE} characters"
    if key.startswith(_RESERVED):
        return f"the tag {key!r}: AWS keeps keys that start with aws: for itself"
    return None


def join_refusal(key: str, value: str) -> str | None:
    """Say why Consul could not look for a tag: its ``retry_join`` is one line of words."""
    for part in (key, value):
        if not _WORD.fullmatch(part):
            return (
                f"expected letters, digits and + - . , _ : @ in {key!r} and {value!r}:"
                " Consul's retry_join is one line of words"
            )
    return tag_refusal(key, value)
