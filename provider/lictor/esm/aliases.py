"""Aliases: a check that stands where another node, or a service on it, stands in Consul."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul.aio import checks, wire
from lictor.esm import verdict
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
        """Tell the worst of what it stands for.

        Raises:
            Unable: Consul does not say.
        """
        try:
            rows = await checks.current(
                self._client, wire.Row(node=alias.node, check_id="", status="")
            )
        except errors.ConsulError as error:
            raise Unable(f"alias of {alias.node}: {error}") from None
        meant = [row for row in rows if not alias.service or row.service_id == alias.service]
        what = f"service {alias.service} on node {alias.node}" if alias.service else alias.node
        if not meant:
            if rows:
                return verdict.Result(verdict.PASSING, f"No checks found for aliased {what}.")
            return verdict.Result(verdict.CRITICAL, f"Aliased {what} is not registered")
        worst = max(meant, key=lambda row: _RANK.get(row.status, 2))
        if worst.status == verdict.PASSING:
            return verdict.Result(verdict.PASSING, "All checks passing.")
        status = worst.status if worst.status in _RANK else verdict.CRITICAL
        return verdict.Result(status, f'Aliased check "{worst.name}" failing: {worst.output}')
