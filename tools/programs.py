"""The Go programs: found on PATH when recent enough, else built once from the pins in `tools/`.

A unit is what one installer brings and what is therefore found, or built, together: the Pulumi CLI
looks for its language host beside itself and warns about any other. What a unit's pin is, and from
which Go version it builds, stands only in its `go.mod`; the oldest version that we take from PATH
is the pin's minor release.

    .tools/built/consul-v1.22.5-<key>/   a finished build; it appears by one rename, or not at all
    .tools/bin/consul                    link to what the project uses: that build, or PATH's own
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tools import process

# Releases are built so, too. Symbols are stripped by -s -w, so DWARF need not be made at all:
# that saves a sixth of the compiler's time.
FLAGS = ("-mod=readonly", "-trimpath", "-gcflags=all=-dwarf=false")
LDFLAGS = "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}"
SDK = "github.com/pulumi/pulumi/sdk/v3"  # whose Go module carries the language host's helper files
ANSWER = 20  # seconds that a program may take to tell its version


@dataclass(frozen=True, order=True)
class Version:
    """A release number; a pre-release stands before its release."""

    major: int
    minor: int
    patch: int = 0
    final: bool = True

    @classmethod
    def find(cls, text: str) -> "Version | None":
        """Read the first version in what a program prints about itself."""
        match = re.search(r"(?<![\w.])(?:v|go)?(\d+)\.(\d+)(?:\.(\d+))?(-|rc|beta)?", text)
        if match is None:
            return None
        major, minor, patch, pre = match.groups()
        return cls(int(major), int(minor), int(patch or 0), pre is None)

    def __str__(self) -> str:
        """As the tools print it."""
        return f"v{self.major}.{self.minor}.{self.patch}{'' if self.final else '-pre'}"


@dataclass(frozen=True)
class Module:
    """A folder with a `go.mod` that pins one program by Go's `tool` directive."""

    folder: Path

    @cached_property
    def text(self) -> str:
        """What `go.mod` says."""
        return (self.folder / "go.mod").read_text()

    @cached_property
    def package(self) -> str:
        """The program's import path."""
        return _line(self, r"^tool (\S+)$")

    @property
    def program(self) -> str:
        """Name of the file that it builds."""
        return self.package.rpartition("/")[2]

    @cached_property
    def pin(self) -> Version:
        """The pinned version: that of the longest required module which holds the package."""
        required = re.findall(r"^(?:require )?\s*([\w./-]+) (v\S+)", self.text, re.MULTILINE)
        holders = [(m, v) for m, v in required if f"{self.package}/".startswith(f"{m}/")]
        version = Version.find(max(holders)[1])
        if version is None:
            raise process.Failed(f"{self.folder}/go.mod pins no version of {self.package}")
        return version

    @cached_property
    def go(self) -> Version:
        """The oldest Go that builds it."""
        return Version.find(_line(self, r"^go (\S+)$")) or Version(1, 0)


def _line(module: Module, pattern: str) -> str:
    """Return what a line of `go.mod` names."""
    found = re.search(pattern, module.text, re.MULTILINE)
    if found is None:
        raise process.Failed(f"{module.folder}/go.mod has no line like {pattern}")
    return found[1]


@dataclass(frozen=True)
class Unit:
    """What one installer brings: programs, and files that belong beside them."""

    name: str
    modules: tuple[Module, ...]
    installer: str
    helpers: tuple[str, ...] = ()

    @property
    def main(self) -> Module:
        """The module of the program that gave the unit its name."""
        return next(module for module in self.modules if module.program == self.name)

    @property
    def oldest(self) -> Version:
        """From here on we take what PATH has."""
        return Version(self.main.pin.major, self.main.pin.minor)

    @property
    def files(self) -> tuple[str, ...]:
        """Everything that must be there, the program that tells its version first."""
        others = [m.program for m in self.modules if m.program != self.name]
        return (self.name, *others, *(Path(helper).name for helper in self.helpers))

    @cached_property
    def folder(self) -> str:
        """Name of the finished build; another pin, other flags or another machine make another."""
        key = hashlib.sha256(repr((FLAGS, LDFLAGS, sys.platform, platform.machine())).encode())
        for module in self.modules:
            key.update(module.text.encode())
            key.update((module.folder / "go.sum").read_bytes())
        return f"{self.name}-{self.main.pin}-{key.hexdigest()[:12]}"


@dataclass(frozen=True)
class Found:
    """A unit that can be used, and where each of its files is."""

    unit: Unit
    version: Version
    origin: str  # PATH or built
    paths: Mapping[str, Path]


def units(root: Path) -> tuple[Unit, ...]:
    """All that lictor works with. The small build stands first: a fault of Go shows early."""
    tools = root / "tools"
    return (
        Unit(
            "consul-template",
            (Module(tools / "consul-template"),),
            "https://github.com/hashicorp/consul-template#installation"
            "  (brew install hashicorp/tap/consul-template)",
        ),
        Unit(
            "pulumi",
            (Module(tools / "language-python"), Module(tools / "pulumi")),
            "https://www.pulumi.com/docs/install/  (curl -fsSL https://get.pulumi.com | sh)",
            ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"),
        ),
        Unit(
            "consul",
            (Module(tools / "consul"),),
            "https://developer.hashicorp.com/consul/install  (brew install hashicorp/tap/consul)",
        ),
    )


def find(unit: Unit, root: Path, environ: Mapping[str, str]) -> Found | None:
    """Take what PATH has when it is recent enough and whole, else what was built before."""
    folders = [Path(part) for part in environ.get("PATH", "").split(os.pathsep) if part]
    for program in _executables(unit.name, folders, root):
        version = ask(program, environ)
        if version is None or version < unit.oldest:
            continue
        beside = [program.parent, program.resolve().parent, *folders]
        paths = {name: next(_executables(name, beside, root), None) for name in unit.files}
        whole = {name: path for name, path in paths.items() if path} | {unit.name: program}
        if len(whole) == len(unit.files):
            return Found(unit, version, "PATH", whole)
    built = root / ".tools/built" / unit.folder
    if all(os.access(built / name, os.X_OK) for name in unit.files):
        version = ask(built / unit.name, environ)
        if version == unit.main.pin:
            return Found(unit, version, "built", {name: built / name for name in unit.files})
    return None


def _executables(name: str, folders: Sequence[Path], root: Path) -> Iterator[Path]:
    """Every executable of that name, save those that lead to this checkout's own `.tools`."""
    own = (root / ".tools").resolve()
    for folder in folders:
        path = (folder / name).absolute()
        if path.is_file() and os.access(path, os.X_OK) and own not in path.resolve().parents:
            yield path


def ask(program: Path, environ: Mapping[str, str]) -> Version | None:
    """Ask a program for its version; nothing when it does not run or says none."""
    try:
        done = subprocess.run(  # noqa: S603 - a program that the user has on PATH, or our own build
            [program, "--version"],
            env={**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else Version.find(f"{done.stdout}\n{done.stderr}")


def require_go(missing: Sequence[Unit], environ: Mapping[str, str]) -> None:
    """Refuse early, with every way out, when something must be built and Go cannot."""
    module = max((m for unit in missing for m in unit.modules), key=lambda m: m.go)
    go = shutil.which("go", path=environ.get("PATH", ""))
    there = "there is no `go` on PATH"
    if go is not None:
        said = subprocess.run(  # noqa: S603 - in the module's folder it tells the Go that would build
            [go, "version"],
            cwd=module.folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        version = Version.find(said.stdout)
        if version is not None and version >= module.go:
            return
        there = f"{go} is {(said.stdout or said.stderr).strip()}"
    wanted = ", ".join(f"{unit.name} >= {unit.oldest}" for unit in missing)
    raise process.Failed(
        f"{wanted}: not found on PATH, so it has to be built;"
        f" that needs Go {module.go} or newer, and {there}.\n"
        "  Install Go (https://go.dev/dl/), or the official build of each, then run this again:\n"
        + "\n".join(f"    {unit.name}: {unit.installer}" for unit in missing)
    )


def fetch(unit: Unit, runner: process.Runner) -> None:
    """Load the modules' sources ahead: the network works for the next build during this one."""
    for module in unit.modules:
        argv = ["go", "list", "-mod=readonly", "-deps", module.package]
        _go(unit, f"{module.program}-sources", "fetching", argv, module, runner)


def build(unit: Unit, root: Path, runner: process.Runner) -> None:
    """Build into a folder that gets its name when all is in it; a killed build has no name."""
    shed = root / ".tools/built"
    half = process.half_made(shed / unit.folder)
    half.mkdir(parents=True)
    try:
        for module in unit.modules:
            _compile(unit, module, half, runner)
        _copy_helpers(unit, half, runner)
        shutil.rmtree(shed / unit.folder, ignore_errors=True)
        half.rename(shed / unit.folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    for older in shed.glob(f"{unit.name}-v*"):
        if older.name != unit.folder:
            shutil.rmtree(older, ignore_errors=True)


def _compile(unit: Unit, module: Module, folder: Path, runner: process.Runner) -> None:
    ldflags = LDFLAGS.format(version=module.pin)
    target = str(folder / module.program)
    argv = ["go", "build", "-v", *FLAGS, "-ldflags", ldflags, "-o", target, module.package]
    _go(unit, module.program, "building", argv, module, runner)


def _go(  # noqa: PLR0913, PLR0917 - what runs, and for whom, when it fails
    unit: Unit, name: str, doing: str, argv: Sequence[str], module: Module, runner: process.Runner
) -> None:
    try:
        runner.run(name, doing, argv, module.folder)
    except process.Failed as error:
        raise process.Failed(
            f"{error}\n  Or install it, {unit.oldest} or newer: {unit.installer}"
        ) from error


def _copy_helpers(unit: Unit, folder: Path, runner: process.Runner) -> None:
    """Copy the files that the SDK's Go module carries; the build has fetched it."""
    if not unit.helpers:
        return
    argv = ["go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", SDK]
    listed = subprocess.run(  # noqa: S603 - fixed arguments; `go` is the one that has just built
        argv,
        cwd=unit.main.folder,
        env=dict(runner.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        raise process.Failed(f"{unit.name}: {' '.join(argv)} failed:\n{listed.stderr}")
    for helper in unit.helpers:
        copy = folder / Path(helper).name
        shutil.copyfile(Path(listed.stdout.strip()) / helper, copy)
        copy.chmod(0o755)


def link(found: Sequence[Found], root: Path) -> None:
    """Let `.tools/bin` lead to what was found, each link exchanged in one step."""
    bin_folder = root / ".tools/bin"
    bin_folder.mkdir(parents=True, exist_ok=True)
    for name, path in ((n, p) for unit in found for n, p in unit.paths.items()):
        own = path.is_relative_to(root / ".tools")
        target = Path("..", path.relative_to(root / ".tools")) if own else path
        place = bin_folder / name
        if place.is_symlink() and place.readlink() == target:
            continue
        fresh = process.half_made(place)
        fresh.symlink_to(target)
        fresh.replace(place)
