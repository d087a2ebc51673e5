"""What a killed run left behind: a lock, and operations that nobody knows the end of.

A lock is cancelled only if it is of this host and its process is dead: anybody else's run may be
under way. An operation that was cut off may have registered targets, which are taken for ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor import errors
from lictor.resources import served
from lictor.watch.engine import processes, state
from lictor.watch.engine.engine import ONLY_OURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lictor.watch.engine.engine import Engine, Outcome

_LOCKED = (
    "the stack is currently locked by",  # backends of one's own: sdk/go/auto/errors.go
    "Another update is currently in progress",  # Pulumi Cloud's 409, the same file
    "/common-issues/update-conflicts",  # that 409 whatever its words: pkg/backend/backenderr
)
_HOLDER = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<at>\S+)")


@dataclass(frozen=True, slots=True)
class Lock:
    """Who holds a stack's lock, as the CLI tells it.

    Attributes:
        host: Where.
        pid: The process; 0 where the backend does not tell.
        text: For people.
    """

    host: str
    pid: int
    text: str

    @property
    def dead(self) -> bool:
        """Whether it is of this host, and its process has ended for certain."""
        return bool(self.pid) and processes.gone(self.host, self.pid)


def locks(text: str) -> tuple[Lock, ...]:
    """Read the locks out of what the CLI printed; none where the stack is not locked."""
    if not any(mark in text for mark in _LOCKED):
        return ()
    found = tuple(
        Lock(match["host"], int(match["pid"]), match[0]) for match in _HOLDER.finditer(text)
    )
    return found or (Lock("", 0, "another update is in progress"),)


def cancel(engine: Engine) -> None:
    """Take away the lock of a dead process.

    Raises:
        errors.EngineError: The CLI refuses.
    """
    ended = engine.command("cancel", "--yes")
    if ended.code:
        raise errors.EngineError(
            f"the lock of stack {engine.project.stack} stays: {ended.text.strip()}"
        )


def recover(
    engine: Engine, run: Callable[..., Outcome], say: Callable[[str], None], *, whole: bool = False
) -> None:
    """Clear what a killed run left pending, and take what it registered for ours.

    Args:
        engine: The stack's.
        run: Runs a command of the CLI: its words, and `pending`, what is to be looked for.
        say: Told of it, if there is anything to do.
        whole: Whether all of the stack is refreshed, not lictor's resources alone.

    Raises:
        errors.LictorError: The state cannot be read or refreshed.
    """
    operations = state.read(engine).pending_operations
    ours = [operation for operation in operations if operation.resource.type in served.KINDS]
    theirs = [operation for operation in operations if operation not in ours]
    if not ours and not (whole and theirs):
        return  # what is the user's to clear up stays: it hinders no run of ours
    begun = {
        operation.resource.urn: served.KINDS[operation.resource.type].begun(
            operation.resource.inputs
        )
        for operation in ours
    }
    say(f"a run was killed while {len(begun)} groups were changed: refreshing")
    words = [] if whole else ["--target", ONLY_OURS]
    if any(operation.creating for operation in (operations if whole else ours)):
        words.append("--clear-pending-creates")  # everybody's: the CLI knows no others
        for lost in theirs:
            if lost.creating:
                say(f"{lost.resource.urn} may have been made, and is not in the state: look for it")
    outcome = run("refresh", *words, pending=begun)
    if not outcome.ok:
        raise errors.EngineError(f"the stack cannot be refreshed: {outcome.last_words}")
