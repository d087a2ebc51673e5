"""The versions of what lictor runs with."""

from __future__ import annotations

import platform
import shutil
from importlib.metadata import version
from typing import TYPE_CHECKING

from lictor import errors

if TYPE_CHECKING:
    from lictor.watch.engine.engine import Engine

_OLDEST = (3, 259)
_HOST = "pulumi-language-python"


def pulumi(engine: Engine) -> str:
    """Name the version of the CLI.

    Raises:
        errors.EngineError: It cannot be started, or is too old.
    """
    found = engine.command("version", stack=False).out.strip()
    return _new_enough(found, "https://www.pulumi.com/docs/install")


def sdk() -> str:
    """Name the versions of lictor and of what runs it in this process.

    Raises:
        errors.EngineError: Pulumi's SDK is too old.
    """
    found = _new_enough(version("pulumi"), "pip install --upgrade pulumi")
    return f"pulumi {found}, lictor {version('lictor')}, Python {platform.python_version()}"


def host(engine: Engine) -> str:
    """Say where the CLI's host for Python is; it tells no version, it is released with the CLI."""
    found = shutil.which(_HOST, path=engine.env.get("PATH"))
    if found is None:
        return (
            f"{_HOST} is not on PATH; lictor starts none, but a plain `pulumi up` needs it:"
            " it comes with the CLI, see https://www.pulumi.com/docs/install"
        )
    return f"{found}, which comes with the CLI"


def _new_enough(found: str, remedy: str) -> str:
    numbers = tuple(int(part) for part in found.lstrip("v").split(".")[:2] if part.isdecimal())
    if numbers < _OLDEST:
        raise errors.EngineError(
            f"version {found or 'unknown'}; 3.259 or newer is needed, see {remedy}"
        )
    return found
