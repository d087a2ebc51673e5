"""`.ci/run` and the Makefile: what counts as a pass. A stand-in for make gives the results."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
PASSED = "===== 12 passed, 1 skipped in 3.45s ====="


def run_ci(folder: Path, lint: int, test: int, output: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of `.ci/run` whose `make lint` and `make test` end as told.

    `make test-browser` ends as `make test` does, and prints the same unless there is a file for it.
    """
    (folder / ".ci").mkdir()
    shutil.copy(HERE / ".ci/run", folder / ".ci/run")
    (folder / "output").write_text(f"{output}\n")
    make = folder / "make"
    make.write_text(
        f'#!/bin/sh\necho "$1" >>ran\n[ "$1" = lint ] && exit {lint}\n'
        f'cat "$1" 2>/dev/null || cat output; exit {test}\n'
    )
    make.chmod(0o755)
    return subprocess.run(  # noqa: S603 - the script under test
        [folder / ".ci/run"],
        env={"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "closing",
    [
        PASSED,
        "12 passed in 3.45s",
        "\x1b[32m===== \x1b[1m12 passed\x1b[0m, 1 warning in 75.02s (0:01:15) =====\x1b[0m",
    ],
    ids=["plain", "quiet", "coloured"],
)
def test_a_pass_ends_with_pytests_closing_line(tmp_path: Path, closing: str) -> None:
    """Every command ran, and the last line tells how many tests there were."""
    done = run_ci(tmp_path, lint=0, test=0, output=f"tests/unit/test_x.py ....\n{closing}")
    assert done.returncode == 0, done.stdout
    assert "12 passed" in done.stdout.splitlines()[-1]
    assert (tmp_path / "ran").read_text().split() == ["lint", "test-browser", "test"]


@pytest.mark.parametrize(("lint", "test"), [(1, 0), (0, 2), (2, 1)])
def test_one_failure_is_enough_and_all_run(tmp_path: Path, lint: int, test: int) -> None:
    """A style fault does not hide what the tests say."""
    done = run_ci(tmp_path, lint, test, PASSED)
    assert done.returncode != 0
    assert done.stdout.splitlines()[-1] == PASSED
    assert (tmp_path / "ran").read_text().split() == ["lint", "test-browser", "test"]


@pytest.mark.parametrize(
    "output",
    [
        "",
        "===== no tests ran in 0.01s =====",
        "===== 5 skipped in 0.10s =====",
        "===== 3 deselected in 0.10s =====",
        "set-up: everything is there (0.3 s)",
        "a test that printed: 4 passed the gate",
    ],
)
def test_no_test_is_no_pass(tmp_path: Path, output: str) -> None:
    """Even when `make test` itself is content."""
    done = run_ci(tmp_path, lint=0, test=0, output=output)
    assert done.returncode != 0
    assert "ci: no test passed" in done.stdout


def test_no_test_in_the_browser_is_no_pass(tmp_path: Path) -> None:
    """Even when all others pass."""
    (tmp_path / "test-browser").write_text("===== 9 skipped in 0.10s =====\n")
    done = run_ci(tmp_path, lint=0, test=0, output=PASSED)
    assert done.returncode != 0
    assert "ci: no test passed in make test-browser" in done.stdout
    assert done.stdout.splitlines()[-1] == PASSED


def test_every_target_is_explained() -> None:
    """`make` alone lists them."""
    listed = subprocess.check_output(["make", "-C", HERE], text=True)  # noqa: S603, S607 - our own
    text = (HERE / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    for target in phony.split():
        assert re.search(rf"^{target} +\w", listed, re.MULTILINE)
