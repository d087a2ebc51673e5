"""Where the log goes: files that are rotated, also where that fails, and syslog."""

from __future__ import annotations

import logging
import socket
import time
from typing import TYPE_CHECKING

import pytest

from lictor import errors
from lictor.esm import logs
from lictor.settings.monitor import Monitor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


@pytest.mark.parametrize(("facility", "number"), [("", 16), ("LOCAL3", 19), ("daemon", 3)])
def test_syslog(tmp_path: Path, facility: str, number: int) -> None:
    """Is told each line, with the facility and how grave it is."""
    place = str(tmp_path / "log")
    told = Monitor(enable_syslog=True, syslog_facility=facility)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(place)
        syslog.settimeout(10)
        with logs.to(told, (str(tmp_path / "nobody"), place)):
            LOG.info("a line")
            LOG.error("a worse one")
        first, second = syslog.recv(4096).decode(), syslog.recv(4096).decode()
    assert first.startswith(f"<{number * 8 + 6}>")
    assert "consul-esm: a line" in first
    assert second.startswith(f"<{number * 8 + 3}>")


def test_no_syslog(tmp_path: Path) -> None:
    """Is refused at the start, with the places."""
    place = str(tmp_path / "nobody")
    told = Monitor(enable_syslog=True)
    with pytest.raises(errors.SettingsError, match=place), logs.to(told, (place,)):
        pass
