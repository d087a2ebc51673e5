"""`lictor esm`: from the command line to a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.metadata
import logging
import os
import resource
import signal
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul.aio.client import Client
from lictor.esm import banner, flags, logs, parts, telemetry
from lictor.esm.probes.trust import Trust
from lictor.notify import Notifier
from lictor.settings import files, monitor_access

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lictor.consul.aio.presence import Instance
    from lictor.esm.flags import Flags
    from lictor.settings.monitor import Monitor

_LOG = logging.getLogger("lictor.esm")

REFUSED = 11
"""Exit code of consul-esm for flags and config that cannot be, and for a start that cannot."""

_LAST = 8.0
"""Seconds after which a stop ends, whatever still hangs."""

RELOADED = frozenset(
    (
        *("token", "ca_file", "ca_path", "cert_file", "key_file", "tls_server_name", "http_addr"),
        *("https_ca_file", "https_ca_path", "https_cert_file", "https_key_file", "log_level"),
        *("passing_threshold", "critical_threshold", "check_update_interval"),
        *("node_reconnect_timeout", "node_probe_interval", "disable_coordinate_updates"),
    )
)
"""Keys that a reload changes; all others need a restart."""


def main(arguments: Sequence[str]) -> int:
    """Run the verb; return its exit code, which is consul-esm's."""
    try:
        given = flags.read(arguments)
        if given.usage:
            _say(flags.USAGE)
            return REFUSED
        if given.version:
            _say(f"lictor v{importlib.metadata.version('lictor')}")
            return 0
        told = files.monitor(given.places)
        with logs.to(told):
            asyncio.run(_monitor(given, told))
    except errors.LictorError as error:
        if os.environ.get("LICTOR_DEBUG"):
            raise
        sys.stderr.write(f"{error}\n")
        return REFUSED
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class _Start:
    """What a monitor is started with."""

    given: Flags
    told: Monitor
    client: Client
    instance: Instance
    trust: Trust


@dataclass(slots=True)
class _Signals:
    """What was asked of us."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    reload: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload.set)
        for number in (signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)


async def _monitor(given: Flags, told: Monitor) -> None:
    """Monitor until a signal ends it.

    Raises:
        errors.LictorError: It cannot begin.
    """
    signals = _Signals()
    signals.listen()
    _make_room()
    notifier = Notifier(os.environ)
    trust = Trust(*parts.files_of_trust(told))
    access = monitor_access.access(told, os.environ)
    instance = parts.instance_of(told)
    if not told.log_json:
        _say(banner.text(told, instance.ident))
    for warning in telemetry.warnings(told.telemetry):
        _LOG.warning(warning)
    async with Client(access) as client:
        start = _Start(given, told, client, instance, trust)
        work = asyncio.create_task(_work(start, signals, notifier), name="monitor")
        ended = asyncio.create_task(signals.stop.wait(), name="signal")
        await asyncio.wait((work, ended), return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not work.done():
            _LOG.info("Shutting down")
            last = threading.Timer(_LAST, os._exit, (0,))  # a resolver that hangs shall not hold us
            last.daemon = True
            last.start()
            notifier.stopping()
            work.cancel()
        try:
            await work
        except asyncio.CancelledError:
            return
        except BaseExceptionGroup as group:
            fault = _first(group)
            raise fault from (None if isinstance(fault, errors.LictorError) else group)


async def _work(start: _Start, signals: _Signals, notifier: Notifier) -> None:
    running = parts.Parts(
        start.told, start.client, start.instance, start.trust, start.given.workers
    )
    gc.collect()
    gc.freeze()  # what was imported lives for ever, and need not be looked through again
    async with asyncio.TaskGroup() as group:
        group.create_task(
            running.run(lambda: notifier.ready(f"monitoring as {start.instance.ident}")),
            name="parts",
        )
        group.create_task(_reload(start, running, signals.reload), name="reload")
        if notifier.pause is not None:
            group.create_task(_pulse(notifier), name="pulse")


async def _reload(start: _Start, running: parts.Parts, asked: asyncio.Event) -> None:
    """Read everything anew at each SIGHUP: files, token, certificates."""
    while True:
        await asked.wait()
        asked.clear()
        try:
            now = files.monitor(start.given.places)
            trust = Trust(*parts.files_of_trust(now))
            start.client.renew(monitor_access.access(now, os.environ))
        except errors.LictorError as error:
            _LOG.error("not reloaded, everything goes on as before: %s", error)
            continue
        running.reload(now, trust)
        logs.level(now)
        kept = [
            name
            for name in now.__struct_fields__
            if name not in RELOADED and getattr(now, name) != getattr(start.told, name)
        ]
        if kept:
            _LOG.warning("these keys need a restart to change: %s", ", ".join(kept))
        _LOG.info("Reloaded config, token and certificates")


async def _pulse(notifier: Notifier) -> None:
    while True:
        notifier.alive()
        await asyncio.sleep(notifier.pause or 1.0)


def _make_room() -> None:
    """Raise the limit of open files as far as we may: a connection for each probe under way."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Find what is at fault: one task's error has ended all."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
