"""A project of our own, for files that have none: its folder, its state and its passphrase.

::

    $XDG_STATE_HOME/lictor/STACK/
        project/       Pulumi.yaml and the stack's settings: no secret, nothing to edit
        passphrase     random; Pulumi wants one, though nothing that it would encrypt is kept
        backend/       the state; elsewhere where a URL is given

A stack is named after its files, so that two watchers of different files never share one.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lictor import errors
from lictor.watch.engine.backends import without_password
from lictor.watch.engine.child import Started
from lictor.watch.engine.project import Project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROJECT = "consul-ec2-alb"
RUNS = 100
"""How many runs the history of a state of our own keeps."""

_SETTINGS = f"""\
# Made by lictor, for files of consul-ec2-alb: see lictor watch --help.
name: {PROJECT}
runtime: python
"""
_ABSENT = "no stack named"
"""What the CLI says where there is no such stack."""
_ASIDE = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK", "PULUMI_CONFIG")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_OTHER = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST = 40
_WHOLE = "metadata=skip"
"""No file of attributes beside the state: a CLI that is killed would leave it empty."""
_RECORD = re.compile(r"(?P<run>.+?-\d{10,})\.(?:history|checkpoint)\.json.*")


@dataclass(frozen=True, slots=True)
class Abode:
    """Where a stack of ours is at home.

    Attributes:
        folder: Holds all of it.
        stack: Name of the stack.
        url: Backend of the state; empty for one of our own.
        env: The environment of the CLI.
    """

    folder: Path
    stack: str
    url: str
    env: Mapping[str, str] = field(repr=False)

    @property
    def project(self) -> Project:
        """The project, as the engine wants it."""
        place = self.folder / "project"
        files = (place / "Pulumi.yaml", place / f"Pulumi.{self.stack}.yaml")
        return Project(place, place / "__main__.py", self.stack, PROJECT, files=files)

    @property
    def exists(self) -> bool:
        """Whether the stack is there.

        Raises:
            errors.EngineError: The backend does not tell: then nothing is known of the stack.
        """
        if not self.url:
            stacks = self.folder / "backend/.pulumi/stacks" / PROJECT
            return any((stacks / f"{self.stack}.{form}").exists() for form in ("json", "json.gz"))
        code, text = self._pulumi("stack", "export", "--stack", self.stack)
        if code and _ABSENT not in text:
            raise errors.EngineError(
                f"the stack {self.stack} cannot be looked for in {without_password(self.url)}:"
                f" {errors.remote_text(text)}"
            )
        return not code

    @property
    def laid_out(self) -> bool:
        """Whether this host has a folder for it, so that its backend can be asked."""
        return (self.folder / "project/Pulumi.yaml").exists()

    def settle(self) -> None:
        """Lay everything out that is missing, and make the stack.

        Raises:
            errors.LictorError: It cannot be.
        """
        self.lay_out()
        if self.exists:
            return
        code, text = self._pulumi("stack", "init", self.stack, "--no-select")
        if code and "already exists" not in text:
            raise errors.EngineError(
                f"the stack {self.stack} cannot be made in"
                f" {without_password(self.url) or self.folder}:"
                f" {errors.remote_text(text)}"
            )

    def lay_out(self) -> None:
        """Make what this host has of it: folders, settings and passphrase.

        Raises:
            errors.SettingsError: They cannot be written.
        """
        try:
            for name in ("project", "backend"):
                (self.folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
            self._passphrase()
            settings = self.folder / "project/Pulumi.yaml"
            if not settings.exists():
                settings.write_text(_SETTINGS, encoding="utf-8")
        except OSError as error:
            raise errors.SettingsError(
                f"{self.folder}: cannot be written: {error.strerror}; name another place for state"
                " with XDG_STATE_HOME"
            ) from None

    def prune(self) -> None:
        """Leave the last runs in the history of a state of our own; Pulumi keeps all of them."""
        history = self.folder / "backend/.pulumi/history" / PROJECT / self.stack
        if self.url or not history.is_dir():
            return
        runs: dict[str, list[Path]] = {}
        for path in history.iterdir():
            record = _RECORD.fullmatch(path.name)
            if record is not None:
                runs.setdefault(record["run"], []).append(path)
        for run in sorted(runs, key=_when)[:-RUNS]:
            for path in runs[run]:
                path.unlink(missing_ok=True)

    def _passphrase(self) -> None:
        """Make a passphrase that is whole as soon as it is there; one that is there stays.

        A new one fits no settings that were made with another; as nothing is encrypted, hosts
        that share a state need not share it.
        """
        path = self.folder / "passphrase"
        if path.exists():
            return
        (self.folder / "project" / f"Pulumi.{self.stack}.yaml").unlink(missing_ok=True)
        new = path.with_name(f"passphrase.{secrets.token_hex(8)}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        try:
            os.link(new, path)
        except FileExistsError:
            pass  # somebody else was quicker
        finally:
            new.unlink()

    def _pulumi(self, *words: str) -> tuple[int, str]:
        ended = Started(self.folder / "project", words, self.env).finish()
        return ended.code, ended.text


def find(paths: Sequence[Path], env: Mapping[str, str], *, stack: str = "", url: str = "") -> Abode:
    """Say where the stack of some files is at home.

    Args:
        paths: The files.
        env: The environment.
        stack: Name of the stack; empty to name it after the files.
        url: Backend of the state, as `pulumi login` takes it; empty for one of our own.

    Raises:
        errors.SettingsError: There is no place for state.
    """
    name = stack or _named(paths)
    if not _NAME.fullmatch(name):
        raise errors.SettingsError(f"--stack: expected letters, digits, - _ ., found {name[:60]!r}")
    folder = _states(env) / name
    if url:
        folder = folder.with_name(f"{name}-{_brief(url)}")
    return Abode(folder, name, url, _environment(folder, env, url))


def _environment(folder: Path, env: Mapping[str, str], url: str) -> dict[str, str]:
    """Make the CLI's environment, without what it says of stacks of the user's own."""
    own = {
        "PULUMI_BACKEND_URL": url or f"file://{folder}/backend?{_WHOLE}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(folder / "passphrase"),
    }
    if not url:
        own["PULUMI_DISABLE_CHECKPOINT_BACKUPS"] = "true"
        own["PULUMI_HOME"] = env.get("PULUMI_HOME") or str(folder / "pulumi")
    return {**{key: text for key, text in env.items() if key not in _ASIDE}, **own}


def _states(env: Mapping[str, str]) -> Path:
    """Find the folder of all states; a relative one is none, says the XDG specification."""
    named = env.get("XDG_STATE_HOME", "")
    if named.startswith("/"):
        return Path(named) / "lictor"
    try:
        return Path.home() / ".local/state/lictor"
    except RuntimeError:
        raise errors.SettingsError(
            "there is no place for state: neither XDG_STATE_HOME nor HOME is set"
        ) from None


def _named(paths: Sequence[Path]) -> str:
    """Name a stack after its files, whatever their order and how they are written."""
    whole = sorted({str(path.absolute()) for path in paths})
    first = _OTHER.sub("-", Path(whole[0]).stem)[:_LONGEST].strip("-.") or "files"
    return f"{first}-{_brief(*whole)}"


def _brief(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode(errors="surrogateescape")).hexdigest()[:8]


def _when(run: str) -> int:
    """Return the time in the name of a record, in nanoseconds."""
    return int(run.rpartition("-")[2])
