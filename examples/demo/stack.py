"""A stack: the repository's own project in a temporary copy, driven by the real Pulumi CLI."""

from __future__ import annotations

import json
import secrets
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from examples.demo import child
from examples.demo.patience import Failed
from tests.fakes import pulumi
from tests.fakes.path import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from examples.demo.patience import Patience

UP = ("up", "--yes", "--skip-preview")

_PROJECT = ("Pulumi.yaml", "__main__.py")
_ALWAYS = ("--non-interactive", "--color", "never")
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of the demo's project.

    Attributes:
        name: Its name, and that of its file in the repository.
        folder: Holds the copy of the project, the backend and the CLI's home.
        env: Environment of every command.
        patience: Ends a command when somebody presses Ctrl-C.
    """

    name: str
    folder: Path
    env: Mapping[str, str]
    patience: Patience

    @property
    def project(self) -> Path:
        """Where the copy of the project lies."""
        return self.folder / "project"

    def create(self, **known: str) -> None:
        """Make the stack, with the config that the repository has for it.

        Args:
            known: What is known only now: a path within the config's section `lictor`, and its
                value.
        """
        (self.folder / "backend").mkdir(exist_ok=True)
        for name in (*_PROJECT, f"stacks/Pulumi.{self.name}.yaml"):
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.project / name)
        self.run("stack", "init", self.name)
        values = [f"--plaintext=lictor:{path}={value}" for path, value in known.items()]
        self.run("config", "set-all", "--path", *values)

    def run(self, *args: str) -> list[str]:
        """Run a command of the CLI to its end and return what it printed.

        Raises:
            Failed: Its exit code is not 0, or it takes too long.
        """
        shown = f"pulumi {' '.join(args)}"
        log = self.folder / f"{self.name}.log"
        log.write_bytes(b"")
        with child.running(
            self._command(*args), cwd=self.project, env=self.env, log=log
        ) as process:
            ended = self.patience.until(lambda: process.poll() is not None, _SECONDS)
        text = log.read_text(errors="replace")
        if not ended or process.returncode:
            how = f"exit code {process.returncode}" if ended else f"no end after {_SECONDS:.0f} s"
            raise Failed(f"{shown}: {how}\n{text}")
        return text.splitlines()

    def outputs(self, group: str) -> dict[str, Any]:
        """Return what the stack has recorded of a group; empty before the first update."""
        latest = self._checkpoint().get("latest") or {}
        found = [
            item
            for item in latest.get("resources") or []
            if item["urn"].endswith(f"{pulumi.TYPE}::{group}")
        ]
        return dict(found[0].get("outputs") or {}) if found else {}

    def _checkpoint(self) -> dict[str, Any]:
        path = self.folder / f"backend/.pulumi/stacks/lictor/{self.name}.json"
        return dict(json.loads(path.read_text())["checkpoint"])

    def idle(self) -> bool:
        """Whether no update is under way."""
        locks = self.folder / "backend/.pulumi/locks"
        return not any(locks.rglob(f"{self.name}/*.json"))

    def _command(self, *args: str) -> list[str]:
        of_stack = () if args[0] == "stack" else ("--stack", self.name)
        return ["pulumi", *args, *of_stack, *_ALWAYS]


def make(name: str, folder: Path, remotes: Mapping[str, str], patience: Patience) -> Stack:
    """Choose everything that a stack needs, and nothing of the caller's Pulumi, AWS or Consul.

    Args:
        name: Its name.
        folder: An empty one.
        remotes: Variables that say where Consul and AWS are.
        patience: Waits for the commands.
    """
    own = {**remotes, "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex()}
    return Stack(name, folder, pulumi.Stack(folder, own).environment(), patience)
