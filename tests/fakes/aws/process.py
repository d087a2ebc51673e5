"""The stand-in as a child process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fakes.aws.client import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).resolve().parents[3]
_ANNOUNCED = "listening on "


class DiedError(Exception):
    """The stand-in ended on its own; the message carries its log."""


@contextlib.contextmanager
def start(*options: str, region: str = "us-west-2", log: Path | None = None) -> Iterator[StandIn]:
    """Run a stand-in on a free port until the block ends; `options` as on its command line."""
    with contextlib.ExitStack() as stack:
        if log is None:
            log = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "standin.log"
        errors = stack.enter_context(log.open("wb"))
        child = stack.enter_context(
            subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "tests.fakes.aws", "--until-stdin-closes", *options],
                cwd=_ROOT,
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        )
        stack.callback(_end, child)
        yield StandIn(_listening(child, log), region)
        if child.poll() is not None:
            msg = f"the AWS stand-in ended on its own (exit {child.returncode})"
            raise DiedError(f"{msg}:\n{log.read_text()}")


def _listening(child: subprocess.Popen[str], log: Path) -> str:
    """Return the URL the child announces."""
    line = child.stdout.readline() if child.stdout else ""
    if not line.startswith(_ANNOUNCED):
        _end(child)
        msg = f"the AWS stand-in did not start (exit {child.returncode})"
        raise DiedError(f"{msg}:\n{log.read_text()}")
    return line.removeprefix(_ANNOUNCED).strip()


def _environment() -> dict[str, str]:
    """Return the child's environment: nothing of the caller's AWS or moto set-up."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
    return kept | {"PYTHONPATH": str(_ROOT), "PYTHONUNBUFFERED": "1"}


def _end(child: subprocess.Popen[str]) -> None:
    """End the child, by force if it must be."""
    child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
