"""A watcher left alone with chance: whatever happens, it ends in agreement, guards kept."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.engine.watches import Watch, children, watching
from tests.fakes import consul as consuls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engine.world import World
    from tests.fakes.consul import Mortal

FLEET = 8
ALWAYS = 4
"""So many of them never fail, and no fewer may stand."""
QUIET = 5.0
FAULTS = (
    ("RegisterTargets", "throttle"),
    ("DeregisterTargets", "throttle"),
    ("DescribeTargetHealth", "error"),
    ("RegisterTargets", "drop"),
    ("DeregisterTargets", "error"),
)


@dataclasses.dataclass
class Soak:
    """A fleet of which some pass, a watcher that may die, and a Consul that may be away."""

    world: World
    mortal: Mortal
    arn: str
    keys: list[str]
    draw: random.Random
    passing: set[int]
    ends: contextlib.ExitStack
    watch: Watch | None = None
    happened: list[str] = dataclasses.field(default_factory=list)
    lulls: list[float] = dataclasses.field(default_factory=list)

    def go(self, seconds: float) -> None:
        """Let things happen for so long; look at it in every lull."""
        self.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for _ in range(self.draw.randrange(2, 7)):
                self.happen()
            self.agree()
        late = sum(lull > QUIET for lull in self.lulls)
        print(  # noqa: T201 - what a soak is for
            f"{len(self.happened)} things happened; {len(self.lulls)} lulls, agreed after"
            f" {max(self.lulls):.1f} s at worst, {late} times after more than {QUIET:g} s"
        )

    def start(self) -> None:
        """Run a watcher anew."""
        self.watch = self.ends.enter_context(watching(self.world, "--no-lock", "--resync", "20s"))

    def happen(self) -> None:
        """Let one thing happen, and a moment pass."""
        name = self.draw.choice(
            ("flap", "flap", "flap", "flap", "fault", "freeze", "restart", "watcher", "cli")
        )
        self.happened.append(name)
        getattr(self, name)()
        time.sleep(self.draw.uniform(0.02, 0.6))

    def flap(self) -> None:
        """An instance fails, or comes back; the first few never fail."""
        number = self.draw.randrange(ALWAYS, FLEET)
        self.passing ^= {number}
        self.world.status(number, "passing" if number in self.passing else "critical")

    def fault(self) -> None:
        """AWS errs, once or a few times."""
        operation, kind = self.draw.choice(FAULTS)
        self.world.aws.fault(operation, kind, times=self.draw.randrange(1, 4))  # type: ignore[arg-type]

    def freeze(self) -> None:
        """Consul is not to be heard of for a moment."""
        self.mortal.freeze()
        time.sleep(self.draw.uniform(0.1, 1.0))
        self.mortal.thaw()

    def restart(self) -> None:
        """Consul dies, and comes back with what it knew."""
        if self.draw.random() < 0.5:
            self.mortal.kill()
            time.sleep(self.draw.uniform(0.0, 1.0))
            self.mortal.revive()

    def watcher(self) -> None:
        """The watcher is killed, and started again as a supervisor does."""
        if self.draw.random() < 0.3 and self.watch is not None:
            self.watch.end(signal.SIGKILL)
            self.start()

    def cli(self) -> None:
        """The CLI is killed, in a run or while it waits for one."""
        if self.draw.random() < 0.5 and self.watch is not None:
            for pid in children(self.watch.process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def agree(self) -> None:
        """Left quiet, all three say the same; nothing that passed all the time was ever gone."""
        self.world.aws.clear_faults()
        wanted = sorted(self.keys[number] for number in self.passing)
        start = time.monotonic()
        end = start + 12 * QUIET
        while self.world.standing(self.arn) != wanted or self.recorded() != wanted:
            assert time.monotonic() < end, self.report(wanted)
            if self.watch is not None and self.watch.process.poll() is not None:
                assert self.watch.process.returncode == 1, self.report(wanted)
                self.start()  # its CLI was killed while it began: the supervisor does it again
            time.sleep(0.05)
        self.lulls.append(time.monotonic() - start)
        always = set(self.keys[:ALWAYS])
        calls = self.world.aws.calls("DeregisterTargets")
        gone = {f"{item['id']}:{item['port']}" for call in calls for item in call["targets"]}
        assert not gone & always, "an instance that always passed was deregistered"

    def recorded(self) -> list[str]:
        """List what state says, as far as it can be read now."""
        try:
            return sorted(self.world.outputs()["attached"])
        except (KeyError, OSError, ValueError):
            return []

    def report(self, wanted: list[str]) -> str:
        """Say what does not agree, and what led to it."""
        log = self.watch.log.read_text()[-3000:] if self.watch else ""
        return (
            f"wanted {wanted}\nstands {self.world.standing(self.arn)}\n"
            f"recorded {self.recorded()}\nafter {self.happened[-20:]}\n{log}"
        )


@pytest.fixture
def soak(world: World) -> Iterator[Soak]:
    """Bring up the fleet under a Consul of its own."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it where the test fails
    with consuls.mortal(keeps=True) as mortal, contextlib.ExitStack() as ends:
        own = dataclasses.replace(world, consul=mortal.consul)
        arn, keys = own.attached(FLEET, maxRemovalPercent=100, minTargets=ALWAYS)
        draw = random.Random(seed)  # noqa: S311 - no secret
        yield Soak(own, mortal, arn, keys, draw, set(range(FLEET)), ends)


@pytest.mark.timeout(300)
def test_a_minute_of_chance(soak: Soak) -> None:
    """Flaps, Consul away and restarted, AWS in trouble, kill -9 of the watcher and of the CLI."""
    soak.go(60)


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_half_an_hour_of_chance(soak: Soak) -> None:
    """The same for as long as it takes to meet what is rare."""
    soak.go(1800)
