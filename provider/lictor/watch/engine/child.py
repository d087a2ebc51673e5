"""The Pulumi CLI as a child: started, listened to, and ended in order."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lictor import errors
from lictor.watch.engine import events
from lictor.watch.engine.backends import with_remedy, without_password

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ENV = {
    "PULUMI_DEBUG_COMMANDS": "true",  # without it there is no --event-log
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command of the CLI ended.

    Attributes:
        code: Its exit code.
        text: What it printed, both streams, for `--verbose` and for errors before the engine ran;
            the CLI names backends with the passwords in their URLs, which are left out.
        out: Of that what went to standard output, where it is an answer: without the warnings that
            the CLI and the SDKs of backends write beside it. Empty for a run.
        events: What the engine told.
    """

    code: int
    text: str
    out: str = ""
    events: tuple[events.Event, ...] = ()


class Started:
    """A command of the CLI that runs.

    The CLI has a process group of its own: a Ctrl-C at the terminal is ours to pass on.

    Args:
        folder: The project.
        args: The command's words after `pulumi`.
        env: The environment of the CLI.

    Raises:
        errors.EngineError: The CLI cannot be started.
    """

    def __init__(self, folder: Path, args: Sequence[str], env: Mapping[str, str]) -> None:
        try:
            self._scratch = tempfile.TemporaryDirectory(prefix="lictor")
        except OSError as error:
            raise errors.EngineError(
                f"the Pulumi CLI cannot be started: no temporary folder: {error.strerror}"
            ) from error
        scratch = Path(self._scratch.name)
        self._log, self._said, self._beside = (scratch / name for name in ("events", "out", "err"))
        self._runs = args[0] in events.TELLING
        told = ["--event-log", str(self._log)] if self._runs else []
        try:
            with self._said.open("wb") as out, self._beside.open("wb") as err:
                self._process = subprocess.Popen(  # noqa: S603 - our own words
                    ["pulumi", *args, *told, "--non-interactive"],  # noqa: S607 - the user's PATH
                    cwd=folder,
                    env={**env, **_ENV},
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT if self._runs else err,
                    process_group=0,
                )
        except OSError as error:
            self._scratch.cleanup()
            raise errors.EngineError(
                f"the Pulumi CLI cannot be started: {error.strerror}; is pulumi on PATH?"
                " see https://www.pulumi.com/docs/install"
            ) from error

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def finish(self) -> Ended:
        """Wait for its end; a run is bounded by its own timeouts."""
        self._process.wait()
        said, beside = (path.read_text(errors="replace") for path in (self._said, self._beside))
        ended = Ended(
            self._process.returncode,
            with_remedy(without_password(said + beside)),
            "" if self._runs else said,
            events.read(self._log),
        )
        self._scratch.cleanup()
        return ended

    def kill(self) -> None:
        """End it by force: for one that has not begun."""
        self._process.kill()
        self._process.wait()
        self._scratch.cleanup()

    def interrupt(self) -> None:
        """Have it stop in order: it waits for what is under way and saves."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
