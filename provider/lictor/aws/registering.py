"""Registers and deregisters targets, and finds out what became of each.

AWS gives no result for each target of a call. What a call did is found out by listing the group;
what AWS refuses, by its naming the targets, else by halving the call until they are alone. Both
ways need few calls: a batch of 100 with one bad target that is named takes 2, with one that is
not named about 14.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from lictor import errors
from lictor.aws import attempts, failures, session
from lictor.aws.listing import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from types_boto3_elbv2.type_defs import TargetDescriptionTypeDef

    from lictor.model import AWSAccess, Target

BATCH = 100
"""Targets in a call. AWS documents no limit; Kubernetes' controllers use 100 to 200."""

EVERYWHERE = "all"
"""The zone of an address that lies outside the VPC."""

_WORD = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.:/-]*[0-9A-Za-z])?")
_NEEDS_ZONE = re.compile(r"Availability Zone.*outside the VPC", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Registration:
    """What came of registering targets.

    Attributes:
        registered: Targets that stand in the group now, with the zone they were given.
        rejected: Target -> AWS's reason for not taking it.
        failure: The error of a call that failed as a whole; the targets that are in none of the
            other fields were not registered because of it.
        uncertain: Targets of the call that failed, where it may have taken effect and nobody
            could look: they may stand in the group, now or in a moment.
    """

    registered: frozenset[Target]
    rejected: Mapping[Target, str]
    failure: errors.AWSError | None
    uncertain: frozenset[Target] = frozenset()


def register(access: AWSAccess, arn: str, targets: Sequence[Target]) -> Registration:
    """Register targets in batches, going round those that AWS refuses.

    Targets that stand already are taken again without harm. An address outside the VPC that
    came without a zone gets ``all``, as AWS asks for it. The first call that fails as a whole
    (throttled after retries, denied, quota, 5xx) ends it; what such a call did all the same is
    found out by a listing.
    """
    sweep = _Sweep(access, arn, "RegisterTargets")
    failure = sweep.run(targets)
    return Registration(frozenset(sweep.done), sweep.rejected, failure, frozenset(sweep.uncertain))


def deregister(access: AWSAccess, arn: str, targets: Sequence[Target]) -> None:
    """Deregister targets in batches, always with their port: without one AWS may do nothing.

    A target that is registered no more is no error to AWS. One that AWS refuses does not keep
    the others.

    Raises:
        errors.AWSError: A call failed; the listing tells which targets are gone.
        errors.TargetsRejected: AWS refuses some of them, which stay; the others are gone.
    """
    sweep = _Sweep(access, arn, "DeregisterTargets")
    failure = sweep.run(targets)
    if failure is not None:
        raise failure
    if sweep.rejected:
        target, reason = min(sweep.rejected.items())
        others = f" and {len(sweep.rejected) - 1} more" if len(sweep.rejected) > 1 else ""
        raise errors.TargetsRejected(f"AWS does not deregister {target.key}{others}: {reason}")


def batches(targets: Sequence[Target]) -> Iterator[list[Target]]:
    """Cut targets into calls."""
    for start in range(0, len(targets), BATCH):
        yield list(targets[start : start + BATCH])


@dataclass(slots=True)
class _Sweep:
    """One change of a group's targets, call by call."""

    access: AWSAccess
    arn: str
    operation: Literal["RegisterTargets", "DeregisterTargets"]
    done: set[Target] = field(default_factory=set)
    rejected: dict[Target, str] = field(default_factory=dict)
    uncertain: set[Target] = field(default_factory=set)

    def run(self, targets: Sequence[Target]) -> errors.AWSError | None:
        """Make the calls; return the error of the one that failed as a whole and ended it."""
        pending = list(batches(targets))[::-1]
        while pending:
            batch = pending.pop()
            with attempts.seen() as seen:
                try:
                    self._call(batch)
                except errors.TargetsRejected as error:
                    reason: errors.AWSError = error
                except errors.AWSError as error:
                    return self._failed(batch, error, broken=seen.broken)
                else:
                    self.done.update(batch)
                    continue
            try:
                rest = self._left(batch)
            except errors.AWSError as error:
                self.uncertain.update(batch)
                return error
            pending.extend(reversed(self._parts(rest, reason, alone=len(batch) == 1)))
        return None

    def _call(self, batch: list[Target]) -> None:
        with session.translated(self.operation, self.access):
            client = session.elbv2(self.access)
            described = [_described(target) for target in batch]
            if self.operation == "RegisterTargets":
                client.register_targets(TargetGroupArn=self.arn, Targets=described)
            else:
                client.deregister_targets(TargetGroupArn=self.arn, Targets=described)

    def _failed(
        self, batch: list[Target], error: errors.AWSError, *, broken: bool
    ) -> errors.AWSError:
        """Find out what a failed call did all the same, unless AWS said that it did nothing."""
        if broken or not failures.without_effect(error):
            try:
                self._left(batch)
            except errors.AWSError:
                self.uncertain.update(batch)
        return error

    def _left(self, batch: list[Target]) -> list[Target]:
        """Look which targets of a call stand as they should; return the others."""
        listed = listing(self.access, self.arn)
        standing = {key for key, health in listed.items() if not health.draining}
        wanted = self.operation == "RegisterTargets"
        left = [target for target in batch if (target.key in standing) is not wanted]
        self.done.update(set(batch) - set(left))
        return left

    def _parts(
        self, rest: list[Target], reason: errors.AWSError, *, alone: bool
    ) -> list[list[Target]]:
        """Cut what was refused into the calls to come, and set apart what is to blame.

        To blame is what AWS names, and what was refused alone. An id that stands in the call
        with several ports is not judged by its name.
        """
        message = failures.message_of(reason.__cause__)
        words = set(_WORD.findall(message))
        ids = [target.id for target in rest]
        blamed = [target for target in rest if target.id in words and ids.count(target.id) == 1]
        if alone:
            blamed = rest
        others = [target for target in rest if target not in blamed]
        if not blamed:
            middle = (len(others) + 1) // 2
            return [half for half in (others[:middle], others[middle:]) if half]
        outside = [target for target in blamed if not target.zone and _NEEDS_ZONE.search(message)]
        for target in blamed:
            if target not in outside:
                self.rejected[target] = _reason(reason, alone=len(blamed) == 1)
        again = [replace(target, zone=EVERYWHERE) for target in outside]
        return [part for part in (again, others) if part]


def _reason(error: errors.AWSError, *, alone: bool) -> str:
    """Say why a target was refused; the ids of others that share the reason are left out."""
    text = str(error)
    return text if alone else text.partition(": '")[0]


def _described(target: Target) -> TargetDescriptionTypeDef:
    described: TargetDescriptionTypeDef = {"Id": target.id, "Port": target.port}
    if target.zone:
        described["AvailabilityZone"] = target.zone
    return described
