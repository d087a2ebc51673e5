"""The steps. Each changes something in Consul, waits until all three agree, and shows it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from examples.demo import external, facts, screen, stack, tour, trigger
from examples.demo.comparison import Due
from examples.demo.scene import Scene, confirm
from examples.demo.world import DRAINING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from examples.demo.world import Group, Instance, World

_RESOURCE = "TargetGroupAttachments"


def tell(world: World, *, stay: bool) -> None:
    """Go through the steps; with `stay`, keep everything up until somebody presses Ctrl-C.

    Raises:
        Failed: Something is not as it is told.
    """
    *first, last = world.instances
    one = first[1]
    story = Story(Scene(world, world.web))
    story.attach(first)
    story.shut_down(one)
    with ExitStack() as ends:
        watch = story.scene.watch = ends.enter_context(trigger.watching(world.web.stack))
        story.remove(one)
        story.come_back(one)
        story.enter(last)
        story.all_fail()
        story.all_recover()
        outside = external.tell(world, ends)
        screen.head(f"All {story.scene.compared + outside.compared} comparisons were true.")
        tour.offer(world, watch, stay=stay)


@dataclass
class Story:
    """The steps of the group of instances.

    Attributes:
        scene: The group, and what was seen of it.
    """

    scene: Scene

    @property
    def world(self) -> World:
        """What the steps act on."""
        return self.scene.world

    @property
    def group(self) -> Group:
        """The group."""
        return self.scene.group

    def attach(self, instances: Sequence[Instance]) -> None:
        """Step 1: preview and up, as a person would."""
        screen.head("1  Four instances of web register with Consul; attach them")
        self.world.register(*instances)
        screen.tell("`pulumi preview --diff` says which targets it would add:")
        block = targets_of(self.group.stack.run("preview", "--diff"))
        screen.quote(block)
        for one in instances:
            confirm(any(one.key in line for line in block), f"the preview lacks {one.key}")
        screen.tell("`pulumi up` adds them:")
        began = time.monotonic()
        self.scene.quote_run(self.group.stack.run(*stack.UP))
        self.scene.settle(dict.fromkeys((one.key for one in instances), Due.SERVING), began)

    def shut_down(self, one: Instance) -> None:
        """Step 2: what is about to happen, in one line."""
        screen.head(f"2  web on {one.node} is shut down: its check turns critical")
        self.world.turn("critical", one)
        screen.tell("`pulumi preview --diff` shows one line that goes:")
        block = targets_of(self.group.stack.run("preview", "--diff"))
        screen.quote(block)
        marked = [line.split() for line in block[2:-1] if line.lstrip().startswith(("-", "+", "~"))]
        confirm(
            [words[:2] for words in marked] == [["-", f"{one.key}:"]],
            f"the preview was to show one line, with - and {one.key}",
        )

    def remove(self, one: Instance) -> None:
        """Step 3: from here on a trigger runs `pulumi up`."""
        screen.head(f"3  `{trigger.NAME}` runs the stack from here on, at every change of web")
        screen.tell("Its first run removes the target. The load balancer lets it drain:")
        self.scene.settle({one.key: Due.DRAINING}, time.monotonic())
        screen.tell(f"{DRAINING:.0f} s later (the stand-in's clock is moved on) it has drained:")
        self.world.aws.advance(DRAINING)
        self.scene.settle({one.key: Due.GONE})

    def come_back(self, one: Instance) -> None:
        """Step 4: back again."""
        screen.head(f"4  web on {one.node} comes back")
        began = time.monotonic()
        self.world.turn("passing", one)
        self.scene.settle({one.key: Due.SERVING}, began)

    def enter(self, one: Instance) -> None:
        """Step 5: one more."""
        screen.head(f"5  A new instance enters: {one.node}")
        began = time.monotonic()
        self.world.register(one)
        self.scene.settle({one.key: Due.SERVING}, began)

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

    def _untouched(self, status: str, due: Due) -> None:
        """Turn all checks, and see that AWS is asked for no change."""
        before = facts.calls_made(self.world, self.group)
        began = time.monotonic()
        self.world.turn(status, *self.world.instances)
        self.scene.settle(dict.fromkeys(self.scene.due, due), began)
        calls = facts.calls_made(self.world, self.group) - before
        screen.show([f"calls that change the group: {calls or 'none'}"])
        confirm(calls == 0, f"{calls} calls changed the group, none was due")


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
