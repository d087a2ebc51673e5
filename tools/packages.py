"""The Python side: `.venv` with the project in it, and SDK versions to test against beside it.

Which packages there are stands in `pyproject.toml`, which versions of them in `constraints.txt`.
"""

import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tools import process

# pulumi-aws comes with this extra. With it installed the Pulumi CLI wants the large AWS plugin at
# every run, so it stays out of `.venv`; the one test that needs it puts the overlay on PYTHONPATH.
NOT_IN_VENV = "servers"


@dataclass(frozen=True)
class Project:
    """What a checkout asks for."""

    root: Path

    @cached_property
    def declared(self) -> dict[str, Any]:
        """The parts of `pyproject.toml` that decide what is installed; not those of the linters."""
        whole = tomllib.loads((self.root / "pyproject.toml").read_text())
        parts = ("build-system", "project", "dependency-groups")
        return {part: whole.get(part, {}) for part in parts}

    @cached_property
    def pins(self) -> Mapping[str, str]:
        """The version of each package, by its normalised name."""
        text = (self.root / "constraints.txt").read_text()
        pairs = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
        return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pairs}

    @cached_property
    def digest(self) -> str:
        """Changes when something else has to be installed."""
        text = json.dumps([self.declared, dict(self.pins)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def extras(self) -> list[str]:
        """Every extra of the package."""
        return sorted(self.declared["project"].get("optional-dependencies", {}))

    @property
    def lowest_sdk(self) -> str:
        """The oldest Pulumi SDK that the package accepts."""
        text = "\n".join(self.declared["project"]["dependencies"])
        floor = re.search(r"^pulumi\s*>=\s*([\d.]+)", text, re.MULTILINE)
        if floor is None:
            raise process.Failed("pyproject.toml: `pulumi>=...` is missing from the dependencies")
        return floor[1]


@dataclass(frozen=True)
class Overlay:
    """One package in a folder of its own under `.tools`, to be put on PYTHONPATH by a test."""

    name: str
    requirement: str


def overlays(project: Project) -> tuple[Overlay, ...]:
    """Both ends of the SDK's range are tested: `.venv` has the newest, this the lowest."""
    aws = project.pins.get("pulumi-aws")
    lowest = Overlay("sdk-lowest", f"pulumi=={project.lowest_sdk}")
    return (lowest, Overlay("pulumi-aws", f"pulumi-aws=={aws}")) if aws else (lowest,)


def venv_stamp(project: Project) -> Path:
    """What is written last, when all is installed."""
    return project.root / ".venv/.lictor-set-up"


def _maker(project: Project) -> str:
    """What a venv is tied to: the Python that made it, and its place (its scripts name it)."""
    return f"Python {platform.python_version()} in {project.root}"


def venv_mark(project: Project) -> str:
    """What the stamp of a finished and current venv says."""
    return f"{_maker(project)}\n{project.digest}\n"


def venv_ready(project: Project) -> bool:
    """Whether `.venv` is finished, and made from what the checkout asks for now."""
    stamp = venv_stamp(project)
    usable = os.access(project.root / ".venv/bin/python", os.X_OK)
    return usable and stamp.is_file() and stamp.read_text() == venv_mark(project)


def require_venv() -> None:
    """Debian and Ubuntu ship Python without the part that makes virtual environments."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise process.Failed(
            f"{sys.executable} cannot make virtual environments: its venv module is not whole.\n"
            "  On Debian and Ubuntu: sudo apt install python3-venv"
        )


def make_venv(project: Project, runner: process.Runner) -> None:
    """Make `.venv`, or bring it up to date. Without its stamp it counts as half made."""
    stamp = venv_stamp(project)
    old = stamp.read_text() if stamp.is_file() else ""
    stamp.unlink(missing_ok=True)
    if not old.startswith(f"{_maker(project)}\n"):
        argv = [sys.executable, "-m", "venv", "--clear", ".venv"]
        runner.run("venv", "making .venv", argv, project.root)
    pip = [*_pip_install(project), "-c", "constraints.txt"]
    # An older pip knows neither --group nor --build-constraint.
    runner.run("pip", "updating pip", [*pip, "pip"], project.root)
    extras = ",".join(name for name in project.extras if name != NOT_IN_VENV)
    editable = ["--group", "dev", "--editable", f".[{extras}]" if extras else "."]
    argv = [*pip, "--build-constraint", "constraints.txt", *editable]
    runner.run("packages", "installing into .venv", argv, project.root)
    fresh = stamp.with_suffix(".new")
    fresh.write_text(venv_mark(project))
    fresh.replace(stamp)


def _pip_install(project: Project) -> list[str]:
    python = str(project.root / ".venv/bin/python")
    quiet = ("--disable-pip-version-check", "--no-input", "--progress-bar=off")
    return [python, "-m", "pip", "install", *quiet]


def overlay_folder(project: Project, overlay: Overlay) -> Path:
    """What goes on PYTHONPATH.

    It is called as where pip installs: dill, which Pulumi's SDK writes providers with, takes a
    package that lies elsewhere for the user's own code, and writes its modules into state.
    """
    return project.root / ".tools/site-packages" / overlay.name


def overlay_ready(project: Project, overlay: Overlay) -> bool:
    """Whether the folder holds the version that is asked for now."""
    stamp = overlay_folder(project, overlay) / ".requirement"
    return stamp.is_file() and stamp.read_text() == overlay.requirement


def make_overlay(project: Project, overlay: Overlay, runner: process.Runner) -> None:
    """Install the one package; `.venv` has what it depends on."""
    folder = overlay_folder(project, overlay)
    half = process.half_made(folder)
    target = ["--no-deps", "--no-compile", "--target", str(half), overlay.requirement]
    try:
        argv = [*_pip_install(project), *target]
        runner.run(overlay.name, f"installing {overlay.requirement}", argv, project.root)
        (half / ".requirement").write_text(overlay.requirement)
        shutil.rmtree(folder, ignore_errors=True)
        half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def installed(folder: Path, name: str) -> str:
    """The version of a package in a folder, as pip has recorded it."""
    found = [info.name for info in folder.glob(f"{name}-*.dist-info")]
    return found[0].removeprefix(f"{name}-").removesuffix(".dist-info") if found else "?"
