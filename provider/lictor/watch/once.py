"""One run of the stack, for `lictor up`, `lictor preview` and each turn of `lictor watch`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lictor.resources import program
from lictor.watch import lines
from lictor.watch.engine import recovery
from lictor.watch.engine.engine import ONLY_OURS
from lictor.watch.engine.scope import Scope
from lictor.watch.verdict import Verdict, judge

if TYPE_CHECKING:
    from lictor.watch.engine.engine import Engine, Outcome
    from lictor.watch.telling import Teller


_AGAIN = "an unhandled error occurred: "
"""How the engine says once more by what error a program ended that runs in our process."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a run.

    Attributes:
        dry: Whether it previews only.
        refresh: Whether state is compared with AWS first.
        whole: Whether it runs all of the stack, not lictor's resources alone.
        allow_removal: Names, with commas, whose removals are let through this once; or `*`.
        verbose: Whether all that the CLI prints is passed on.
    """

    dry: bool = False
    refresh: bool = False
    whole: bool = False
    allow_removal: str = ""
    verbose: bool = False


def once(engine: Engine, wish: Wish, teller: Teller) -> tuple[Outcome, Verdict]:
    """Run the stack, and tell what came of it; clear up after a killed run first.

    Raises:
        errors.LictorError: It cannot be run, or not be cleared up.
    """

    def run(*words: str, **given: Any) -> Outcome:  # noqa: ANN401 - Scope's
        given = {"dry": wish.dry, **given}
        return engine.run(*words, scope=scope(engine, wish.allow_removal, **given))

    def say(text: str) -> None:
        teller.tell(lines.Line(text, {}, "warning"))

    if not wish.dry:
        recovery.recover(engine, run, say, whole=wish.whole)
    outcome = run(*command(wish))
    return outcome, tell(outcome, wish, teller)


def tell(outcome: Outcome, wish: Wish, teller: Teller) -> Verdict:
    """Tell what came of a run, and judge it."""
    if wish.verbose:
        teller.raw(outcome.ended.text)
    for line in lines.of(outcome.groups):
        teller.tell(line)
    for name in outcome.left:
        text = f"{name} stands in the files no more: its targets are left as they are"
        teller.tell(lines.Line(text, {"group": name}, "warning"))
    known = program.told()
    problems = [item for item in outcome.problems if item.text.removeprefix(_AGAIN) not in known]
    for problem in problems:
        teller.tell(lines.Line(problem.text, {"urn": problem.urn}, "error"))
    applied = outcome.ok or (bool(outcome.groups) and not problems and bool(known))
    if not applied and not problems:
        teller.tell(lines.Line(outcome.last_words, {}, "error"))
    return judge(outcome.groups, applied=applied)


def command(wish: Wish) -> list[str]:
    """Word a wish as the CLI's command."""
    words = ["preview" if wish.dry else "up", *(["--refresh"] if wish.refresh else [])]
    return words if wish.whole else [*words, "--target", ONLY_OURS]


def scope(engine: Engine, allow_removal: str = "", **more: Any) -> Scope:  # noqa: ANN401 - Scope's
    """Make what a run is given; removals are let through the guards for nobody else."""
    return Scope({**engine.env, "LICTOR_ALLOW_REMOVAL": allow_removal}, **more)
