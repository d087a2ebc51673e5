"""A component's arguments: what is known is judged at once, the rest as soon as it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pulumi

from lictor import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


class Arguments:
    """The arguments of one component.

    Attributes:
        name: The component's name, the start of every error.
        given: What the program gave, without what it left out.
        later: Arguments that other resources may make -> what each is taken for until it is known.
    """

    def __init__(self, name: str, given: Mapping[str, Any], later: Mapping[str, Any]) -> None:
        self.name = name
        self.given = {key: value for key, value in given.items() if value is not None}
        self.later = later

    def judged(self, read: Callable[[Mapping[str, Any]], T]) -> T:
        """Read what is known, with examples in the place of what is not.

        Raises:
            pulumi.RunError: An argument is not as it should be, or is one that must be known.
        """
        known = dict(self.given)
        for key, value in self.given.items():
            if _waits(value):
                if key not in self.later:
                    raise pulumi.RunError(
                        f"{self.name}: {key}: must be known when the program runs; found an Output"
                    )
                known[key] = self.later[key]
        return self._read(read, known)

    def resolved(self, read: Callable[[Mapping[str, Any]], T]) -> pulumi.Output[T]:
        """Read everything, once all of it is known; a wrong argument ends the run with a line."""
        whole: pulumi.Output[dict[str, Any]] = pulumi.Output.from_input(self.given)
        return whole.apply(lambda known: self._read(read, known))

    def output(self, *keys: str) -> pulumi.Output[dict[str, Any]]:
        """Return some of the arguments; a key that was left out is missing."""
        return pulumi.Output.from_input({k: self.given[k] for k in keys if k in self.given})

    def refuse(self, key: str, problem: str | None) -> None:
        """End the run where there is a problem.

        Raises:
            pulumi.RunError: There is one.
        """
        if problem:
            where = f"{self.name}: {key}" if key else self.name
            raise pulumi.RunError(f"{where}: {problem}".replace("`", ""))

    def _read(self, read: Callable[[Mapping[str, Any]], T], known: Mapping[str, Any]) -> T:
        try:
            return read(known)
        except errors.SettingsError as error:
            raise pulumi.RunError(f"{self.name}: {error}") from None


def _waits(value: object) -> bool:
    """Tell whether a value, or one of its items, is known only later."""
    if isinstance(value, (list, tuple)):
        return any(_waits(item) for item in value)
    if isinstance(value, dict):
        return any(_waits(item) for item in value.values())
    return isinstance(value, pulumi.Output) or hasattr(value, "__await__")
