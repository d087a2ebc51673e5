"""The Pulumi project that is run: where it lies, and whether its program can run in here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi import automation

from lictor import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")
_STACKS = re.compile(r"""^\s*"?(?:stackConfigDir|config)"?:\s*["']?([^"'\s,{]+)""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Project:
    """A project and one of its stacks.

    Attributes:
        folder: Where `Pulumi.yaml` lies.
        main: The program.
        stack: Name of the stack.
        name: Name of the project.
        files: What the CLI reads at its start: the project's and the stack's settings.
        elsewhere: Why the program cannot run in this process; empty where it can.
    """

    folder: Path
    main: Path
    stack: str
    name: str
    files: tuple[Path, ...] = ()
    elsewhere: str = ""


def find(folder: Path, stack: str = "") -> Project:
    """Read the project of a folder or of one above it.

    Args:
        folder: Where to begin.
        stack: Name of the stack; empty for the selected one.

    Raises:
        errors.SettingsError: There is none, or it cannot be read.
        errors.EngineError: The Pulumi CLI, which is asked for the selected stack, fails.
    """
    for above in (folder, *folder.parents):
        if any((above / name).exists() for name in _NAMES):
            return _read(above, stack)
    raise errors.SettingsError(
        f"no Pulumi.yaml in {folder} or above it; run lictor in a Pulumi project"
    )


def _read(folder: Path, stack: str) -> Project:
    try:
        workspace = automation.LocalWorkspace(work_dir=str(folder))
        settings = workspace.project_settings()
        stack = stack or _selected(workspace)
    except errors.SettingsError:
        raise
    except FileNotFoundError as error:
        raise errors.EngineError(
            "there is no Pulumi CLI on PATH; see https://www.pulumi.com/docs/install"
        ) from error
    except (OSError, subprocess.SubprocessError, automation.CommandError) as error:
        said = errors.remote_text(str(error))
        raise errors.EngineError(f"the Pulumi CLI fails: {said}") from error
    except Exception as error:
        raise errors.SettingsError(f"{folder}/Pulumi.yaml cannot be read: {error}") from error
    runtime = getattr(settings.runtime, "name", settings.runtime)
    main = folder / (settings.main or "")
    if main.is_dir():
        main = main / "__main__.py"
    return Project(
        folder,
        main.resolve(),
        stack,
        settings.name,
        _files(folder, stack.rsplit("/", 1)[-1]),
        _elsewhere(folder, str(runtime), getattr(settings.runtime, "options", None) or {}),
    )


def _elsewhere(folder: Path, runtime: str, options: Mapping[str, Any]) -> str:
    """Say why a program cannot run in this process; empty where it can."""
    if runtime != "python":
        return f"its language is {runtime}"
    own = options.get("virtualenv")
    if own and (folder / own).resolve() != Path(sys.prefix).resolve():
        return f"its interpreter is that of {own}, ours that of {sys.prefix}"
    return ""


def _files(folder: Path, stack: str) -> tuple[Path, ...]:
    """List the settings' files; the SDK does not tell where a stack's are kept."""
    found = next(path for name in _NAMES if (path := folder / name).exists())
    where = _STACKS.search(found.read_text())
    stacks = folder / where[1] if where else folder
    return (found, *(stacks / f"Pulumi.{stack}.{suffix}" for suffix in ("yaml", "yml", "json")))


def _selected(workspace: automation.LocalWorkspace) -> str:
    """Return the stack that `pulumi stack select` or `PULUMI_STACK` chose."""
    chosen = os.environ.get("PULUMI_STACK")
    if chosen:
        return chosen
    found = workspace.stack()
    if found is None:
        raise errors.SettingsError(
            "no stack is selected; say --stack NAME, or pulumi stack select NAME"
        )
    return found.name
