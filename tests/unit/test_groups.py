"""Tests that share what is dear to set up run on one worker."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MODULE = """
import os, pathlib, time, pytest

@pytest.mark.xdist_group("dear")
@pytest.mark.parametrize("number", range(4))
def test_it(number):
    pathlib.Path("workers", os.environ["PYTEST_XDIST_WORKER"]).touch()
    time.sleep(0.1)
"""


@pytest.mark.long
def test_a_group_runs_on_one_worker(tmp_path: Path) -> None:
    """With pytest 9.2 and xdist 3.8 it does not, and nobody says so: each worker sets up."""
    (tmp_path / "test_dear.py").write_text(MODULE)
    (tmp_path / "workers").mkdir()
    options = ["-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider"]
    done = subprocess.run(  # noqa: S603 - our own test
        [sys.executable, "-m", "pytest", *options, "-n", "2", "--dist", "loadgroup"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((tmp_path / "workers").iterdir())) == 1
