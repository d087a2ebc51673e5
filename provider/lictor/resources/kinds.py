"""What the two adapters ask of a type of resource.

Pulumi's stock host (:mod:`lictor.resources.stock`) and the servicer of `lictor watch` speak
different protocols and know no type by itself: each type is a module with these functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from lictor.resources.remotes import Remotes

PROVIDER = "__provider"
"""Where the SDK keeps the pickled class."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How a plan differs from what the last run left.

    Attributes:
        changes: Whether there is anything to do.
        replaces: Inputs whose change takes a new resource; the old one goes after it.
    """

    changes: bool
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A resource in one run, for people and programs.

    Attributes:
        arn: Its target group; empty for what has none.
        added: Key -> label of what is made, or is to be.
        removed: Key -> label of what goes, or is to go.
        attached: Key -> label of what stands by it.
        held: Key -> reason of what stands though it should not.
        failed: Key -> reason of what could not be done.
        foreign: Keys of what stands and is not its.
        again: When something that is held may go by the clock alone; some may be past.
    """

    arn: str = ""
    added: Mapping[str, str] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    foreign: tuple[str, ...] = ()
    again: tuple[datetime, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return it as keywords."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


class Kind(Protocol):
    """A type of resource. Properties are plain JSON; in a preview some are ``Unknown``."""

    BY_KEY: tuple[str, ...]
    """Mappings whose changed labels are no change: only keys that come and go are shown."""

    def id_of(self, inputs: Mapping[str, Any], /) -> str:
        """Return the id that the engine knows a resource by."""

    def inputs(
        self, olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes, /
    ) -> dict[str, Any]:
        """Read the remotes and plan: from arguments to inputs.

        Args:
            olds: The last run's inputs; empty for a new resource.
            news: The program's arguments.
            remotes: Consul and AWS.

        Raises:
            errors.LictorError: Whatever forbids to use the arguments, or an answer.
        """

    def as_before(
        self, olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes, /
    ) -> dict[str, Any]:
        """Keep the last run's inputs, where an answer is not used."""

    def undisturbed(
        self, olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes, /
    ) -> dict[str, Any] | None:
        """Keep the last run's plan, where the remotes have said nothing new since.

        Returns:
            The inputs of this run; None where the program asks for something else by now.
        """

    def compare(self, olds: Mapping[str, Any], news: Mapping[str, Any], /) -> Difference:
        """Compare the plan with what the last run left: pure.

        Args:
            olds: The last run's outputs.
            news: This run's inputs.
        """

    def create(self, inputs: Mapping[str, Any], remotes: Remotes, /) -> dict[str, Any]:
        """Make it; return the outputs."""

    def update(
        self, olds: Mapping[str, Any], inputs: Mapping[str, Any], remotes: Remotes, /
    ) -> dict[str, Any]:
        """Bring it to the plan; return the outputs."""

    def read(
        self, props: Mapping[str, Any], remotes: Remotes, /
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Say what stands of the last run's outputs: outputs and inputs; None where it is gone."""

    def delete(self, props: Mapping[str, Any], remotes: Remotes, /) -> None:
        """Take away what is its; what is gone already is done."""

    def begun(self, inputs: Mapping[str, Any], /) -> Mapping[str, str]:
        """Say what a run that was killed may have made: key -> label."""

    def with_begun(self, props: Mapping[str, Any], begun: Mapping[str, str], /) -> dict[str, Any]:
        """Count what a killed run may have made among the outputs, for a read to find out."""

    def planned(self, olds: Mapping[str, Any], news: Mapping[str, Any], /, *, shown: bool) -> View:
        """Show a resource before anything is done.

        Args:
            olds: The last run's outputs; empty for a new resource.
            news: This run's inputs.
            shown: Whether to show what the plan changes, too.
        """

    def done(
        self, olds: Mapping[str, Any], inputs: Mapping[str, Any], outputs: Mapping[str, Any], /
    ) -> View:
        """Show what was done.

        Args:
            olds: The last run's outputs.
            inputs: This run's inputs; empty for a read and a deletion.
            outputs: This run's outputs; empty after a deletion.
        """
