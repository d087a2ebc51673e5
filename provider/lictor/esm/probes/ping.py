"""Is a node there: an echo of ICMP, or a connection where echoes are blocked.

An echo goes by a datagram socket, for which the kernel asks no right but a group of
`net.ipv4.ping_group_range`, or by a raw one, for which it asks CAP_NET_RAW. Where one of them is
not allowed the other is tried; where neither is, nothing is known of the node, and nothing is said.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

import icmplib
from icmplib.utils import unique_identifier

from lictor.esm.probes import dialing, failing
from lictor.esm.probes.failing import ProbeFailed, Unable

if TYPE_CHECKING:
    from lictor.esm.probes.names import Names

_LOG = logging.getLogger("lictor.esm")
TIMEOUT = 5.0
REMEDY = (
    "no right to ping: add this user's group to net.ipv4.ping_group_range, give the process"
    " CAP_NET_RAW, or set the node's meta external-probe-tcp to a port"
)


class Pinger:
    """Sends echoes.

    Args:
        names: Looks hosts up.
        raw: Whether a raw socket is the first choice.
    """

    def __init__(self, names: Names, *, raw: bool) -> None:
        self._names = names
        self._raw = raw

    async def echo(self, host: str) -> float:
        """Tell the seconds that an echo took.

        Raises:
            ProbeFailed: There is none.
            Unable: It cannot be sent from here.
        """
        _, address = await self._address(host)
        try:
            return await _sent(address, raw=self._raw)
        except icmplib.SocketPermissionError:
            pass
        try:
            took = await _sent(address, raw=not self._raw)
        except icmplib.SocketPermissionError:
            raise Unable(REMEDY) from None
        self._raw = not self._raw
        kind = "raw" if self._raw else "datagram"
        _LOG.warning("ping_type is not permitted here: using %s sockets of ICMP instead", kind)
        return took

    async def connect(self, host: str, port: int) -> float:
        """Tell the seconds that a connection took; one that is refused tells of a node, too.

        Raises:
            ProbeFailed: Nobody answers.
            Unable: It cannot be tried from here.
        """
        loop = asyncio.get_running_loop()
        family, address = await self._address(host)
        begun = loop.time()
        try:
            async with asyncio.timeout(TIMEOUT):
                (await dialing.connected(family, address, port)).close()
        except TimeoutError:
            raise ProbeFailed(f"dial tcp {host}:{port}: i/o timeout") from None
        except ProbeFailed as error:
            if "connection refused" not in str(error):
                raise
        return loop.time() - begun

    async def _address(self, host: str) -> tuple[int, str]:
        """Look a name up: its first address of IPv4, where it has one, as consul-esm has it."""
        found = await self._names.addresses(host)
        return next((one for one in found if one[0] == socket.AF_INET), found[0])


async def _sent(address: str, *, raw: bool) -> float:
    """Send one echo, and tell the seconds it took.

    Raises:
        icmplib.SocketPermissionError: A socket of this kind is not permitted.
        ProbeFailed: Nobody answers.
        Unable: It cannot be sent for want of something of ours.
    """
    kind = icmplib.ICMPv6Socket if ":" in address else icmplib.ICMPv4Socket
    echo = icmplib.ICMPRequest(address, id=unique_identifier(), sequence=0)
    try:
        with icmplib.AsyncSocket(kind(privileged=raw)) as sock:
            sock.send(echo)
            reply = await sock.receive(echo, TIMEOUT)
            reply.raise_for_status()
    except icmplib.SocketPermissionError:
        raise
    except icmplib.TimeoutExceeded:
        raise ProbeFailed(f"ping {address}: no echo within {TIMEOUT:g}s") from None
    except (icmplib.ICMPLibError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__context__
        text = f"ping {address}: {error}"
        if isinstance(cause, OSError):  # the library tells its errors in words alone
            raise failing.in_words(cause, text) from None
        raise ProbeFailed(text) from None
    return float(reply.time - echo.time)
