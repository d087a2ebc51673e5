"""Aliases: a check that stands where another node, or a service on it, stands in Consul."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul.aio import checks, services, wire
from lictor.esm import definition, kinds, verdict
from lictor.esm.probes.failing import Unable

if TYPE_CHECKING:
    from lictor.consul.aio.client import Client
    from lictor.esm.kinds import Alias

_RANK = {verdict.PASSING: 0, verdict.WARNING: 1, verdict.CRITICAL: 2}


class Aliases:
    """Asks Consul what aliases stand for."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def ask(self, alias: Alias) -> verdict.Result:
        """Tell the worst of what it stands for, by the rules of Consul's own aliases.

        An alias of a service counts the checks of the service and those of its node, one of a node
        those of the node alone. Aliases that would hold each other do not count.

        Raises:
            Unable: Consul does not say.
        """
        try:
            rows = await checks.current(
                self._client, wire.Row(node=alias.node, check_id="", status="")
            )
            meant = [row for row in rows if row.service_id in ("", alias.service)]
            if not any(row.service_id == alias.service for row in meant):
                missing = await self._missing(alias)
                if missing:
                    return verdict.Result(verdict.CRITICAL, missing)
        except errors.ConsulError as error:
            raise Unable(f"alias of {alias.node}: {error}") from None
        return _worst([row for row in meant if not _back(row, alias)])

    async def _missing(self, alias: Alias) -> str:
        """Say what of it is not registered; empty where all is, if without checks."""
        found = await services.on(self._client, alias.node)
        if found is None:
            return f"Node {alias.node} could not be found"
        if alias.service and alias.service not in found:
            return f"Service {alias.service} could not be found on node {alias.node}"
        return ""


def _back(row: wire.Row, alias: Alias) -> bool:
    """Tell whether a check is an alias that would hold this one, or be held by it.

    That is one of the same, and each of the node's own that stands for something on the node: two
    of these would count each other.
    """
    spec = definition.read(bytes(row.definition), "", row.node)
    if spec is None or not isinstance(spec.probe, kinds.Alias):
        return False
    return spec.probe == alias or (not row.service_id and spec.probe.node == alias.node)


def _worst(meant: list[wire.Row]) -> verdict.Result:
    if not meant:
        return verdict.Result(verdict.PASSING, "No checks found.")
    worst = max(meant, key=lambda row: _RANK.get(row.status, 2))
    if worst.status == verdict.PASSING:
        return verdict.Result(verdict.PASSING, "All checks passing.")
    status = worst.status if worst.status in _RANK else verdict.CRITICAL
    return verdict.Result(status, f'Aliased check "{worst.name}" failing: {worst.output}')
