"""What is due by time: outputs that waited, and services that have been critical for too long.

A service is taken out only where Consul has said for all that time that it is critical, says so
still when it is asked once more, and nothing was written of the check since.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul.aio import checks
from lictor.esm import verdict
from lictor.esm.ledger import key_of

if TYPE_CHECKING:
    from lictor.consul.aio.client import Client
    from lictor.esm.doubt import Doubt
    from lictor.esm.ledger import Entry, Ledger
    from lictor.esm.prober import Key

_LOG = logging.getLogger("lictor.esm")


class Tending:
    """Looks after the ledger, for ever.

    Args:
        client: Whom to tell.
        ledger: What is looked after.
        doubt: Whether its checks are ours.
    """

    def __init__(self, client: Client, ledger: Ledger, doubt: Doubt) -> None:
        self._client = client
        self._ledger = ledger
        self._doubt = doubt

    async def run(self) -> None:
        """Do what is due, once a second."""
        while True:
            await asyncio.sleep(1.0)
            self._doubt.beat()
            self._ledger.tick()
            for key, entry in self._ledger.overdue():
                if self._doubt.open:
                    break
                if not entry.gone:
                    await self._tried(key, entry)

    async def _tried(self, key: Key, entry: Entry) -> None:
        row, entry.leaving = entry.row, True  # until it is seen anew, which may be at once
        try:
            if not await self._left(key, entry):
                entry.leaving = False
        except errors.ConsulError as error:
            entry.leaving = False
            pause = self._ledger.rest(entry)
            text = "could not deregister service %s on node %s, trying again in %.0fs: %s"
            _LOG.warning(text, row.service_id, row.node, pause, error)
            if isinstance(error, errors.ConsulUnreachable):
                self._doubt.arises()

    async def _left(self, key: Key, entry: Entry) -> bool:
        """Take a service out, if it still is as we know it; tell whether it is out."""
        row = entry.row
        rows = await checks.current(self._client, row)
        found = next((one for one in rows if key_of(one) == key), None)
        if found is None:
            return True  # gone already
        if entry.gone or bytes(found.definition) != bytes(row.definition):
            return False  # discovery will tell
        if found.status != verdict.CRITICAL or found.modify_index != row.modify_index:
            self._ledger.begin_again(key, entry, found)
            return False
        if not await checks.deregister_service(self._client, found):
            return False
        text = "agent has been critical for too long, deregistered service: service=%s node=%s"
        _LOG.info(text, row.service_id, row.node)
        return True
