"""A home for the CLI in which it keeps no log.

The CLI writes all that the engine does, with every property of every resource, to a compressed
and encrypted log in its home, and has no switch for that [3.259]: at 1,000 targets this is a third
of a run. Where ``logs`` cannot be a folder it goes without. So it gets a home whose entries are
links to the user's, but for that one. Where credentials are is said apart: the CLI replaces their
file when it writes it, and with it a link.
"""

from __future__ import annotations

import os
import pwd
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HOME, _CREDENTIALS = "PULUMI_HOME", "PULUMI_CREDENTIALS_PATH"
_LOGS = "logs"
_WRITTEN = ("plugins", "policies", "workspaces")
"""Folders that the CLI makes where they are missing."""


@contextmanager
def unlogged(env: Mapping[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """Lay such a home out until the block ends; yield the variables that lead the CLI there.

    Args:
        env: The environment of the CLI.
        folder: Where it is started.
    """
    users = folder / (env.get(_HOME) or _default())
    with tempfile.TemporaryDirectory(prefix="lictor") as scratch:
        with suppress(OSError):  # what cannot be linked is as good as missing
            for name in _WRITTEN:
                (users / name).mkdir(parents=True, exist_ok=True)
            for path in users.iterdir():
                if path.name != _LOGS:
                    Path(scratch, path.name).symlink_to(path)
        Path(scratch, _LOGS).touch()
        yield {_HOME: scratch, _CREDENTIALS: env.get(_CREDENTIALS) or str(users)}


def _default() -> Path:
    """Return the user's home of Pulumi, which the CLI seeks by the list of users."""
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir, ".pulumi")
    except KeyError:
        return Path.home() / ".pulumi"
