"""Where the log goes and what a line looks like: consul-esm's forms, for people and as JSON.

Lines are written by a thread of their own: a full pipe or a slow disk holds up no probe.
"""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import os
import queue
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lictor import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lictor.settings.monitor import Monitor

TRACE = 5
_LEVELS = {
    "TRACE": TRACE,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERR": logging.ERROR,
    "ERROR": logging.ERROR,
}
_NAMES = {"WARNING": "WARN", "CRITICAL": "ERROR"}
_DAY = 86400.0
_NANOS = 19
_PATIENCE = 60.0
"""Seconds until another file is tried again where that failed."""


_SYSLOGS = ("/dev/log", "/var/run/syslog")


@contextlib.contextmanager
def to(told: Monitor, syslogs: Sequence[str] = _SYSLOGS) -> Iterator[None]:
    """Write the log of a block where the settings say.

    Args:
        told: The settings.
        syslogs: Where a syslog may listen; the first that does is told.

    Raises:
        errors.SettingsError: It cannot be written there.
    """
    logger = logging.getLogger("lictor.esm")
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if told.log_file:
        handlers.append(_file(told))
    if told.enable_syslog:
        handlers.append(_syslog(told, syslogs))
    for handler in handlers:
        handler.setFormatter(_JSON() if told.log_json else _Text())
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(lines, *handlers)
    entrance = logging.handlers.QueueHandler(lines)
    logger.addHandler(entrance)
    logger.propagate = False
    level(told)
    listener.start()
    try:
        yield
    finally:
        logger.removeHandler(entrance)
        listener.stop()
        for handler in handlers:
            handler.close()


def level(told: Monitor) -> None:
    """Set what is worth a line."""
    logging.getLogger("lictor.esm").setLevel(_LEVELS[told.log_level.upper()])


def _when(record: logging.LogRecord) -> str:
    text = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _level(record: logging.LogRecord) -> str:
    return "TRACE" if record.levelno <= TRACE else _NAMES.get(record.levelname, record.levelname)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return f"{_when(record)} {f'[{_level(record)}]':<7} consul-esm: {text}"


class _JSON(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "@level": _level(record).lower(),
            "@message": record.getMessage(),
            "@module": "consul-esm",
            "@timestamp": _when(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _file(told: Monitor) -> logging.Handler:
    path = Path(told.log_file)
    if told.log_file.endswith("/"):
        path /= "consul.log"
    try:
        return _Rotating(
            path,
            every=told.seconds("log_rotate_duration") or _DAY,
            most=told.log_rotate_bytes,
            kept=told.log_rotate_max_files,
        )
    except OSError as error:
        raise errors.SettingsError(f'log_file: "{path}": {error.strerror}') from None


class _Rotating(logging.StreamHandler):  # type: ignore[type-arg] # generic in types only
    """Appends to a file, and begins another when it is old or large.

    Where that fails it goes on with the file it has, says so once, and tries again later.
    """

    def __init__(self, path: Path, *, every: float, most: int, kept: int) -> None:
        self._path, self._every, self._most, self._kept = path, every, most, kept
        self._begun = time.monotonic()
        self._patient = 0.0
        self._told = False
        super().__init__(self._opened())

    def _opened(self) -> object:
        number = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        return os.fdopen(number, "a", encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        try:
            old = now - self._begun > self._every
            if now >= self._patient and (old or 0 < self._most <= self.stream.tell()):
                self._rotate()
        except (OSError, ValueError) as error:
            self._patient = now + _PATIENCE
            self._say(error)
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's
        """Say why a line could not be written, in place of a trace for each of them."""
        self._say(sys.exception())

    def _say(self, error: BaseException | None) -> None:
        if not self._told:
            self._told = True
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"log_file {self._path}: {error}; going on as far as it goes\n")

    def _rotate(self) -> None:
        """Begin another file; until that is open the old one stays."""
        path = self._path
        with contextlib.suppress(FileNotFoundError):  # somebody took it away
            path.rename(path.with_name(f"{path.stem}-{time.time_ns()}{path.suffix}"))
        old, self.stream = self.stream, self._opened()
        self._begun = time.monotonic()
        with contextlib.suppress(OSError):
            old.close()
        if self._kept:
            olds = sorted(one for one in path.parent.iterdir() if self._ours(one))
            for one in olds[: -self._kept if self._kept > 0 else None]:
                one.unlink(missing_ok=True)
        self._told = False

    def _ours(self, path: Path) -> bool:
        """Whether a file is one that was rotated: its name ends in a time in nanoseconds."""
        stem, _, number = path.stem.rpartition("-")
        same = (stem, path.suffix) == (self._path.stem, self._path.suffix)
        return same and number.isdecimal() and len(number) >= _NANOS

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.stream.close()
        super().close()


def _syslog(told: Monitor, places: Sequence[str]) -> logging.Handler:
    facility = (told.syslog_facility or "LOCAL0").lower()
    for place in places:
        if _listens(place):
            return logging.handlers.SysLogHandler(place, facility)
    raise errors.SettingsError(f"enable_syslog: no syslog listens at {' or '.join(places)}")


def _listens(place: str) -> bool:
    """Tell whether somebody does: the library's handler begins without a word where nobody does."""
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as sock:
            sock.connect(place)
            return True
    return False
