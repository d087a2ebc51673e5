"""Files of consul-ec2-alb, run by lictor as processes, without a project."""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.engine.watches import Watch
from tests.fakes.pulumi import TYPE, Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.engine.world import World

_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Alb:
    """Files, and where their state is.

    Attributes:
        world: The test's world; of its stack the environment alone.
        folder: Holds files and state.
        more: Environment beside the world's.
    """

    world: World
    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """What a service manager gives: nothing of Pulumi's."""
        env = self.world.stack.environment()
        foreign = ("PULUMI_", "VAULT_")
        kept = {key: value for key, value in env.items() if not key.startswith(foreign)}
        own = {
            "XDG_STATE_HOME": str(self.folder / "state"),
            "CONSUL_HTTP_ADDR": self.world.consul.url,
        }
        return {**kept, **own, **self.more}

    def write(self, text: str, name: str = "alb.hcl") -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_text(text)
        return path

    def group(self, arn: str, body: str = "", service: str = "") -> str:
        """Word a target group as the original's users do."""
        named = f'  service = "{service or self.world.service}"\n' if "service" not in body else ""
        return f'target_group "{arn}" {{\n{named}  {body}\n}}\n'

    def run(self, *words: str, timeout: float = 60) -> Run:
        """Run a verb to its end."""
        python = self.world.stack.env.get("PULUMI_PYTHON_CMD", sys.executable)
        done = subprocess.run(  # noqa: S603 - our own verb
            [python, "-m", "lictor", *words],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    def watching(
        self, *words: str, command: tuple[str, ...] = ()
    ) -> contextlib.AbstractContextManager[Watch]:
        """Run a watcher, perhaps under another command."""
        return self.running(*command, sys.executable, "-m", "lictor", "watch", *words)

    @contextlib.contextmanager
    def running(self, *words: str) -> Iterator[Watch]:
        """Run what runs a watcher."""
        log = self.folder / f"watch-{next(_NUMBERS)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - our own tools
                words,
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Watch(process, log)
        finally:
            process.kill()
            process.wait()

    def state(self) -> dict[str, Any]:
        """Return the only stack's deployment."""
        (path,) = (self.folder / "state/lictor").glob("*/backend/.pulumi/stacks/*/*.json")
        return dict(json.loads(path.read_text())["checkpoint"]["latest"])

    def outputs(self) -> dict[str, dict[str, Any]]:
        """Return the outputs of lictor's resources: name -> outputs."""
        return {
            item["urn"].rsplit("::", 1)[1]: item["outputs"]
            for item in self.state().get("resources", [])
            if TYPE in item["type"]
        }
