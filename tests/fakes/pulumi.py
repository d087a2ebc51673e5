"""A stack on the file backend, driven by the real Pulumi CLI."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.path import ROOT, search_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OURS = "pulumi-python:dynamic/lictor:"
TYPE = f"{OURS}TargetGroupAttachments"
STACK = "dev"


@dataclass(frozen=True)
class Run:
    """How a command of the CLI ended.

    Attributes:
        code: Its exit code.
        text: What it printed, both streams.
    """

    code: int
    text: str

    def ok(self) -> Run:
        """Return itself, or fail the test with what was printed."""
        assert self.code == 0, f"exit code {self.code}:\n{self.text}"
        return self

    def lines(self, *starts: str) -> list[str]:
        """List the printed lines that start so, blanks before them aside."""
        found = (line.strip() for line in self.text.splitlines())
        return [line for line in found if line.startswith(starts)]


@dataclass(frozen=True)
class Stack:
    """A project with one stack in a folder of its own.

    Attributes:
        folder: Holds the project, the backend and the CLI's home.
        env: Environment of every command beside what is chosen here.
    """

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        """Where the program lies."""
        return self.folder / "project"

    def create(
        self, program: str | None = None, name: str = "lictor", secrets: str = "default"
    ) -> Stack:
        """Lay out the project; without a program of its own it runs the repository's."""
        (self.project / "stacks").mkdir(parents=True)
        (self.folder / "backend").mkdir()
        settings = (ROOT / "Pulumi.yaml").read_text().replace("name: lictor", f"name: {name}")
        (self.project / "Pulumi.yaml").write_text(settings)
        if program is None:
            shutil.copy(ROOT / "__main__.py", self.project)
        else:
            (self.project / "__main__.py").write_text(program)
        self.run("stack", "init", STACK, "--secrets-provider", secrets).ok()
        return self

    def copy(self, folder: Path, env: Mapping[str, str]) -> Stack:
        """Lay out the same project with the same stack elsewhere; the CLI's home is shared."""
        for name in ("project", "backend"):
            shutil.copytree(self.folder / name, folder / name)
        home = {"PULUMI_HOME": str(self.folder / "home")}
        return Stack(folder, {**self.env, **home, **env})

    def configure(
        self, config: Mapping[str, Any], secrets: Mapping[str, str] | None = None
    ) -> None:
        """Replace the stack's config; values may be structured. Secrets go through the CLI."""
        path = self.project / "stacks" / f"Pulumi.{STACK}.yaml"
        kept = [
            line
            for line in (path.read_text().splitlines() if path.exists() else [])
            if line.startswith(("encryptionsalt", "encryptedkey", "secretsprovider"))
        ]
        path.write_text("\n".join([*kept, f"config: {json.dumps(config)}", ""]))
        for key, value in (secrets or {}).items():
            self.run("config", "set", "--secret", key, value).ok()

    def run(self, *args: str, env: Mapping[str, str] | None = None, timeout: float = 90) -> Run:
        """Run a command of the CLI to its end."""
        return self._run(["pulumi", *args, "--non-interactive"], env, timeout)

    def lictor(self, *args: str, env: Mapping[str, str] | None = None, timeout: float = 90) -> Run:
        """Run one of lictor's own verbs to its end."""
        python = self.env.get("PULUMI_PYTHON_CMD", sys.executable)
        return self._run([python, "-m", "lictor", *args], env, timeout)

    def _run(self, words: list[str], env: Mapping[str, str] | None, timeout: float) -> Run:
        done = subprocess.run(  # noqa: S603 - our own tools
            words,
            cwd=self.project,
            env={**self.environment(), **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Run(done.returncode, done.stdout)

    def up(self, *args: str, env: Mapping[str, str] | None = None) -> Run:
        """Update, without the preview that a person would look at first."""
        return self._operate("up", "--yes", "--skip-preview", *args, env=env)

    def preview(self, *args: str, env: Mapping[str, str] | None = None) -> Run:
        """Preview."""
        return self._operate("preview", *args, env=env)

    def refresh(self, *args: str, env: Mapping[str, str] | None = None) -> Run:
        """Read the world into the state."""
        return self._operate("refresh", "--yes", "--skip-preview", *args, env=env)

    def destroy(self, *args: str, env: Mapping[str, str] | None = None) -> Run:
        """Take down what the stack has made."""
        return self._operate("destroy", "--yes", "--skip-preview", *args, env=env)

    def _operate(self, *args: str, env: Mapping[str, str] | None = None) -> Run:
        return self.run(*args, "--stack", STACK, "--color", "never", env=env)

    def state(self) -> dict[str, Any]:
        """Return the deployment as the backend has it."""
        path = self.folder / "backend/.pulumi/stacks" / self.name / f"{STACK}.json"
        return dict(json.loads(path.read_text())["checkpoint"]["latest"])

    @property
    def name(self) -> str:
        """The project's name."""
        first = (self.project / "Pulumi.yaml").read_text().splitlines()[0]
        return first.removeprefix("name: ")

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return lictor's resources: name -> state."""
        found = self.state().get("resources", [])
        return {item["urn"].rsplit("::", 1)[1]: item for item in found if OURS in item["type"]}

    def outputs(self, resource: str) -> dict[str, Any]:
        """Return the outputs of one of lictor's resources."""
        return dict(self.resources()[resource]["outputs"])

    def environment(self) -> dict[str, str]:
        """Return the environment of every command: nothing of the caller's Pulumi, AWS, Consul."""
        foreign = ("PULUMI", "AWS_", "CONSUL_", "LICTOR_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        return {
            **kept,
            "PATH": search_path(),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder}/backend",
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
            "PULUMI_STACK": STACK,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.env,
        }
