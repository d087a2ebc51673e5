"""`make test-browser` finds a browser, installs one, or says what to do. apt is a stand-in."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
INSTALLS = 'echo "$@" >>said; case "$*" in *install*) cp apt-get chromium;; esac'

SUDO = 'shift; exec "$@"'


def run(folder: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """Run it with these programs alone on PATH, each a line of shell."""
    for name, line in programs.items():
        place = folder / name.replace("_", "-")
        place.write_text(f"#!/bin/sh\ncd {folder}\n{line}\n")
        place.chmod(0o755)
    return subprocess.run(
        [sys.executable, "-m", "tools.browser"],
        cwd=HERE,
        env={"PATH": f"{folder}:/none", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["chromium", "google_chrome"])
def test_a_browser_on_path_is_enough(tmp_path: Path, name: str) -> None:
    """Nothing is installed, and nothing said."""
    done = run(tmp_path, **{name: "exit 0", "apt_get": "echo called >>said"})
    assert (done.returncode, done.stdout) == (0, "")
    assert not (tmp_path / "said").exists()


def test_debians_package_is_installed(tmp_path: Path) -> None:
    """The list first, then the package; by sudo for who is not root."""
    done = run(tmp_path, apt_get=f"PATH=/usr/bin:/bin; {INSTALLS}", sudo=SUDO)
    assert done.returncode == 0, done.stdout
    verbs = [line.split()[2] for line in (tmp_path / "said").read_text().splitlines()]
    assert verbs == ["update", "install"]


@pytest.mark.parametrize(
    ("programs", "why"),
    [
        ({}, "there is no apt-get"),
        ({"apt_get": "exit 100", "sudo": SUDO}, "apt-get update failed"),
        ({"apt_get": "exit 0", "sudo": SUDO}, "the package brings no chromium"),
    ],
)
def test_where_it_cannot_be_installed(tmp_path: Path, programs: dict[str, str], why: str) -> None:
    """Says so, and what a person can do."""
    done = run(tmp_path, **programs)
    assert done.returncode == 1
    assert f"cannot be installed from here: {why}." in done.stdout
    assert "CHROMIUM=" in done.stdout
