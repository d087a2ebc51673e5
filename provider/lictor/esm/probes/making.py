"""From what a definition says to what runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from lictor.esm import kinds, verdict
from lictor.esm.probes import http, simple
from lictor.esm.probes.failing import ProbeFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lictor.esm.kinds import Alias, Spec
    from lictor.esm.probes.dialing import Dialer

    AskAlias: TypeAlias = Callable[[Alias], Awaitable[verdict.Result]]
    """Asks Consul what an alias stands for."""


class Runs(Protocol):
    """A probe that can be run again and again, one run after the other."""

    async def run(self) -> verdict.Result:
        """Run once; raises ProbeFailed or Unable."""

    def late(self, timeout: float) -> str:
        """Say that the time was over, for the output."""


class _Bad:
    """A definition that cannot be run."""

    __slots__ = ("_reason",)

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def run(self) -> verdict.Result:
        raise ProbeFailed(f"bad definition: {self._reason}")

    def late(self, timeout: float) -> str:
        return f"{self._reason} ({timeout:g}s)"


class _Alias:
    """What Consul says of something else."""

    __slots__ = ("_ask", "_spec")

    def __init__(self, spec: Alias, ask: AskAlias) -> None:
        self._spec = spec
        self._ask = ask

    async def run(self) -> verdict.Result:
        return await self._ask(self._spec)

    def late(self, timeout: float) -> str:
        return f"alias: Consul did not answer within {timeout:g}s"


def make(  # noqa: PLR0911 - one for each kind
    spec: Spec, dialer: Dialer, ask: AskAlias
) -> Runs:
    """Make what runs a definition."""
    match spec.probe:
        case kinds.HTTP() as probe:
            return http.Probe(probe, dialer)
        case kinds.TCP() as probe:
            return simple.TCPProbe(probe, dialer)
        case kinds.UDP() as probe:
            return simple.UDPProbe(probe, dialer, spec.timeout)
        case kinds.Alias() as probe:
            return _Alias(probe, ask)
        case kinds.Bad(reason):
            return _Bad(reason)
        case probe:
            from lictor.esm.probes import http2  # noqa: PLC0415 - many monitors never need it

            if isinstance(probe, kinds.GRPC):
                return http2.GRPCProbe(probe, dialer)
            return http2.H2PingProbe(probe, dialer)
