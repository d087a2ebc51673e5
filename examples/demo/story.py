"""The steps. Each changes something in Consul, waits until all three agree, and shows it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from examples.demo import comparison, facts, screen, stack, tour, trigger
from examples.demo.comparison import Due
from examples.demo.patience import Failed
from examples.demo.world import DRAINING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from examples.demo.comparison import Row
    from examples.demo.trigger import Trigger
    from examples.demo.world import Instance, World

_SECONDS = 45.0
_TAIL = 15
_PACKAGE = "pulumi-python:dynamic/lictor:"
_RESOURCE = "TargetGroupAttachments"


def tell(world: World, *, stay: bool) -> None:
    """Go through the steps; with `stay`, keep everything up until somebody presses Ctrl-C.

    Raises:
        Failed: Something is not as it is told.
    """
    *first, last = world.instances
    one = first[1]
    story = Story(world)
    story.attach(first)
    story.shut_down(one)
    with trigger.watching(world.stack) as watch:
        story.watch = watch
        story.remove(one)
        story.come_back(one)
        story.enter(last)
        story.all_fail()
        story.all_recover()
        story.conclude()
        tour.offer(world, watch, stay=stay)


@dataclass
class Story:
    """The world and what is due in it.

    Attributes:
        world: What the steps act on.
        due: What is to become of each target.
        watch: Keeps the stack up to date, once it is started.
        compared: How many comparisons were true.
    """

    world: World
    due: dict[str, Due] = field(default_factory=dict)
    watch: Trigger | None = None
    compared: int = 0

    def attach(self, instances: Sequence[Instance]) -> None:
        """Step 1: preview and up, as a person would."""
        screen.head("1  Four instances of web register with Consul; attach them")
        self.world.register(*instances)
        screen.tell("`pulumi preview --diff` says which targets it would add:")
        block = targets_of(self.world.stack.run("preview", "--diff"))
        screen.quote(block)
        for one in instances:
            _confirm(any(one.key in line for line in block), f"the preview lacks {one.key}")
        screen.tell("`pulumi up` adds them:")
        began = time.monotonic()
        self._quote_run(self.world.stack.run(*stack.UP))
        self._settle(dict.fromkeys((one.key for one in instances), Due.SERVING), began)

    def shut_down(self, one: Instance) -> None:
        """Step 2: what is about to happen, in one line."""
        screen.head(f"2  web on {one.node} is shut down: its check turns critical")
        self.world.turn("critical", one)
        screen.tell("`pulumi preview --diff` shows one line that goes:")
        block = targets_of(self.world.stack.run("preview", "--diff"))
        screen.quote(block)
        marked = [line.split() for line in block[2:-1] if line.lstrip().startswith(("-", "+", "~"))]
        _confirm(
            [words[:2] for words in marked] == [["-", f"{one.key}:"]],
            f"the preview was to show one line, with - and {one.key}",
        )

    def remove(self, one: Instance) -> None:
        """Step 3: from here on a trigger runs `pulumi up`."""
        screen.head(f"3  `{trigger.NAME}` runs the stack from here on, at every change of web")
        screen.tell("Its first run removes the target. The load balancer lets it drain:")
        self._settle({one.key: Due.DRAINING}, time.monotonic())
        screen.tell(f"{DRAINING:.0f} s later (the stand-in's clock is moved on) it has drained:")
        self.world.aws.advance(DRAINING)
        self._settle({one.key: Due.GONE})

    def come_back(self, one: Instance) -> None:
        """Step 4: back again."""
        screen.head(f"4  web on {one.node} comes back")
        began = time.monotonic()
        self.world.turn("passing", one)
        self._settle({one.key: Due.SERVING}, began)

    def enter(self, one: Instance) -> None:
        """Step 5: one more."""
        screen.head(f"5  A new instance enters: {one.node}")
        began = time.monotonic()
        self.world.register(one)
        self._settle({one.key: Due.SERVING}, began)

    def all_fail(self) -> None:
        """Step 6: the guard against an empty group."""
        screen.head("6  A bad check is rolled out: all instances turn critical at once")
        screen.tell(
            "Consul names no instance any more. An empty group would be an outage, so"
            " `onEmpty: keep` holds the targets, and says so. No call to AWS changes the group:"
        )
        self._untouched("critical", Due.HELD)

    def all_recover(self) -> None:
        """Step 7: nothing was lost, so nothing is to be done."""
        screen.head("7  The check is mended: all instances pass again")
        screen.tell("Nothing is held any more, and at AWS there is nothing to be done:")
        self._untouched("passing", Due.SERVING)

    def conclude(self) -> None:
        """Say what was seen."""
        screen.head(f"All {self.compared} comparisons were true.")

    def _untouched(self, status: str, due: Due) -> None:
        """Turn all checks, and see that AWS is asked for no change."""
        before = facts.calls_made(self.world)
        began = time.monotonic()
        self.world.turn(status, *self.world.instances)
        self._settle(dict.fromkeys(self.due, due), began)
        calls = facts.calls_made(self.world) - before
        screen.show([f"calls that change the group: {calls or 'none'}"])
        _confirm(calls == 0, f"{calls} calls changed the group, none was due")

    def _settle(self, change: Mapping[str, Due], began: float | None = None) -> None:
        """Wait until all three say what is due, and show it."""
        self.due |= change
        said = len(self._watched())
        found = self.world.patience.until(self._agreement, _SECONDS)
        took = time.monotonic() - (began or 0)
        if began and self.watch:
            self.world.patience.until(lambda: self._told(said), _SECONDS)
        if began:
            self._quote_run(self._watched()[said:])
        if not found:
            screen.quote(self._watched()[-_TAIL:])
        judge(found or self._rows())
        self.compared += 1
        if began:
            screen.show([f"after {took:.1f} s"])

    def _told(self, said: int) -> bool:
        """Whether the trigger has told of a run since."""
        return any(line.startswith(f"{stack.GROUP} +") for line in self._watched()[said:])

    def _agreement(self) -> tuple[Row, ...] | None:
        """Compare; nothing before all agree and no update is under way."""
        if self.watch:
            self.watch.check()
        rows = self._rows()
        return rows if comparison.agreed(rows) and self.world.stack.idle() else None

    def _rows(self) -> tuple[Row, ...]:
        return comparison.compare(facts.observe(self.world), self.due, self.world.nodes)

    def _watched(self) -> list[str]:
        return self.watch.lines() if self.watch else []

    def _quote_run(self, lines: Sequence[str]) -> None:
        """Quote what an update says of the group; the type's long first name is left out."""
        told = [line for line in lines if line.startswith(f"{stack.GROUP} ")]
        done = [f"{_RESOURCE} {stack.GROUP} {word}" for word in ("created", "updated")]
        short = [" ".join(line.split()).replace(_PACKAGE, "") for line in lines]
        ended = [line.partition("; warning")[0] for line in short if line[2:].startswith((*done,))]
        warned = [line for line in short if line.startswith("warning:")]
        screen.quote(dict.fromkeys([*told, *ended, *warned]))


def judge(rows: Sequence[Row]) -> None:
    """Show a comparison.

    Raises:
        Failed: It does not agree; with what does not.
    """
    screen.say()
    screen.show(comparison.table(rows))
    wrong = [
        f"{row.node} {row.key} is due to be {row.due.name.lower()}; Consul says {row.consul},"
        f" the stack {row.stack}, the load balancer {row.balancer}"
        for row in rows
        if not row.agree
    ]
    _confirm(comparison.agreed(rows), "\n".join(wrong) or "there is nothing to compare")


def targets_of(preview: Sequence[str]) -> list[str]:
    """Cut out of a preview the resource's head and its targets."""
    lines = iter(preview)
    head = [line for line in lines if f"{_RESOURCE}: (" in line][:1]
    block: list[str] = []
    for line in preview:
        if block or line.lstrip("+-~ ").startswith("targets "):
            block.append(line)
        if block and line.strip() == "}":
            break
    return [line[4:] for line in (*head, *block)]


def _confirm(fact: bool, otherwise: str) -> None:  # noqa: FBT001 - a fact has no other name
    if not fact:
        raise Failed(otherwise)
