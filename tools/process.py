"""Children with a heartbeat: how set-up runs a long command, shows that it lives, and fails."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TAIL = 25  # lines of a failed command's output that stand in the message
Command = Sequence[str | os.PathLike[str]]


class Failed(Exception):
    """Set-up cannot go on; the text is for the person at the keyboard."""


def say(line: str) -> None:
    """Write a line at once and in one piece: several threads talk."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def half_made(place: Path) -> Path:
    """Name a file or folder that gets its real name, beside it, only when it is finished."""
    return place.with_name(f".half.{os.getpid()}.{place.name}")


def sweep(folder: Path) -> None:
    """Remove what killed set-ups left half made; only the holder of the lock may."""
    for half in (*folder.glob(".half.*"), *folder.glob("*/.half.*")):
        if half.is_dir() and not half.is_symlink():
            shutil.rmtree(half, ignore_errors=True)
        else:
            half.unlink()


def indented(text: str) -> str:
    """Set a quotation apart from our own words."""
    return "\n".join(f"    {line}" for line in text.splitlines())


@dataclass
class Runner:
    """Runs commands, each with its output in a log file and a line every `beat` seconds."""

    logs: Path
    environ: Mapping[str, str]
    beat: float = 15
    stopped: bool = False
    children: set[subprocess.Popen[bytes]] = field(default_factory=set)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def run(self, name: str, doing: str, argv: Command, cwd: Path) -> None:
        """Run to the end; a non-zero exit is a Failed with the last lines of the output."""
        log = self.logs / f"{name}.log"
        start = time.monotonic()
        say(f"{name}: {doing} ...")
        with log.open("wb") as out:
            child = self._start(argv, cwd, out.fileno())
            while True:
                try:
                    code = child.wait(timeout=self.beat)
                    break
                except subprocess.TimeoutExpired:
                    say(f"{name}: {doing} ... {time.monotonic() - start:.0f} s{_reached(log)}")
        with self.guard:
            self.children.discard(child)
        seconds = time.monotonic() - start
        if self.stopped:
            raise Failed(f"{name}: stopped")
        if code:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL:])
            raise Failed(
                f"{name}: {doing} failed after {seconds:.0f} s (exit code {code}). Last lines:\n"
                f"{indented(tail)}\n  All of them: {log}"
            )
        say(f"{name}: {doing} done in {seconds:.0f} s")

    def stop(self) -> None:
        """End what still runs, with its own children, and start nothing more."""
        with self.guard:
            self.stopped = True
            for child in self.children:
                with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                    os.killpg(child.pid, signal.SIGTERM)

    def _start(self, argv: Command, cwd: Path, out: int) -> subprocess.Popen[bytes]:
        """Start in a process group of its own, so that `stop` reaches compilers and builders."""
        with self.guard:
            if self.stopped:
                raise Failed("stopped")
            try:
                child = subprocess.Popen(  # noqa: S603 - fixed commands of this folder, no shell
                    argv,
                    cwd=cwd,
                    env=self.environ,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise Failed(f"{argv[0]} does not start: {error}") from error
            self.children.add(child)
            return child


def _reached(log: Path) -> str:
    """How far it has come: `go build -v` and pip write a line for each package."""
    lines = log.read_text(errors="replace").splitlines()
    return f" ({len(lines)}: {lines[-1].strip()[:60]})" if lines else ""
