"""The parts of a running monitor, joined."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul.aio import presence
from lictor.esm import aliases, starting, telemetry, verdict
from lictor.esm.belonging import WithAgent, WithoutAgent
from lictor.esm.board import Board
from lictor.esm.discovery import Discovery
from lictor.esm.doubt import Doubt
from lictor.esm.ledger import Ledger
from lictor.esm.pings import Pings, Rules
from lictor.esm.place import Place
from lictor.esm.pool import Pool
from lictor.esm.prober import Prober, Report
from lictor.esm.probes import making
from lictor.esm.probes.dialing import Dialer
from lictor.esm.probes.ping import Pinger
from lictor.esm.sharing import Sharing
from lictor.esm.tending import Tending
from lictor.esm.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lictor.consul.aio.client import Client
    from lictor.esm.belonging import Belonging
    from lictor.esm.probes.trust import Trust
    from lictor.settings.monitor import Monitor

_LOG = logging.getLogger("lictor.esm")
_END = 3.0
"""Seconds that Consul has to take us out, at the end; else it forgets us by itself."""


def files_of_trust(told: Monitor) -> tuple[str, str, str, str]:
    """Name the files of TLS for probes."""
    return told.https_ca_file, told.https_ca_path, told.https_cert_file, told.https_key_file


def instance_of(told: Monitor) -> presence.Instance:
    """Say who we are; without an id of its own an instance gets one by chance."""
    ident = f"{told.consul_service}:{told.instance_id or uuid.uuid4()}"
    return presence.Instance(told.consul_service, told.consul_service_tag, ident)


class Parts:
    """Everything that runs.

    Args:
        told: The settings.
        client: Consul.
        instance: Who we are.
        trust: How probes trust.
        workers: Processes for probes; 0 for none beside this one.
    """

    def __init__(
        self,
        told: Monitor,
        client: Client,
        instance: presence.Instance,
        trust: Trust,
        workers: int,
    ) -> None:
        self._client, self._told, self._instance = client, told, instance
        place = _place(told, instance.ident)
        loop = asyncio.get_running_loop()
        self._dialer = Dialer(trust)
        alias = aliases.Aliases(client)
        thresholds = _thresholds(told)
        self._prober = Prober(
            lambda spec: making.make(spec, self._dialer, alias.ask),
            self._reported,
            thresholds,
        )
        self._pool: Pool | None = None
        if workers:
            self._pool = Pool(
                workers,
                self._reported,
                self._prober,
                thresholds,
                files_of_trust(told),
            )
        prober = self._pool or self._prober
        self.ledger = Ledger(prober.follow, loop.time, told.seconds("check_update_interval"))
        pinger = Pinger(self._dialer.names, raw=told.ping_type == "socket")
        doubt = Doubt(loop.time, self.ledger.resume)
        now = lambda: datetime.now(UTC)  # noqa: E731, TID251 - this is the edge
        self._pings = Pings(client, pinger, _rules(told), now, doubt)
        self._discovery = Discovery(client, place, self.ledger, self._pings.follow, doubt)
        self._writer = Writer(client, self.ledger, self._address, doubt)
        self._tending = Tending(client, self.ledger, doubt)
        self._belonging: Belonging = WithAgent(client, instance)
        if told.enable_agentless:
            self._belonging = WithoutAgent(client, instance, place.path, place.meta)
        self._sharing = Sharing(client, place, self._discovery, self._belonging.bound)
        self._board = Board(
            prober.stats,
            self.ledger,
            self._discovery,
            self._writer,
            self._sharing,
            self._pings,
            self._belonging,
            self._pool,
        )

    async def run(self, ready: Callable[[], None]) -> None:
        """Wait for Consul, run until cancelled, and take the registration back.

        Args:
            ready: Told when the waiting is over.

        Raises:
            errors.LictorError: It cannot begin.
        """
        begun = False
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(telemetry.push(self._told, self._board), name="telemetry")
                if self._told.client_address:
                    serving = telemetry.serve(self._told, self._board)
                    group.create_task(serving, name="listen")
                agent = await starting.ready(self._client)
                self._discovery.namespaces = "+ent" in agent.config.version
                belonging = self._belonging
                await starting.alone(self._instance.ident, belonging.taken, belonging.patience)
                begun = True
                ready()
                for name, work in self._tasks():
                    group.create_task(work, name=name)
        finally:
            if begun:  # else it may be somebody else's
                with contextlib.suppress(errors.ConsulError, TimeoutError):
                    async with asyncio.timeout(_END):
                        await self._sharing.release()
                        await self._belonging.end()

    def reload(self, told: Monitor, trust: Trust) -> None:
        """Go on with what may change while we run."""
        self._told = told
        self._dialer.trust = trust
        self._prober.thresholds = _thresholds(told)
        if self._pool is not None:
            self._pool.configure(_thresholds(told), files_of_trust(told))
        self.ledger.output_after = told.seconds("check_update_interval")
        self._pings.rules = _rules(told)

    def _tasks(self) -> Iterator[tuple[str, asyncio._CoroutineLike[None]]]:
        yield "presence", self._belonging.stay()
        yield "discovery", self._discovery.run()
        yield "sharing", self._sharing.run()
        yield "prober", (self._pool or self._prober).run()
        yield "writer", self._writer.run()
        yield "pings", self._pings.run()
        yield "ledger", self._tending.run()

    def _reported(self, report: Report) -> None:
        self.ledger.report(report)

    def _address(self, node: str) -> str:
        found = self._discovery.nodes.get(node)
        return found.address if found else ""


def _thresholds(told: Monitor) -> verdict.Thresholds:
    return verdict.Thresholds(told.passing_threshold, told.critical_threshold)


def _rules(told: Monitor) -> Rules:
    return Rules(
        told.kv_path,
        told.seconds("node_probe_interval"),
        told.seconds("node_reconnect_timeout"),
        not told.disable_coordinate_updates,
    )


def _place(told: Monitor, ident: str) -> Place:
    return Place(
        meta=told.external_node_meta,
        path=told.kv_path,
        lock=told.leader_key,
        service=told.consul_service,
        tag=told.consul_service_tag,
        ident=ident,
        stale=told.stale_read_nodes,
    )
