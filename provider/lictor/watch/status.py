"""What the board holds, in frozen values that are JSON as they stand.

Times are in UTC, durations in seconds. Names are camelCase in JSON, in the order in which they
stand here; mappings are sorted by whoever writes them out.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from datetime import datetime  # noqa: TC003 - the same
from enum import StrEnum

import msgspec

from lictor.watch.verdict import Verdict  # noqa: TC001 - the same

CHANGES = 50
"""So many changes are kept, the newest."""
RUNS = 50
"""So many runs are kept, the newest."""
LIMITS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper limits, in seconds, between which the durations of phases are counted."""

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Role(StrEnum):
    """What this watcher is among those of its stack."""

    ALONE = "alone"
    """No lock is used."""
    LEADER = "leader"
    """It holds the lock: it runs."""
    STANDBY = "standby"
    """Another holds the lock."""


class Sign(StrEnum):
    """What happened to a target."""

    ADDED = "+"
    REMOVED = "-"
    CHANGED = "~"


class Value(msgspec.Struct, frozen=True, rename="camel"):
    """A value of the board; JSON has its fields in this order, in camelCase."""


class Blocked(Value, frozen=True):
    """Why a group was left as it was.

    Attributes:
        text: The error, for people.
        kind: Its class, for metrics: ``consul_denied``; one of few.
    """

    text: str
    kind: str = "other"

    @classmethod
    def by(cls, error: Exception) -> Blocked:
        """Make it of the error that blocks."""
        return cls(str(error), _WORDS.sub("_", type(error).__name__).lower())


class Group(Value, frozen=True):
    """A target group as the last run left it; the mappings are those of the resource's state.

    Attributes:
        arn: Its ARN; empty while it is not known.
        targets: Key -> label of what shall stand, held ones included.
        held: Key -> reason of what stands though Consul names it no longer.
        attached: Key -> label of what is registered by us.
        failed: Key -> AWS's reason.
        foreign: Keys of what stands and is not ours.
        blocked: Why the last run left it alone; None where it did not.
        changed: When a target of it changed last. Filled in by the board.
    """

    arn: str
    targets: Mapping[str, str] = msgspec.field(default_factory=dict)
    held: Mapping[str, str] = msgspec.field(default_factory=dict)
    attached: Mapping[str, str] = msgspec.field(default_factory=dict)
    failed: Mapping[str, str] = msgspec.field(default_factory=dict)
    foreign: tuple[str, ...] = ()
    blocked: Blocked | None = None
    changed: datetime | None = None


class Begun(Value, frozen=True):
    """A run that is under way.

    Attributes:
        number: Counts the runs of this process from 1.
        why: What started it, in a few words: ``web changed``, ``resync``, ``asked for``.
        started: When, in UTC.
    """

    number: int
    why: str
    started: datetime


class Run(Begun, frozen=True):
    """A run that has ended.

    Attributes:
        seconds: How long it took.
        phases: Name (``read``, ``apply``, ``save``, ...) -> seconds. Names are few: each is a
            series of the metrics.
        outcome: How it ended.
        text: One line on it.
    """

    seconds: float
    outcome: Verdict
    text: str = ""
    phases: Mapping[str, float] = msgspec.field(default_factory=dict)


class Change(Value, frozen=True):
    """What happened to one target.

    Attributes:
        time: When, in UTC.
        group: Name of the resource.
        sign: Added, removed or changed.
        key: Which target.
        text: Its label, or the reason.
    """

    time: datetime
    group: str
    sign: Sign
    key: str
    text: str = ""


class Failing(Value, frozen=True):
    """A question that Consul does not answer.

    Attributes:
        question: What is asked, as messages name it: ``web (tags v2; dc1)``.
        text: Why there is no answer.
    """

    question: str
    text: str


class Watched(Value, frozen=True):
    """What Consul is asked all the time.

    Attributes:
        polled: Questions that have a long poll of their own.
        in_turn: Questions beyond the cap on long polls: they take turns.
        failing: Those without an answer now.
        index: Highest index that Consul has answered with; None before the first answer.
    """

    polled: int = 0
    in_turn: int = 0
    failing: tuple[Failing, ...] = ()
    index: int | None = None


class Timer(Value, frozen=True):
    """A run that is due later.

    Attributes:
        due: When, in UTC.
        why: What for: ``resync``, ``web: removal_delay``.
    """

    due: datetime
    why: str


class Pause(Value, frozen=True):
    """An order to leave things as they are.

    Attributes:
        group: Name of the resource; empty for the whole stack.
        until: When it ends, in UTC; None for when somebody says ``resume``.
    """

    group: str = ""
    until: datetime | None = None


class Calls(Value, frozen=True):
    """Calls of one operation of AWS's API.

    Attributes:
        service: As boto3 names it: ``elbv2``.
        operation: Such as ``RegisterTargets``.
        made: How many were made, the throttled ones included.
        throttled: How many AWS turned away for their rate.
    """

    service: str
    operation: str
    made: int
    throttled: int


class Spread(Value, frozen=True):
    """How long something took.

    Attributes:
        counts: How many lie at or below each of :data:`LIMITS`, but above the one before; the
            last number counts those above all.
        seconds: All together.
    """

    counts: tuple[int, ...] = (0,) * (len(LIMITS) + 1)
    seconds: float = 0.0

    def with_one(self, seconds: float) -> Spread:
        """Count one more."""
        counts = list(self.counts)
        counts[bisect_left(LIMITS, seconds)] += 1
        return Spread(tuple(counts), self.seconds + seconds)


class Counters(Value, frozen=True):
    """What has been counted since the process started.

    Attributes:
        runs: Outcome -> number of runs; every outcome is there.
        trips: Guard -> how often it began to hold a group.
        calls: Calls of AWS's API, by service and operation.
        phases: Phase -> how long it took.
    """

    runs: Mapping[str, int]
    trips: Mapping[str, int]
    calls: tuple[Calls, ...]
    phases: Mapping[str, Spread]


class Status(Value, frozen=True):
    """All of the board at one moment.

    Attributes:
        stack: Name of the stack.
        role: What this watcher is among those of its stack.
        holder: Who holds the lock; empty where none is used, or nobody holds it.
        paused: What is to be left as it is.
        running: The run under way; None between runs.
        last_success: End of the last run that was ``done`` or ``held``, in UTC; None before.
        groups: Name of the resource -> its target group.
        runs: The last :data:`RUNS`, newest first.
        changes: The last :data:`CHANGES`, newest first.
        watched: What Consul is asked.
        timers: Runs that are due later, the next one first.
        counters: What has been counted.
    """

    stack: str
    role: Role
    holder: str
    paused: tuple[Pause, ...]
    running: Begun | None
    last_success: datetime | None
    groups: Mapping[str, Group]
    runs: tuple[Run, ...]
    changes: tuple[Change, ...]
    watched: Watched
    timers: tuple[Timer, ...]
    counters: Counters
