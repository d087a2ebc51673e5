"""consul-ec2-alb's files as what is run: a program, and a config that stays in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lictor import errors
from lictor.resources import program
from lictor.settings import alb, stack, yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lictor.settings.alb import Wanted


class Declared(Protocol):
    """What an engine runs in place of a project's own program and config."""

    @property
    def config(self) -> Mapping[str, str]:
        """Full key -> text, secrets included; it goes to our provider and nowhere else."""

    def program(self) -> None:
        """Declare the resources."""

    def reload(self) -> None:
        """Read it again.

        Raises:
            errors.SettingsError: It cannot be; what was read before stays in force.
        """


class Files:
    """Reads files, and runs what they said last.

    Args:
        paths: The files.

    Raises:
        errors.SettingsError: With file and line of what is wrong.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self.wanted: Wanted = alb.read(self._paths)

    @property
    def config(self) -> Mapping[str, str]:
        """Full key -> text, secrets included."""
        return {**self.wanted.config, stack.TARGET_GROUPS: yaml.groups(self.wanted)}

    def program(self) -> None:
        """Declare the target groups."""
        program.declare(self.wanted.entries)

    def reload(self) -> None:
        """Read the files again; those that cannot be taken leave the last ones in force."""
        found = alb.read(self._paths)
        if _consul(found) != _consul(self.wanted):
            raise errors.SettingsError(
                "the files name another Consul, or another token, and lock and pauses are at the"
                " one that the watch began with; restart it"
            )
        self.wanted = found


def _consul(wanted: Wanted) -> dict[str, str]:
    """Take what the files say of Consul."""
    return {key: text for key, text in wanted.config.items() if key.startswith("consul:")}
