"""What the CLI says of a backend: without the passwords of its URLs, with what to do about it."""

from __future__ import annotations

import re

_USER = re.compile(r"\b(postgres(?:ql)?://|https?://)[^\s\"']*@|(://)[^\s/?#]*@")
_PASSWORD = re.compile(r"(?i)([?&][a-z_]*(?:password|secret|token)=)[^&\s\"']*")


def without_password(text: str) -> str:
    """Take user and password out of every URL in a text."""
    bare = _USER.sub(lambda found: found[1] or found[2], text)
    return _PASSWORD.sub(r"\1...", bare)


_CUT_OFF = "failed to load checkpoint: EOF"
"""What the CLI says of a file backend in which a CLI was killed between two writes: gocloud.dev's
``blob/fileblob`` replaces the state in one step, but not the attributes that it keeps beside it."""


def with_remedy(text: str) -> str:
    """Add what is to be done where the CLI does not say it."""
    return text.replace(
        _CUT_OFF,
        f"{_CUT_OFF}; where the backend is a folder, a CLI that was killed left an empty file"
        " (.pulumi/stacks/PROJECT/STACK.json.attrs): remove that, the state itself is whole",
    )
