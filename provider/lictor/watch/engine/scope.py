"""What one run of the engine is given: config, environment, and how careful it has to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lictor.resources.remotes import Remotes
from lictor.resources.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lictor.model import ConsulConnection, Source
    from lictor.resources.run import Led

SETTLES = 2.0
"""Seconds between two reads that must agree after answers were not seen for a while."""


@dataclass
class Scope:
    """One run of the engine, as its resources see it.

    Attributes:
        env: The environment, for whatever config leaves out.
        patient: Whether health and draining are waited for within the run.
        cautious: Whether Consul's answers were not seen for a while: then they may add at once,
            and remove only where two reads agree.
        pending: URN -> targets of an update that was killed: it may have registered them.
        pauses: Name of a resource -> why it is left alone.
        dry: Whether it is a preview.
        only: URNs of the resources whose sources have said something new since the last run went
            through: the others keep their plan unless the program asks for another. None for all.
        config: The stack's config, decrypted: full key -> text; the engine hands it in.
        given: What counts before that, and never leaves this process.
        apart: Whether a resource that cannot be planned leaves the others alone even where it is
            new, or at fault itself: target groups of files have nothing to do with each other.
    """

    env: Mapping[str, str]
    patient: bool = True
    cautious: bool = False
    pending: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    pauses: Mapping[str, str] = field(default_factory=dict)
    dry: bool = False
    only: frozenset[str] | None = None
    config: Mapping[str, Any] = field(default_factory=dict, repr=False)
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)
    apart: bool = False
    _run: Run = field(default_factory=Run)

    def paused(self, urn: str) -> str:
        """Say why a resource is left alone; empty where it is not."""
        return self.pauses.get(urn.rsplit("::", 1)[-1], "")

    def disturbed(self, urn: str) -> bool:
        """Whether a resource has to be planned anew."""
        return self.only is None or urn in self.only

    def remotes(self, urn: str, heard: Callable[[], bool], *, unseen: bool) -> Remotes:
        """Return Consul and AWS as a resource reaches them in this run.

        Args:
            urn: The resource.
            heard: Whether the engine waits for the answer still.
            unseen: Whether Consul's answers to this one were not seen for a while.
        """
        return Remotes(
            config=self.config.get,
            env=self.env,
            run=self._run,
            asker=urn,
            patient=self.patient,
            settles=SETTLES if self.cautious or unseen else 0.0,
            heard=heard,
        )

    def asked(self) -> Mapping[ConsulConnection, Mapping[str, tuple[Source, ...]]]:
        """Tell what Consul was asked in this run, and by which resource."""
        return self._run.asked()

    def led(self) -> Mapping[str, Led]:
        """Tell whose leaders were asked for in this run, by which resource."""
        return self._run.led()
