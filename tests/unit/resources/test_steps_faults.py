"""Runs without the engine: Consul changes, AWS fails, and the state stays exact all the same."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.retries.standard import ExponentialBackoff
from hypothesis import given, settings
from hypothesis import strategies as st

from lictor.aws import budget
from lictor.model import Answer, Status
from lictor.plan import record
from lictor.resources import applying, attaching, stock
from lictor.resources.remotes import Remotes
from lictor.resources.run import Run
from tests.fakes.instances import make_instance

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lictor.model import Source
    from tests.fakes.aws.client import Kind, StandIn

_FLEET = 14
_SHARE = 30
_WINDOW = 600
_KINDS: tuple[Kind, ...] = ("throttle", "error", "deny", "lost", "drop", "broken")
_OPERATIONS = ("RegisterTargets", "DeregisterTargets", "DescribeTargetHealth")
_NUMBERS = itertools.count(1)

pytestmark = pytest.mark.timeout(120)


@dataclass
class Scene:
    """What the remotes say just now.

    Attributes:
        named: Numbers of the instances that Consul says pass.
        fleet: Instance ids.
        now: The time.
    """

    fleet: Sequence[str]
    named: frozenset[int] = frozenset()
    now: datetime = datetime(2026, 11, 21, tzinfo=UTC)


@dataclass(frozen=True)
class Scripted(Remotes):
    """The real way to AWS, a Consul that says what the scene says, and the scene's clock."""

    scene: Scene = field(kw_only=True)

    def now(self) -> datetime:
        """Return the scene's time."""
        return self.scene.now

    def ask(self, sources: Sequence[Source], *, consistent: bool = False) -> list[Answer]:  # noqa: ARG002 - the base's
        """Answer each source with the scene's instances."""
        instances = tuple(
            make_instance(
                number,
                status=Status.PASSING if number in self.scene.named else Status.CRITICAL,
                node_meta={"instance-id": ident},
            )
            for number, ident in enumerate(self.scene.fleet)
        )
        return [Answer(source, instances) for source in sources]


@dataclass
class Story:
    """One resource's life on one group, run by run, as the engine would have it.

    Attributes:
        aws: The stand-in.
        arn: The group.
        scene: What the remotes say.
        arguments: The program's arguments.
        stranger: A target of somebody else's.
        inputs: Of the last run.
        outputs: Of the last run; None before the first.
        removals: When, and how many were really deregistered.
        number: Tells it from the others.
    """

    aws: StandIn
    arn: str
    scene: Scene
    arguments: dict[str, Any]
    stranger: str
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] | None = None
    removals: list[tuple[datetime, int]] = field(default_factory=list)
    number: int = field(default_factory=lambda: next(_NUMBERS))

    def remotes(self, **env: str) -> Remotes:
        """Make the remotes of a run."""
        config = {
            "aws:accessKey": f"AKIA{self.number:016}",  # a client, and so retries, of its own
            "aws:secretKey": "secret",
            "aws:endpoints": json.dumps([{"elbv2": self.aws.url, "ec2": self.aws.url}]),
        }
        return Scripted(config.get, env, Run(), scene=self.scene)

    def keys(self) -> set[str]:
        """List what Consul names."""
        return {f"{self.scene.fleet[number]}:8080" for number in self.scene.named}

    def standing(self) -> set[str]:
        """List what stands in the group."""
        return {key for key, state in self.aws.targets(self.arn).items() if state != "draining"}

    def run(self, **env: str) -> bool:
        """Run once and check everything that holds at any time; tell whether AWS was called."""
        remotes = self.remotes(**env)
        inputs, problem = stock.check(attaching, self.inputs, self.arguments, remotes)
        if problem is not None:
            return False
        before = self.standing()
        self.aws.clear_calls()
        if self.outputs is None:
            outputs = applying.create(inputs, remotes)
        elif record.differs(record.recorded(self.outputs), record.standing(inputs)):
            outputs = applying.update(self.outputs, inputs, remotes)
        else:
            return False
        self._floors(before, allowed=bool(env))
        self.inputs, self.outputs = inputs, json.loads(json.dumps(outputs))
        self.exact()
        return True

    def refresh(self) -> None:
        """Read the group into the state, where that can be done."""
        if self.outputs is not None:
            found = applying.read(self.outputs, self.remotes())
            assert found is not None
            self.outputs, self.inputs = json.loads(json.dumps(found))
            self.exact()

    def exact(self) -> None:
        """Check that the state says what stands of ours, and all of it."""
        assert self.outputs is not None
        standing, attached = self.standing(), set(self.outputs["attached"])
        failed, held = set(self.outputs["failed"]), set(self.outputs["held"])
        assert self.stranger in standing
        assert self.stranger not in attached
        assert standing - {self.stranger} <= attached, "registered, and not in the state"
        assert attached - standing <= failed, "in the state, not there, and no word of it"
        assert attached - self.keys() <= failed | held, "neither wanted nor explained"
        assert self.keys() - attached <= failed, "wanted, not there, and no word of it"

    def _floors(self, before: set[str], *, allowed: bool) -> None:
        """Replay the calls that took effect and check each moment against the floors."""
        ours = before - {self.stranger}
        failed_to_add = False
        base = len(ours)
        gone: set[str] = set()
        for call in self.aws.calls(target_group=self.arn):
            named = {f"{target['id']}:{target['port']}" for target in call["targets"]}
            effect = call["status"] == 200 or call["fault"] == "lost"
            if call["operation"] == "RegisterTargets":
                assert not gone, "an addition after a removal"
                failed_to_add = call["status"] != 200 or call["fault"] == "broken"
                ours |= named if effect and call["fault"] != "broken" else set()
                base = len(ours)
            elif call["operation"] == "DeregisterTargets":
                assert not failed_to_add, "a removal after a failed addition"
                assert self.stranger not in named
                if effect and call["fault"] != "broken":
                    gone |= named & ours
                    ours -= named
        if gone and not allowed:
            assert len(ours) >= self.arguments["min_targets"]
            since = self.scene.now - timedelta(seconds=_WINDOW)
            made = sum(count for when, count in self.removals if when > since)
            if base + made >= 10:
                share = f"{made} and {len(gone)} of {base + made}"
                assert (made + len(gone)) * 100 <= _SHARE * (base + made), share
        self.removals.append((self.scene.now, len(gone)))


@pytest.fixture(scope="module")
def aws(standin: StandIn) -> Iterator[StandIn]:
    """Hand out the stand-in, with botocore's new tries and our budget at once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.0)
        patch.setattr(budget, "OF_PROCESS", budget.Budgets(lambda: budget.Bucket(burst=1_000_000)))
        yield standin


@pytest.fixture(scope="module")
def fleet(aws: StandIn) -> list[str]:
    """Start the instances of all stories, and one that is not ours."""
    return [ident for ident, _ in aws.create_instances(_FLEET + 1)]


def make_story(aws: StandIn, fleet: Sequence[str], **arguments: object) -> Story:
    """Begin with a group in which a stranger stands."""
    aws.reset()
    arn = aws.create_group(f"story-{next(_NUMBERS)}")
    aws.boto3("elbv2").register_targets(
        TargetGroupArn=arn, Targets=[{"Id": fleet[-1], "Port": 8080}]
    )
    known = {
        "name": "web",
        "target_group_arn": arn,
        "sources": [{"service": "web"}],
        "min_targets": 2,
        "max_removal_percent": _SHARE,
        "removal_window": _WINDOW,
        **arguments,
    }
    return Story(aws, arn, Scene(fleet[:-1]), known, f"{fleet[-1]}:8080")


_FAULT = st.tuples(
    st.sampled_from(_OPERATIONS),
    st.sampled_from(_KINDS),
    st.sampled_from([1, 8, None]),
    st.integers(0, 2),
)
_STEP = st.tuples(
    st.frozensets(st.integers(0, _FLEET - 1), min_size=0),
    st.lists(_FAULT, max_size=2),
    st.sampled_from([0, 30, 700]),
    st.booleans(),
)
_STORY = st.lists(_STEP, min_size=1, max_size=6)


def tell(story: Story, steps: Sequence[Any]) -> None:
    """Live through the steps, then lift all faults and check that two runs bring peace."""
    for named, faults, seconds, refresh in steps:
        story.scene.named = named
        story.scene.now += timedelta(seconds=seconds)
        story.aws.advance(seconds)
        story.aws.clear_faults()
        for operation, kind, times, skip in faults:
            story.aws.fault(operation, kind, target_group=story.arn, times=times, skip=skip)
        story.run()
        story.aws.clear_faults()
        if refresh:
            story.refresh()
    for _ in range(2):
        story.aws.advance(60)
        story.run(LICTOR_ALLOW_REMOVAL="web")
    assert story.outputs is not None
    assert story.standing() == story.keys() | {story.stranger}
    assert set(story.outputs["attached"]) == story.keys()
    assert story.outputs["failed"] == {}
    assert set(story.outputs["foreign"]) <= {story.stranger}
    assert story.run(LICTOR_ALLOW_REMOVAL="web") is False, "a third run had something to do"


@given(steps=_STORY)
@settings(max_examples=12, deadline=None, derandomize=True, database=None)
def test_state_is_exact_whatever_fails(aws: StandIn, fleet: list[str], steps: list[Any]) -> None:
    """Any changes, any faults: exact state, floors kept, strangers untouched, and then peace."""
    tell(make_story(aws, fleet), steps)


@pytest.mark.long
@pytest.mark.timeout(1200)
@given(steps=_STORY, delay=st.sampled_from([0, 20]))
@settings(max_examples=600, deadline=None, database=None)
def test_state_is_exact_whatever_fails_at_length(
    aws: StandIn, fleet: list[str], steps: list[Any], delay: int
) -> None:
    """The same, for many more stories, and with a removal delay."""
    tell(make_story(aws, fleet, removal_delay=delay), steps)


@pytest.mark.parametrize("effect", [True, False], ids=["took effect", "did not"])
@pytest.mark.parametrize("first", [True, False], ids=["create", "update"])
def test_nobody_knows_whether_a_target_stands(
    aws: StandIn, fleet: list[str], *, first: bool, effect: bool
) -> None:
    """The answer is lost and nobody can look: written ahead as ours, failed, and then healed."""
    story = make_story(aws, fleet)
    story.scene.named = frozenset(range(3))
    if not first:
        story.run()
        story.scene.named = frozenset(range(4))
    aws.fault("RegisterTargets", "lost", target_group=story.arn, times=None, effect=effect)
    skip = 1 if first else 0
    aws.fault("DescribeTargetHealth", "error", target_group=story.arn, times=None, skip=skip)
    story.run()
    assert story.outputs is not None
    new = {f"{fleet[3]}:8080"} if not first else story.keys()
    assert set(story.outputs["attached"]) == story.keys()
    assert set(story.outputs["failed"]) == new
    assert bool(story.standing() & new) is effect
    aws.clear_faults()
    assert story.run()
    assert story.standing() == story.keys() | {story.stranger}
    assert story.outputs["failed"] == {}
    assert story.run() is False


@pytest.mark.parametrize("refresh", [True, False], ids=["refreshed", "not"])
def test_a_removal_that_nobody_saw_counts(aws: StandIn, fleet: list[str], *, refresh: bool) -> None:
    """The answer is lost and the listing down: what went all the same counts in the window."""
    story = make_story(aws, fleet)
    story.scene.named = frozenset(range(_FLEET))
    story.run()
    aws.fault("DeregisterTargets", "lost", target_group=story.arn, times=None)
    aws.fault("DescribeTargetHealth", "error", target_group=story.arn, times=None, skip=1)
    story.scene.named = frozenset(range(4, _FLEET))
    story.run()
    assert len(story.standing()) == _FLEET - 4 + 1
    aws.clear_faults()
    if refresh:
        story.refresh()
    story.scene.named = frozenset(range(7, _FLEET))
    story.run()
    assert len(story.standing()) == _FLEET - 4 + 1
    assert story.outputs is not None
    assert "max_removal_percent 30" in next(iter(story.outputs["held"].values()))
