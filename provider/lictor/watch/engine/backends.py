"""What may be said of a backend: its URL without the password that may stand in it."""

from __future__ import annotations

import re

_USER = re.compile(r"\b(postgres(?:ql)?://|https?://)[^\s\"']*@|(://)[^\s/?#]*@")
_PASSWORD = re.compile(r"(?i)([?&][a-z_]*(?:password|secret|token)=)[^&\s\"']*")


def without_password(text: str) -> str:
    """Take user and password out of every URL in a text."""
    bare = _USER.sub(lambda found: found[1] or found[2], text)
    return _PASSWORD.sub(r"\1...", bare)
