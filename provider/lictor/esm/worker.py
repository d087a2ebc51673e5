"""A process that runs probes and nothing else: told what to run, it tells what changed.

``python -m lictor.esm.worker FD``; messages are MessagePack with their length in front, over the
socket that it inherits. It ends when that does.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING

import msgspec

from lictor import errors
from lictor.esm import definition, verdict
from lictor.esm.prober import Prober, Report, Stats, Work
from lictor.esm.probes import making
from lictor.esm.probes.dialing import Dialer
from lictor.esm.probes.failing import Unable
from lictor.esm.probes.trust import Trust

if TYPE_CHECKING:
    import ssl

    from lictor.esm.kinds import Alias
    from lictor.esm.prober import Key

_LENGTH = struct.Struct(">I")
_PAUSE = 0.02
_AGAIN = 5.0
_LOG = logging.getLogger("lictor.esm")


class Order(msgspec.Struct, array_like=True):
    """What a worker shall do.

    Attributes:
        changed: Key, definition, notes and status of what is to be run anew.
        gone: What is to be run no more.
        thresholds: For passing and critical; None for as before.
        trust: Files of TLS; None for as before.
    """

    changed: list[tuple[tuple[str, str, str, str, str], bytes, str, str]] = []
    gone: list[tuple[str, str, str, str, str]] = []
    thresholds: tuple[int, int] | None = None
    trust: tuple[str, str, str, str] | None = None


class Word(msgspec.Struct, array_like=True):
    """What a worker tells: results, what it has done so far, lines for the log, what it lacks."""

    reports: list[tuple[tuple[str, str, str, str, str], str, str]] = []
    runs: int = 0
    lag: float = 0.0
    unable: int = 0
    running: int = 0
    checks: int = 0
    lines: list[tuple[int, str]] = []
    trouble: str = ""


class _Lines(logging.Handler):
    """Keeps what is logged, with its level, for whoever has the log."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append((record.levelno, self.format(record)))


_ORDERS = msgspec.msgpack.Decoder(Order)
_WORDS = msgspec.msgpack.Decoder(Word)


def packed(message: Order | Word) -> bytes:
    """Make a message ready to be sent."""
    data = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(data)) + data


async def order(reader: asyncio.StreamReader) -> Order:
    """Read an order."""
    return _ORDERS.decode(await _message(reader))


async def word(reader: asyncio.StreamReader) -> Word:
    """Read what a worker tells."""
    return _WORDS.decode(await _message(reader))


async def _message(reader: asyncio.StreamReader) -> bytes:
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    return await reader.readexactly(length)


async def _no_alias(alias: Alias) -> verdict.Result:
    raise Unable(f"an alias of {alias.node} is no worker's")


class _Nobody(Trust):
    """Trusts nobody yet, and blames nobody for it."""

    def context(self, *, verify: bool, protocol: str = "") -> ssl.SSLContext:  # noqa: ARG002
        raise Unable("the files of TLS cannot be read")


class _Trusting:
    """Reads the files of TLS; while they cannot be read what was read before holds.

    Attributes:
        trouble: Why they cannot be read; empty where they are.
    """

    def __init__(self, dialer: Dialer) -> None:
        self.trouble = ""
        self._dialer = dialer
        self._files = ("", "", "", "")
        self._tried = 0.0
        dialer.trust = _Nobody()

    def read(self, files: tuple[str, str, str, str]) -> None:
        """Read some files, now and until they can be read."""
        self._files = files
        self._tried = time.monotonic()
        try:
            self._dialer.trust = Trust(*files)
        except errors.SettingsError as error:
            if not self.trouble:
                _LOG.error("%s", error)
            self.trouble = str(error)
        else:
            self.trouble = ""

    def again(self) -> None:
        """Try once more, where that failed a while ago."""
        if self.trouble and time.monotonic() - self._tried > _AGAIN:
            self.read(self._files)


async def work(sock: socket.socket) -> None:
    """Work until the other end hangs up."""
    reader, writer = await asyncio.open_connection(sock=sock)
    dialer = Dialer(Trust())
    reports: list[Report] = []
    prober = Prober(
        lambda spec: making.make(spec, dialer, _no_alias), reports.append, verdict.Thresholds()
    )
    running = asyncio.create_task(prober.run(), name="prober")
    lines = _Lines()
    logging.getLogger("lictor.esm").addHandler(lines)
    trusting = _Trusting(dialer)
    telling = asyncio.create_task(
        _tell(writer, reports, prober.stats, lines, trusting), name="tell"
    )
    try:
        while True:
            told = await order(reader)
            if told.trust is not None:
                trusting.read(told.trust)
            if told.thresholds is not None:
                prober.thresholds = verdict.Thresholds(*told.thresholds)
            changed: dict[Key, Work] = {}
            for key, data, notes, status in told.changed:
                spec = definition.read(data, notes, key[0])
                if spec is not None:
                    changed[key] = Work(spec, status, data, notes)
            if changed or told.gone:
                prober.follow(changed, frozenset(told.gone))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        running.cancel()
        telling.cancel()
        await asyncio.gather(running, telling, return_exceptions=True)


async def _tell(
    writer: asyncio.StreamWriter,
    reports: list[Report],
    stats: Stats,
    lines: _Lines,
    trusting: _Trusting,
) -> None:
    silent = 0.0
    while True:
        await asyncio.sleep(_PAUSE)
        silent += _PAUSE
        if not reports and silent < 1.0:
            continue
        told = [(report.key, report.status, report.output) for report in reports]
        reports.clear()
        silent = 0.0
        said, lines.kept = lines.kept, []
        trusting.again()
        counts = (stats.runs, stats.lag, stats.unable, stats.running, stats.checks)
        done = Word(told, *counts, said, trusting.trouble)
        stats.lag = 0.0
        writer.write(packed(done))
        await writer.drain()


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # whoever started us ends us
    asyncio.run(work(socket.socket(fileno=int(sys.argv[1]))))
