"""The engine of what a verb is about: a stack of the user's, or files of consul-ec2-alb."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor import errors
from lictor.watch.engine import abode, project
from lictor.watch.engine.engine import Engine
from lictor.watch.engine.files import Files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lictor.watch.engine.abode import Abode


@dataclass(frozen=True, slots=True)
class About:
    """What a verb is about.

    Attributes:
        folder: Of the Pulumi project.
        stack: Name of the stack; empty for the selected one, or for one named after the files.
        files: Files of consul-ec2-alb; none for a project.
        state: Backend of the files' state; empty for one of our own.
    """

    folder: Path
    stack: str = ""
    files: tuple[Path, ...] = ()
    state: str = ""

    @property
    def alone(self) -> bool:
        """Whether its state is on this host for certain, so that its watchers have no lock."""
        return bool(self.files and not self.state)


@contextmanager
def opened(about: About, *, dry: bool = False) -> Iterator[Engine]:
    """Make the engine; it is not serving yet.

    Args:
        about: Of what.
        dry: Whether nothing may be written: what has no state yet gets one that is thrown away.

    Raises:
        errors.LictorError: There is nothing to run.
    """
    if not about.files:
        if about.state:
            raise errors.SettingsError("--state goes with files; a project has its own backend")
        yield Engine(project.find(about.folder, about.stack), os.environ)
        return
    files = Files(about.files)  # before anything is touched
    with tempfile.TemporaryDirectory(prefix="lictor") as scratch:
        home = _settled(about, scratch if dry else "")
        yield Engine(home.project, home.env, files, home.prune)


def _settled(about: About, scratch: str) -> Abode:
    """Settle the files' stack; where there is a scratch folder, nothing else is written.

    A state elsewhere is read from this host for the first time, too, and is asked for once.
    """
    home = abode.find(about.files, os.environ, stack=about.stack, url=about.state)
    if scratch:
        env = {**os.environ, "XDG_STATE_HOME": scratch}
        if about.state and not home.laid_out:
            home = abode.find(about.files, env, stack=about.stack, url=about.state)
            home.lay_out()
        if home.exists:
            home.lay_out()
            return home
        home = abode.find(about.files, env, stack=about.stack)
    home.settle()
    return home
