"""The steps of one run on one group: add, wait, look again, remove, swap zones.

Additions come first. Removals start only when every call that adds has been answered (and, where
asked, what was added is healthy), after a fresh listing and the guards' last word
(:mod:`lictor.plan.removal`). A quota alone turns the order round: where nothing fits in, what may
go goes first.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.model import Ownership, Target, TargetType, WaitFor
from lictor.plan import headroom, placement, record, removal, waiting, window, zones
from lictor.plan.record import Recorded
from lictor.resources.claims import Who
from lictor.settings import attachments as settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from lictor.aws.target_groups import Registration
    from lictor.model import TargetHealth
    from lictor.plan.planning import Standing
    from lictor.plan.removal import Removal
    from lictor.resources.remotes import Remotes
    from lictor.settings.attachments import Attachments

_LARGE = 100
"""So many additions at once are checked against the quotas before they are made."""


def live(listed: Mapping[str, TargetHealth]) -> set[str]:
    """List what stands; what is on its way out does not."""
    return {key for key, health in listed.items() if not health.draining}


@dataclass
class Steps:
    """One run on one group; collects what became of it.

    Attributes:
        inputs: The checked inputs: arguments and plan.
        old: What the last run left.
        remotes: AWS, as the group's arguments say.
        attached: Key -> label of what is ours.
        failed: Key -> reason.
        kept: Key -> reason of what was not removed.
        listed: The last listing; None before the first.
        removed: How many were removed, swaps included.
        added: Keys registered by this run.
        failure: What stopped the additions, if anything did.
        doubtful: Keys of ours of which nobody could tell whether they stand: a call broke off, and
            the listing was down too. They are attached and failed until the next look.
    """

    inputs: Mapping[str, Any]
    old: Recorded
    remotes: Remotes
    attached: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    listed: Mapping[str, TargetHealth] | None = None
    removed: int = 0
    added: set[str] = field(default_factory=set)
    failure: errors.AWSError | None = None
    doubtful: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.attached = dict(self.old.attached)
        self.doubtful = set(self.old.attached) & set(self.old.failed)

    @property
    def arn(self) -> str:
        """The group's ARN."""
        return str(self.inputs["target_group_arn"])

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.who.name

    @cached_property
    def who(self) -> Who:
        """The resource."""
        return Who.of(self.inputs)

    @cached_property
    def plan(self) -> Standing:
        """What shall stand."""
        return record.standing(self.inputs)

    @cached_property
    def wanted(self) -> Attachments:
        """The arguments."""
        return settings.from_inputs(self.inputs)

    @cached_property
    def now(self) -> datetime:
        """The time of this run."""
        return self.remotes.now()

    def look(self) -> None:
        """List the group, which ends all doubt: what does not stand is ours no more.

        What was to go and is gone counts as removed: nobody saw it go, so nobody has counted it.
        """
        self.listed = self.remotes.listing(self.arn)
        gone = self.doubtful - live(self.listed)
        self.removed += len(gone - set(self.plan.targets))
        self.failed = {key: text for key, text in self.failed.items() if key not in self.doubtful}
        self.attached = {key: text for key, text in self.attached.items() if key not in gone}
        self.doubtful.clear()

    def give_up(self, error: errors.AWSError) -> None:
        """Record that nothing could be done."""
        self.failure = error
        self.failed = dict.fromkeys(self._missing(), str(error))

    def run(self) -> None:
        """Take the steps in their order."""
        self._settle()
        ours, strangers = self._leaving()
        result = self._add(self._missing())
        if isinstance(result.failure, errors.QuotaExceeded) and (ours or strangers):
            self._remove(ours, strangers)
            result = self._add(self._missing())
        elif result.failure is None:
            self._remove(ours, strangers)
            self._swap()
        else:
            self.kept.update(dict.fromkeys([*ours, *strangers], "an addition failed"))
        if result.failure is not None:
            missed = set(self._missing()) | self.doubtful
            self.failed.update(dict.fromkeys(missed - set(self.failed), str(result.failure)))
        self.failure = result.failure
        self._see_strangers()

    @property
    def unfilled(self) -> str:
        """Say why the group has not got its targets; empty when so few are missing as may go."""
        if self.failure is not None:
            return str(self.failure)
        kind = TargetType(self.inputs["target_type"])
        wanted = [
            key
            for key, text in self.plan.targets.items()
            if not placement.unplaceable(zones.target(key, text), kind)
        ]
        missing = [key for key in wanted if key not in self.attached]
        if not missing or not removal.too_many(len(missing), len(wanted), self.wanted.guards()):
            return ""
        return f"{len(missing)} of {len(wanted)} failed: {self.failed.get(missing[0], missing[0])}"

    def _see_strangers(self) -> None:
        """Look who else stands in a group that is ours alone: on the first run nobody has yet."""
        unseen = self.listed is None and not self.doubtful
        if unseen and self.wanted.ownership is Ownership.EXCLUSIVE:
            with suppress(errors.AWSError):  # what `foreign` says is no condition of anything
                self.look()

    def _settle(self) -> None:
        """Find out what became of what the last run left in doubt."""
        if not self.doubtful:
            return
        try:
            self.look()
        except errors.AWSError as error:
            self.failed.update(dict.fromkeys(self.doubtful, str(error)))

    def _missing(self) -> list[str]:
        """List what shall stand and is not attached; what is only held is not added anew."""
        return sorted(set(self.plan.targets) - set(self.attached) - set(self.plan.held))

    def _leaving(self) -> tuple[list[str], list[str]]:
        """List what of ours, and which strangers, shall go.

        What another resource of this run claims is simply no longer ours.
        """
        theirs = self.remotes.run.claims.of_others(self.arn, self.who)
        for key in removal.candidates(self.attached, self.plan.targets):
            if key in theirs:
                del self.attached[key]
        ours = removal.candidates(self.attached, self.plan.targets)
        return ours, sorted(set(self.plan.strangers) - theirs)

    def _add(self, keys: Sequence[str]) -> Registration:
        """Register what can stand and does not yet."""
        labels = self.plan.targets
        kind = TargetType(self.inputs["target_type"])
        unknown = self.remotes.run.unknown(self.arn, self.who)
        standing = live(self.listed or {})
        calls: list[Target] = []
        for key in keys:
            target = zones.target(key, labels[key])
            reason = placement.unplaceable(target, kind, unknown.get(key, ""))
            if reason:
                self.failed[key] = reason
            elif key in standing and self.listed is not None:
                self.attached[key] = zones.adopted(labels[key], self.listed[key].target.zone)
            else:
                self.failed.pop(key, None)
                calls.append(target)
        result = self._register(calls)
        ours = result.registered | result.uncertain
        self.attached.update({target.key: labels[target.key] for target in ours})
        self.added |= {target.key for target in ours}
        self.doubtful |= {target.key for target in result.uncertain}
        self.failed.update({target.key: text for target, text in result.rejected.items()})
        return result

    def _register(self, calls: list[Target]) -> Registration:
        """Register targets; of many, as many as the quotas leave room for.

        AWS tells nobody how many targets a group may have. Where the usual limit is the tightest,
        what is above it is tried by itself, after all the rest: AWS's own answer counts.
        """
        first, above, said = self._fitting(calls)
        result = self.remotes.register(self.arn, first)
        left = [target for target in calls if target not in {*first, *above}]
        self.failed.update(dict.fromkeys((target.key for target in left), f"no head-room: {said}"))
        if not above or result.failure is not None:
            return result
        more = self.remotes.register(self.arn, above)
        if isinstance(more.failure, errors.QuotaExceeded):
            full = set(above) - more.registered - more.rejected.keys() - more.uncertain
            self.failed.update({target.key: f"no head-room: {more.failure}" for target in full})
            more = replace(more, failure=None)
        return replace(
            more,
            registered=result.registered | more.registered,
            rejected={**result.rejected, **more.rejected},
            uncertain=result.uncertain | more.uncertain,
        )

    def _fitting(self, calls: list[Target]) -> tuple[list[Target], list[Target], str]:
        """Part many additions by the quotas, before they are made.

        Returns:
            What fits; what may yet, above a limit that is assumed, in the order in which it is to
            be tried; and the tightest limit.
        """
        if len(calls) < _LARGE:
            return calls, [], ""
        try:
            room = self.remotes.head_room(self.arn)
        except errors.AWSError:
            return calls, [], ""  # a forecast is no condition: AWS's own answer counts
        if len(calls) <= room.left:
            return calls, [], ""
        by_key = {target.key: target for target in calls}
        order = headroom.order(by_key, self.attached, self._zones(calls))
        targets = [by_key[key] for key in order]
        return targets[: room.left], targets[room.left : room.told], room.said

    def _zones(self, calls: Iterable[Target]) -> dict[str, str]:
        """Tell the zones of what stands and of what is to be added, as far as they are known."""
        wanted = {target.key: target for target in calls}
        every = {key: Target.from_key(key).id for key in (*self.attached, *wanted)}
        found: Mapping[str, str] = {}
        with suppress(errors.AWSError):  # it is for the choice of what fits, and no more
            found = self.remotes.zones(self.arn, set(every.values()))
        listed = {key: health.target.zone for key, health in (self.listed or {}).items()}
        asked = {key: target.zone for key, target in wanted.items()}
        return {
            key: asked.get(key) or listed.get(key) or found.get(ident, "")
            for key, ident in every.items()
        }

    def _remove(self, ours: Collection[str], strangers: Collection[str]) -> None:
        """Remove what the guards let go, after a fresh look."""
        if not ours and not strangers:
            return
        try:
            reason = self._await_health()
            self.look()
            decided = removal.decide(
                self.attached,
                self.plan.targets,
                self.listed or {},
                self.wanted.guards(),
                made=self.old.recent,
                now=self.now,
                allowed=self.remotes.removal_allowed(self.name),
                held=self.plan.held,
                strangers=strangers,
                waiting=reason,
            )
        except errors.AWSError as error:
            self.failed.update(dict.fromkeys([*ours, *strangers], f"not removed: {error}"))
            return
        self._carry_out(decided)
        self._await_drain(decided.remove)

    def _await_health(self) -> str:
        """Wait for what was added where asked; give the reason why removals must wait longer."""
        if self.wanted.wait_for is not WaitFor.HEALTHY:
            return ""
        named = set(self.plan.targets) & set(self.attached) - set(self.plan.held)
        keys = waiting.awaited(self.added, named, self.old.held)
        if not keys:
            return ""
        self.remotes.until_healthy(self.arn, keys, self.wanted.health_timeout, self._say)
        return waiting.reason(waiting.pending(keys, self.remotes.listing(self.arn)))

    def _await_drain(self, removed: Iterable[str]) -> None:
        """Wait until removed targets have drained, where asked; that it takes long is no error."""
        keys = list(removed)
        if not self.wanted.wait_for_drain or not keys:
            return
        try:
            self.remotes.until_drained(self.arn, keys, self._say)
        except errors.AWSError as error:
            self._say(f"cannot tell whether {len(keys)} targets have drained: {error}")

    def _carry_out(self, decided: Removal) -> None:
        """Deregister what goes; find out what is gone all the same when a call fails."""
        listed = self.listed or {}
        self.kept.update(decided.kept)
        for key in decided.gone:
            self.attached.pop(key, None)
        going = set(decided.remove)
        try:
            self.remotes.deregister(self.arn, [listed[key].target for key in decided.remove])
        except errors.AWSError as error:
            try:
                self.look()
                going -= live(self.listed or {})
            except errors.AWSError:
                going = set()
            stay = set(decided.remove) - going
            self.failed.update(dict.fromkeys(stay, f"not removed: {error}"))
        for key in going:
            self.attached.pop(key, None)
        self.removed += len(going)
        self.listed = {key: item for key, item in (self.listed or {}).items() if key not in going}

    def _swap(self) -> None:
        """Deregister and register again what stands in another zone than it shall."""
        zoned = zones.swaps(self.attached, self.plan.targets)
        if not zoned:
            return
        try:
            self.look()
        except errors.AWSError as error:
            self.failed.update(dict.fromkeys(zoned, f"zone not changed: {error}"))
            return
        self._carry_out(
            removal.swap(
                zoned,
                self.plan.targets,
                self.listed or {},
                self.wanted.guards(),
                made=window.add(self.old.recent, self.now, self.removed),
                now=self.now,
                allowed=self.remotes.removal_allowed(self.name),
            )
        )
        back = [key for key in zoned if key not in self.attached]
        result = self._add(back)
        if result.failure is not None:
            missed = [key for key in back if key not in self.attached]
            self.failed.update(dict.fromkeys(missed, str(result.failure)))

    def _say(self, text: str) -> None:
        """Tell the user of a wait: what a provider prints stands in the CLI's output."""
        sys.stderr.write(f"{self.name}: {text}\n")
        sys.stderr.flush()

    def outputs(self) -> dict[str, Any]:
        """Return inputs and results as state keeps them."""
        labels = self.plan.targets
        made = window.within(self.old.recent, self.now, self.wanted.removal_window)
        known = set(self.old.foreign) if self.listed is None else live(self.listed)
        result = Recorded(
            attached={
                key: label if key in self.added else zones.relabelled(label, labels.get(key, label))
                for key, label in self.attached.items()
            },
            failed=self.failed,
            foreign=tuple(known - set(self.attached)),
            held={**self.plan.held, **self.kept},
            recent=window.add(made, self.now, self.removed),
        )
        return {**self.inputs, **result.outputs()}
