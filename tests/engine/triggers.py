"""What `deploy/` has for triggers, with a test's own folders, and how it is run."""

from __future__ import annotations

import contextlib
import subprocess
import time
from typing import TYPE_CHECKING

from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engine.world import World

DEPLOY = ROOT / "deploy"
LICTOR_RUN = DEPLOY / "consul-watch/lictor-run"
DEADLINE = 30.0


def shipped(world: World, name: str) -> str:
    """Return a file's text with a test's folders and stack."""
    text = (DEPLOY / name).read_text()
    for folder, own in (
        ("/usr/local/bin/lictor-run", LICTOR_RUN),
        ("/etc/lictor/instances.ctmpl", DEPLOY / "consul-template/instances.ctmpl"),
        ("/srv/lictor", world.stack.project),
        ("/var/lib/lictor", world.stack.folder),
        ("/run/lictor", world.stack.folder),
        ("--stack prod", "--stack dev"),
        ('"prod"', '"dev"'),
    ):
        text = text.replace(folder, str(own))
    return text


def environment(world: World, **more: str) -> dict[str, str]:
    """Return what systemd, or a shell, gives a trigger; `lictor` starts warm."""
    tools = world.stack.folder / "bin"
    if not tools.exists():
        tools.mkdir()
        (tools / "lictor").write_text('#!/bin/sh\nexec "$PULUMI_PYTHON_CMD" -m lictor "$@"\n')
        (tools / "lictor").chmod(0o755)
    env = world.stack.environment()
    own = {
        "PATH": f"{tools}:{env['PATH']}",
        "CONSUL_HTTP_ADDR": world.consul.url,
        "STATE_DIRECTORY": str(world.stack.folder),
    }
    return {**env, **own, **more}


@contextlib.contextmanager
def running(world: World, *words: str, **more: str) -> Iterator[Path]:
    """Run a trigger; yield what it prints."""
    log = world.stack.folder / "trigger.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own tools
            words,
            cwd=world.stack.folder,
            env=environment(world, **more),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield log
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        process.wait(DEADLINE)


def until(look: Callable[[], bool], log: Path) -> None:
    """Wait until something is so."""
    end = time.monotonic() + DEADLINE
    while not look():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.02)
