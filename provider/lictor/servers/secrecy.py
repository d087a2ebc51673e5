"""Secrets among Consul's settings: they have no place in user data, which many may read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORDS = (
    "token|tokens|secret|secret_id|secret_key|secret_access_key|password|private_key|license"
    "|encrypt|encrypt_key"
)
_KEY = re.compile(rf"(?:.*_)?(?:{_WORDS})")
_NO_SECRET = frozenset(("auto_encrypt",))
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Consul takes most of its keys in camel case, too."""
_DISCOVERY = re.compile(rf"\bprovider\s*=.*[\s\"']\w*?(?:{_WORDS})\s*=", re.DOTALL)
_SECRET_TEXT = re.compile(r"secret_access_key\s*=|-----BEGIN [A-Z ]*PRIVATE KEY-----")


def found(config: Mapping[str, Any]) -> list[str]:
    """List the paths of the settings whose values are secrets, such as ``services[0].token``.

    A key that names a file is none, nor is a flag.
    """
    return list(_within(config, ""))


def _within(value: object, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            path = f"{at}.{key}" if at else str(key)
            if _secret(str(key), item):
                yield path
            else:
                yield from _within(item, path)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _within(item, f"{at}[{number}]")
    elif isinstance(value, str) and (_SECRET_TEXT.search(value) or _DISCOVERY.search(value)):
        yield at


def _secret(key: str, value: object) -> bool:
    """Tell whether a key is one of a secret, and has one."""
    name = _CAPITAL.sub("_", key).lower()
    if name in _NO_SECRET or not _KEY.fullmatch(name):
        return False
    return bool(value) and not isinstance(value, bool)
