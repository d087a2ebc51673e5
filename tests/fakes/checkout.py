"""A checkout with nothing set up, and a stand-in for Go: what the tests of set-up work on."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tools import programs

HERE = Path(__file__).resolve().parents[2]

# Writes programs that tell the version from -ldflags, as `go build` would. Its own folder steers
# it: with `broken` it fails, with the pipe `gate` it says so and waits for a line.
# Its second line is the shell's way to Python, whose path may hold a space, and to Python a text.
GO = f"""#!/bin/sh
"exec" "{sys.executable}" "-IS" "$0" "$@"
import os, pathlib, sys
here, args = pathlib.Path(__file__).parent, sys.argv[1:]
if args == ["version"]:
    print((here / "go-version").read_text())
    sys.exit()
if args[0] == "list":
    print(here / "sdk")
    sys.exit()
target = pathlib.Path(args[args.index("-o") + 1])
with open(here / "calls", "a") as calls:
    calls.write(target.name + "\\n")
if (here / "broken").exists():
    print("some/package", "broken.go:1:1: this cannot compile", sep="\\n", file=sys.stderr)
    sys.exit(1)
if (here / "gate").exists():
    target.write_text("half")
    gate = os.open(here / "gate", os.O_RDWR)
    (here / "started").write_text("started")
    os.read(gate, 1)
version = args[args.index("-ldflags") + 1].rpartition("=")[2]
target.write_text("#!/bin/sh\\necho " + version + "\\n")
target.chmod(0o755)
"""


@dataclass
class Checkout:
    """A checkout with the real pins, and the only folder that its set-ups have on PATH."""

    root: Path
    path: Path

    @property
    def units(self) -> dict[str, programs.Unit]:
        """What is needed, by name."""
        return {unit.name: unit for unit in programs.units(self.root)}

    @property
    def command(self) -> list[str]:
        """Set-up, as the Makefile calls it."""
        return [sys.executable, "-m", "tools.setup", "--root", str(self.root)]

    @property
    def environ(self) -> dict[str, str]:
        """Nothing of the machine's own PATH."""
        return {"PATH": f"{self.path}:{self.path / 'later'}", "HOME": str(self.root)}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run set-up to its end."""
        return subprocess.run(  # noqa: S603 - the set-up under test
            [*self.command, *(arguments or ("tools",))],
            cwd=HERE,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self) -> subprocess.Popen[str]:
        """Start a set-up that the test meets again."""
        return subprocess.Popen(  # noqa: S603 - the set-up under test
            [*self.command, "tools"],
            cwd=HERE,
            env=self.environ,
            stdout=subprocess.PIPE,
            text=True,
        )

    def put(self, name: str, text: str, folder: str = ".") -> Path:
        """Put an executable on PATH."""
        place = self.path / folder / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
        place.chmod(0o755)
        return place

    def install(self, unit: str, version: str, folder: str = ".") -> None:
        """Put a whole unit on PATH, as its official installer would."""
        for name in self.units[unit].files:
            self.put(name, f"#!/bin/sh\necho {unit} {version}\n", folder)

    def install_go(self, version: str = "go1.99.0") -> None:
        """Put the stand-in for Go on PATH, and what the SDK's module carries."""
        self.put("go", GO)
        (self.path / "go-version").write_text(f"go version {version} linux/amd64")
        for helper in self.units["pulumi"].helpers:
            place = self.path / "sdk" / helper
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(f"#!/bin/sh\necho {place.name}\n")

    def hold_builds(self) -> None:
        """Let every build wait for the test."""
        os.mkfifo(self.path / "started")
        os.mkfifo(self.path / "gate")

    def release_builds(self) -> None:
        """Let the build that waits go on, and later ones not wait at all."""
        gate = self.path / "gate"
        moved = gate.rename(self.path / "open")
        moved.write_text("go on")

    @property
    def builds(self) -> list[str]:
        """What Go has built so far, in order."""
        calls = self.path / "calls"
        return calls.read_text().split() if calls.exists() else []

    @property
    def record(self) -> dict[str, dict[str, str]]:
        """What set-up has written down."""
        text = (self.root / ".tools/tools.json").read_text()
        return {str(name): dict(entry) for name, entry in json.loads(text).items()}

    def used(self, name: str) -> Path:
        """Where the program is that the Makefile's PATH leads to."""
        return (self.root / ".tools/bin" / name).resolve(strict=True)

    @property
    def finished(self) -> list[str]:
        """Builds that look finished."""
        return sorted(entry.name for entry in (self.root / ".tools/built").glob("[!.]*"))


def make_checkout(folder: Path) -> Checkout:
    """Copy what set-up reads; nothing is installed, built or on PATH."""
    path = folder / "path"
    path.mkdir()
    root = folder / "checkout"
    shutil.copytree(HERE / "tools", root / "tools")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(HERE / name, root)
    return Checkout(root, path)
