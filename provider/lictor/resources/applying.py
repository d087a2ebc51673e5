"""What create, update, read and delete do: add, look again, remove, and record what is true.

Additions come first. Removals start only when every call that adds has been answered, after a
fresh listing and the guards' last word (:mod:`lictor.plan.removal`). Nothing here raises after
something was changed: what could not be done is recorded in ``failed``, and the next run tries
again. Consul is never asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.model import Target, TargetType
from lictor.plan import placement, record, removal, window
from lictor.plan.record import Recorded
from lictor.resources import claims
from lictor.resources.checking import ARN
from lictor.settings import attachments as settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.aws.target_groups import Registration
    from lictor.model import Guards, TargetHealth
    from lictor.plan.planning import Standing
    from lictor.resources.remotes import Remotes

OUTPUTS = ("attached", "failed", "foreign")
"""What outputs have beside the inputs."""


def create(inputs: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Attach to a group; what stands there already is adopted without a call."""
    run = _Apply(inputs, Recorded(), remotes)
    try:
        run.look()
    except errors.AWSError as error:
        run.give_up(error)
    else:
        run.steps()
    return run.outputs()


def update(olds: Mapping[str, Any], inputs: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Bring the group to the plan."""
    run = _Apply(inputs, record.recorded(olds), remotes)
    run.steps()
    return run.outputs()


def read(
    props: Mapping[str, Any], remotes: Remotes
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Say what stands of what we attached.

    Returns:
        Outputs and inputs, lowered to what the group lists; None when the group is gone.
    """
    arn = str(props[ARN])
    try:
        listed = remotes.listing(arn)
    except errors.TargetGroupNotFound:
        return None
    live = _live(listed)
    was = record.recorded(props)
    attached = {key: label for key, label in was.attached.items() if key in live}
    now = Recorded(attached, was.failed, tuple(live - set(attached)), was.held, was.recent)
    outputs = {**props, **now.outputs()}
    inputs = {key: value for key, value in outputs.items() if key not in OUTPUTS}
    for name in ("targets", "held"):
        inputs[name] = {key: text for key, text in props[name].items() if key in attached}
    inputs["held"] = {key: text for key, text in inputs["held"].items() if key in inputs["targets"]}
    return outputs, inputs


def delete(props: Mapping[str, Any], remotes: Remotes) -> None:
    """Deregister what is ours and nobody else of this run claims; a missing group is done.

    Raises:
        errors.AWSError: A call failed; the resource stays in state.
    """
    arn = str(props[ARN])
    ours = set(record.recorded(props).attached) - claims.RUN.of_all(arn)
    try:
        remotes.deregister(arn, [Target.from_key(key) for key in sorted(ours)])
    except errors.TargetGroupNotFound:
        return


def _live(listed: Mapping[str, TargetHealth]) -> set[str]:
    return {key for key, health in listed.items() if not health.draining}


@dataclass
class _Apply:
    """One run on one group; collects what became of it."""

    inputs: Mapping[str, Any]
    old: Recorded
    remotes: Remotes
    attached: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    listed: Mapping[str, TargetHealth] | None = None
    removed: int = 0

    def __post_init__(self) -> None:
        self.attached = dict(self.old.attached)

    @property
    def arn(self) -> str:
        """The group's ARN."""
        return str(self.inputs[ARN])

    @property
    def name(self) -> str:
        """The resource's name."""
        return str(self.inputs.get("name", ""))

    @property
    def plan(self) -> Standing:
        """What shall stand."""
        return record.standing(self.inputs)

    @property
    def guards(self) -> Guards:
        """The guards' settings."""
        return settings.from_inputs(self.inputs).guards()

    def look(self) -> None:
        """List the group."""
        self.listed = self.remotes.listing(self.arn)

    def give_up(self, error: errors.AWSError) -> None:
        """Record that nothing could be done."""
        self.failed = {key: str(error) for key in self._wanted()}

    def steps(self) -> None:
        """Add, then remove; where a quota is in the way, remove first and add once more."""
        leaving = self._leaving()
        result = self._add(self._wanted())
        if result.failure is None:
            self._remove(leaving)
        elif isinstance(result.failure, errors.QuotaExceeded) and leaving:
            self._remove(leaving)
            result = self._add(self._wanted())
        else:
            self.kept.update(dict.fromkeys(leaving, "an addition failed"))
        if result.failure is not None:
            missed = set(self._wanted()) - set(self.failed)
            self.failed.update(dict.fromkeys(missed, str(result.failure)))

    def _wanted(self) -> list[str]:
        """List what shall stand and is not attached; what is only held is not added anew."""
        plan = self.plan
        return sorted(set(plan.targets) - set(self.attached) - set(plan.held))

    def _leaving(self) -> list[str]:
        """List what shall go; what another resource of this run claims is simply no longer ours."""
        theirs = claims.RUN.of_others(self.arn, self.name)
        for key in removal.candidates(self.attached, self.plan.targets):
            if key in theirs:
                del self.attached[key]
        return removal.candidates(self.attached, self.plan.targets)

    def _add(self, keys: list[str]) -> Registration:
        """Register what can stand and does not yet."""
        labels = self.plan.targets
        kind = TargetType(self.inputs["target_type"])
        live = _live(self.listed or {})
        calls = []
        for key in keys:
            target = Target.from_key(key)
            reason = placement.unplaceable(target, kind)
            if reason:
                self.failed[key] = reason
            elif key in live:
                self.attached[key] = labels[key]
            else:
                calls.append(target)
        result = self.remotes.register(self.arn, calls)
        self.attached.update({target.key: labels[target.key] for target in result.registered})
        self.failed.update({target.key: text for target, text in result.rejected.items()})
        return result

    def _remove(self, leaving: list[str]) -> None:
        """Remove what the guards let go, after a fresh look."""
        if not leaving:
            return
        try:
            self.look()
            decided = removal.decide(
                self.attached,
                self.plan.targets,
                self.listed or {},
                self.guards,
                made=self.old.recent,
                now=self.remotes.now(),
                allowed=self.remotes.removal_allowed(self.name),
            )
            self.kept.update(decided.kept)
            for key in decided.gone:
                del self.attached[key]
            self.remotes.deregister(self.arn, [Target.from_key(key) for key in decided.remove])
        except errors.AWSError as error:
            self._removal_failed(leaving, error)
            return
        self._gone(decided.remove)

    def _removal_failed(self, leaving: list[str], error: errors.AWSError) -> None:
        """Find out what is gone all the same; the rest stays ours and is tried again."""
        try:
            self.look()
            live = _live(self.listed or {})
        except errors.AWSError:
            live = set(leaving)
        stay = [key for key in leaving if key in live and key not in self.kept]
        self.failed.update(dict.fromkeys(stay, f"not removed: {error}"))
        self._gone([key for key in leaving if key not in live and key in self.attached])

    def _gone(self, keys: tuple[str, ...] | list[str]) -> None:
        for key in keys:
            del self.attached[key]
        self.removed += len(keys)
        if self.listed is not None:
            gone = set(keys)
            self.listed = {key: item for key, item in self.listed.items() if key not in gone}

    def outputs(self) -> dict[str, Any]:
        """Return inputs and results as state keeps them."""
        now = self.remotes.now()
        labels = self.plan.targets
        made = window.within(self.old.recent, now, self.guards.removal_window)
        known = set(self.old.foreign) if self.listed is None else _live(self.listed)
        result = Recorded(
            attached={key: labels.get(key, label) for key, label in self.attached.items()},
            failed=self.failed,
            foreign=tuple(known - set(self.attached)),
            held={**self.plan.held, **self.kept},
            recent=window.add(made, now, self.removed),
        )
        return {**self.inputs, **result.outputs()}
