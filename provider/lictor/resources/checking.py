"""What ``check`` does: read Consul, plan, and put the plan among the inputs.

The read stands here and not in the program or in ``update`` so that preview tells the truth:
targets are checked inputs, the difference to the last run is plain data, and the engine shows
it target by target.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pulumi.output import Unknown

from lictor import errors
from lictor.model import OnEmpty, Ownership, TargetType
from lictor.plan import record, strangers
from lictor.plan.addressing import lookups, needs_group_port, needs_vpc
from lictor.plan.desired import Desired, desired
from lictor.plan.planning import Plan, Standing, plan
from lictor.resources import locating
from lictor.resources.claims import Who
from lictor.resources.properties import LATER, given, has_unknown
from lictor.settings import attachments as settings
from lictor.settings.attachments import ARGUMENTS, Attachments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.model import Answer, Source
    from lictor.plan.addressing import Addressing
    from lictor.resources.remotes import Remotes

ARN = "target_group_arn"
PLANNED = ("target_type", "targets", "held", "recent", "strangers")
"""What ``check`` adds to the arguments."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is known of the group.

    Attributes:
        target_type: None while nobody can tell.
        port: The group's own port; None while nobody can tell.
    """

    target_type: TargetType | None
    port: int | None


def inputs(olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Validate the arguments, read Consul and plan.

    Args:
        olds: The last run's inputs; empty for a new resource.
        news: The program's arguments; some may be ``Unknown`` in a preview.
        remotes: Consul and AWS.

    Raises:
        errors.LictorError: Whatever forbids to use the arguments, or Consul's answer.
    """
    arguments = given(news)
    return {**arguments, **_planned(olds, arguments, remotes)}


def as_before(olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Keep the last run's inputs where an answer is not used, and claim what stands by them.

    Only who it is is taken from the program: it may have been renamed. Where nothing stands by
    them the group is none that could take another's place.
    """
    who = {key: news[key] for key in Who._fields if news.get(key) is not None}
    kept = {key: value for key, value in olds.items() if key not in Who._fields}
    targets = record.standing(olds).targets
    arn, by = str(olds.get(ARN, "")), Who.of(news)
    remotes.run.claims.keep(arn, by, targets)
    if not targets:
        remotes.run.claims.filled(arn, by, "nothing could be planned for it")
    return {**kept, **who}


def undisturbed(
    olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes
) -> dict[str, Any] | None:
    """Keep the last run's plan where neither the program nor a source says anything new.

    What it wants is claimed as if it had been planned again.

    Args:
        olds: The last run's inputs.
        news: The program's arguments.
        remotes: For the run's claims; nobody is asked.

    Returns:
        The inputs of this run; None where the program asks for something else by now.

    Raises:
        errors.ClaimConflict: Another resource of this run names one of its targets.
    """
    asks = {"target_type": olds.get("target_type"), **given(news)}  # looked up where not given
    asked = (*ARGUMENTS, *Who._fields)
    if "targets" not in olds or any(olds.get(key) != asks.get(key) for key in asked):
        return None
    plans = record.standing(olds)
    remotes.run.claims.claim(
        str(olds[ARN]),
        Who.of(news),
        plans.targets,
        plans.held,
        exclusive=olds.get("ownership") == Ownership.EXCLUSIVE.value,
    )
    return dict(olds)


def _planned(
    olds: Mapping[str, Any], inputs: Mapping[str, Any], remotes: Remotes
) -> dict[str, Any]:
    """Make the part of the inputs that comes from Consul."""
    arguments = {key: inputs[key] for key in ARGUMENTS if key in inputs}
    arn = arguments.pop(ARN, "")
    if has_unknown(arguments):
        return {"targets": LATER}
    wanted = settings.from_inputs(arguments)
    remotes = remotes.acting_as(arguments)
    if not isinstance(arn, Unknown):
        settings.region_of(arn)
    answers = remotes.ask([source.model() for source in wanted.sources])
    kind = _kind(arn, olds, wanted, answers, remotes)
    wanted.check_group("" if isinstance(arn, Unknown) else arn, kind.target_type)
    if kind.target_type is None or (kind.port is None and needs_group_port(answers, wanted.port)):
        return {"targets": LATER}
    dry = isinstance(inputs.get("recent"), Unknown)
    return _Resource(Who.of(inputs), arn, wanted, kind, remotes, dry).inputs(olds, answers)


def _kind(
    arn: str | Unknown,
    olds: Mapping[str, Any],
    wanted: Attachments,
    answers: list[Answer],
    remotes: Remotes,
) -> _Kind:
    """Find out what the group takes: from the last run where that tells, else from AWS."""
    if isinstance(arn, Unknown):
        return _Kind(wanted.target_type, wanted.port)
    known = olds.get("target_type") if olds.get(ARN) == arn else None
    if known and wanted.target_type in (None, known) and not needs_group_port(answers, wanted.port):
        return _Kind(TargetType(known), None)
    group = remotes.target_group(arn)
    if wanted.target_type not in (None, group.target_type):
        raise errors.WrongTargetGroup(
            f"target group {group.name} is of type {group.target_type},"
            f" target_type says {wanted.target_type}; leave it out or set it right"
        )
    return _Kind(group.target_type, group.port)


@dataclass(frozen=True)
class _Resource:
    """One resource in one run, with all that is needed to plan."""

    who: Who
    arn: str | Unknown
    wanted: Attachments
    kind: _Kind
    remotes: Remotes
    dry: bool

    @property
    def target_type(self) -> TargetType:
        """What the group takes; known by the time that it is asked."""
        return self.kind.target_type or TargetType.INSTANCE

    def inputs(self, olds: Mapping[str, Any], answers: list[Answer]) -> dict[str, Any]:
        """Plan against what stood before, claim the targets, and return the plan as inputs."""
        before = self._filling() if not olds else record.standing(olds)
        moved = olds.get(ARN) != self.arn if olds else bool(before.targets)
        addressing = locating.addressing(
            self.wanted, self.target_type, self.kind.port, {} if moved else before.targets
        )
        if isinstance(self.arn, Unknown) and lookups(answers, addressing):
            return {"targets": LATER}
        wants = self._confirmed(before, answers, addressing)
        allowed = self.remotes.removal_allowed(self.who.name)
        planned = plan(
            wants,
            before,
            self.wanted.guards(),
            self.target_type,
            self.remotes.now(),
            allowed=allowed,
            strangers={} if moved else self._strangers(olds, before, wants, addressing),
        )
        if moved:
            what = f"{ARN} changes" if olds else "the resource is replaced"
            self._refuse_empty_exchange(what, before, wants, planned, allowed=allowed)
            planned = Plan(wants.targets, {}, {})
        if isinstance(self.arn, str):
            run = self.remotes.run
            run.claims.claim(
                self.arn, self.who, planned.targets, planned.held, exclusive=self._exclusive
            )
            run.note_unknown(self.arn, self.who, wants.unknown)
        return {
            "target_type": self.target_type.value,
            "targets": dict(planned.targets),
            "held": dict(planned.held),
            "recent": self._recent(before, planned),
            **({"strangers": dict(planned.strangers)} if self._exclusive else {}),
        }

    def _recent(self, before: Standing, planned: Plan) -> dict[str, int] | Unknown:
        """Give the removals of the window; in a preview their times are known only later.

        So a plan that is saved holds when it is applied: the time is then another one.
        """
        return LATER if self.dry and (before.recent or planned.recent) else dict(planned.recent)

    def _filling(self) -> Standing:
        """Tell what a new group is to be filled with, where it replaces another in this run.

        The engine checks a replaced resource twice, the second time as if it were new: an answer
        that shrinks in between would leave a full group for an emptier one.
        """
        claims = self.remotes.run.claims
        claimed = claims.of(self.arn, self.who) if isinstance(self.arn, str) else ()
        return Standing(targets=dict.fromkeys(claimed, ""))

    @property
    def _exclusive(self) -> bool:
        return self.wanted.ownership is Ownership.EXCLUSIVE

    def _confirmed(
        self, before: Standing, answers: list[Answer], addressing: Addressing
    ) -> Desired:
        """Derive the targets; an answer that shrinks counts only as a ``consistent`` read.

        To drain an emptied service two such reads must agree.
        """
        wants = self._desired(answers, addressing)
        if not set(before.targets) - set(wants.targets):
            return wants
        sources = [source.model() for source in self.wanted.sources]
        wants = self._desired(self.remotes.ask(sources, consistent=True), addressing, sure=True)
        if wants.empty and self.wanted.on_empty is OnEmpty.DRAIN:
            answers = self.remotes.ask(sources, consistent=True)
            wants = self._desired(answers, addressing, sure=True)
        if self.remotes.settles and set(before.targets) - set(wants.targets):
            self._settled(wants, sources, addressing)
        return wants

    def _settled(self, wants: Desired, sources: list[Source], addressing: Addressing) -> None:
        """Let nothing go before a second read, some time later, says the same."""
        self.remotes.settle()
        again = self._desired(self.remotes.ask(sources, consistent=True), addressing, sure=True)
        if again.targets.keys() != wants.targets.keys():
            raise errors.ConsulNotReady(
                f"{' and '.join(map(str, sources))}: two reads {self.remotes.settles:g} s apart do"
                " not agree; nothing is removed until they do"
            )

    def _desired(
        self, answers: list[Answer], addressing: Addressing, *, sure: bool = False
    ) -> Desired:
        """Derive the targets, asking EC2, DNS and the VPC for what only they can tell."""
        known = addressing
        if isinstance(self.arn, str):
            known = locating.identified(self.remotes, self.arn, answers, known, sure=sure)
        known = locating.resolved(self.remotes, self.wanted, answers, known)
        wants = desired(answers, known)
        if isinstance(self.arn, str) and needs_vpc(wants.targets, known):
            wants = desired(answers, replace(known, vpc=self.remotes.vpc(self.arn)))
        return wants

    def _strangers(
        self,
        olds: Mapping[str, Any],
        before: Standing,
        wants: Desired,
        addressing: Addressing,
    ) -> Mapping[str, str]:
        """List what else stands in a group that is ours alone; mostly not on the first run.

        Another one of us, without a common lock, may have heard of an instance between our
        reading Consul and the listing: so Consul is read once more, after it. Where answers were
        not seen for a while, some time lies between the two, and they have to agree.
        """
        if not self._exclusive or not isinstance(self.arn, str):
            return {}
        if strangers.first_run(olds) and not self.wanted.take_over:
            return {}
        ours = {*before.targets, *wants.targets}
        found = strangers.among(self.remotes.listing(self.arn), ours)
        if not found:
            return {}
        if self.remotes.settles:
            self.remotes.settle()
        sources = [source.model() for source in self.wanted.sources]
        again = self._desired(self.remotes.ask(sources, consistent=True), addressing, sure=True)
        if self.remotes.settles and again.targets.keys() != wants.targets.keys():
            return {}
        return {key: state for key, state in found.items() if key not in again.targets}

    def _refuse_empty_exchange(
        self, what: str, before: Standing, wants: Desired, planned: Plan, *, allowed: bool
    ) -> None:
        """Never exchange a full group for an empty or a guarded one."""
        if not before.targets or allowed or not (wants.empty or planned.held):
            return
        reason = "; ".join(wants.empty) or next(iter(planned.held.values()))
        raise errors.RemovalRefused(
            f"{what} while {len(before.targets)} targets stand and not all of them would stand"
            f" afterwards ({reason}); do it when Consul names them again,"
            f" or once with LICTOR_ALLOW_REMOVAL={self.who.name}"
        )
