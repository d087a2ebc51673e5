"""Where the log goes: files that are rotated, also where that fails, and syslog."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from lictor.esm import logs
from lictor.settings.monitor import Monitor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

LOG = logging.getLogger("lictor.esm")


def until(holds: Callable[[], object]) -> None:
    """Log until something holds."""
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        LOG.info("a line")
        time.sleep(0.002)


def test_a_file_that_is_old(tmp_path: Path) -> None:
    """Is named by its time, and another one begun; of the old ones so many are kept."""
    path = tmp_path / "esm.log"
    told = Monitor(log_file=str(path), log_rotate_duration="10ms", log_rotate_max_files=2)
    first = ""
    with logs.to(told):
        until(lambda: list(tmp_path.glob("esm-*.log")))
        first = min(tmp_path.glob("esm-*.log")).name
        until(lambda: not (tmp_path / first).exists())
        LOG.info("the last line")
    assert "the last line" in path.read_text()
    assert 1 <= len(list(tmp_path.glob("esm-*.log"))) <= 2


def test_a_file_that_cannot_be_rotated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is written on; that is said once, and nothing is lost, there or on stdout."""
    path = tmp_path / f"{'x' * 245}.log"  # with a time in it the name is longer than any may be
    with logs.to(Monitor(log_file=str(path), log_rotate_bytes=1)):
        for number in range(20):
            LOG.info("line %d", number)
    out, err = capsys.readouterr()
    for text in (path.read_text(), out):
        assert [line.rpartition("line ")[2] for line in text.splitlines()] == [
            str(number) for number in range(20)
        ]
    assert err.count("log_file") == 1
    assert "File name too long" in err


def test_a_file_that_somebody_took_away(tmp_path: Path) -> None:
    """Is begun anew."""
    path = tmp_path / "esm.log"
    with logs.to(Monitor(log_file=str(path), log_rotate_bytes=1)):
        until(path.stat)
        until(lambda: path.stat().st_size)
        path.unlink()
        until(path.exists)
