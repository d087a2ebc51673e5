"""The stack: the repository's own project in a temporary copy, driven by the real Pulumi CLI."""

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

NAME = "demo"
GROUP = "web"
UP = ("up", "--yes", "--skip-preview")

_PROJECT = ("Pulumi.yaml", "__main__.py", f"stacks/Pulumi.{NAME}.yaml")
_ALWAYS = ("--non-interactive", "--color", "never")
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Stack:
    """The demo's stack.

    Attributes:
        folder: Holds the copy of the project, the backend and the CLI's home.
        env: Environment of every command.
        patience: Ends a command when somebody presses Ctrl-C.
    """

    folder: Path
    env: Mapping[str, str]
    patience: Patience

    @property
    def project(self) -> Path:
        """Where the copy of the project lies."""
        return self.folder / "project"

    def create(self, arn: str) -> None:
        """Make the stack, with the config that the repository has for it and the group's ARN."""
        (self.folder / "backend").mkdir()
        for name in _PROJECT:
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.project / name)
        self.run("stack", "init", NAME)
        self.run("config", "set", "--path", "lictor:targetGroups[0].targetGroupArn", arn)

    def run(self, *args: str) -> list[str]:
        """Run a command of the CLI to its end and return what it printed.

        Raises:
            Failed: Its exit code is not 0, or it takes too long.
        """
        shown = f"pulumi {' '.join(args)}"
        log = self.folder / "pulumi.log"
        log.write_bytes(b"")
        with child.running(command(*args), cwd=self.project, env=self.env, log=log) as process:
            ended = self.patience.until(lambda: process.poll() is not None, _SECONDS)
        text = log.read_text(errors="replace")
        if not ended or process.returncode:
            how = f"exit code {process.returncode}" if ended else f"no end after {_SECONDS:.0f} s"
            raise Failed(f"{shown}: {how}\n{text}")
        return text.splitlines()

    def outputs(self) -> dict[str, Any]:
        """Return what the stack has recorded of the group; empty before the first update."""
        latest = self._checkpoint().get("latest") or {}
        found = [
            item
            for item in latest.get("resources") or []
            if item["urn"].endswith(f"{pulumi.TYPE}::{GROUP}")
        ]
        return dict(found[0].get("outputs") or {}) if found else {}

    def _checkpoint(self) -> dict[str, Any]:
        path = self.folder / f"backend/.pulumi/stacks/lictor/{NAME}.json"
        return dict(json.loads(path.read_text())["checkpoint"])

    def idle(self) -> bool:
        """Whether no update is under way."""
        locks = self.folder / "backend/.pulumi/locks"
        return not any(locks.rglob("*.json"))


def make(folder: Path, remotes: Mapping[str, str], patience: Patience) -> Stack:
    """Choose everything that a stack needs, and nothing of the caller's Pulumi, AWS or Consul.

    Args:
        folder: An empty one.
        remotes: Variables that say where Consul and AWS are.
        patience: Waits for the commands.
    """
    own = {**remotes, "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex()}
    return Stack(folder, pulumi.Stack(folder, own).environment(), patience)


def command(*args: str) -> list[str]:
    """Spell a command of the CLI for a program that runs it."""
    of_stack = () if args[0] == "stack" else ("--stack", NAME)
    return ["pulumi", *args, *of_stack, *_ALWAYS]
