"""What create, update, read and delete do to a group, and what they record.

Nothing here raises after something was changed: what could not be done is recorded in ``failed``,
and the next run tries again. Consul is never asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.plan import record, removal, window
from lictor.plan.record import Recorded
from lictor.resources.checking import ARN
from lictor.resources.steps import Steps, live
from lictor.settings import attachments as settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lictor.model import TargetHealth
    from lictor.resources.claims import Who
    from lictor.resources.remotes import Remotes

OUTPUTS = ("attached", "failed", "foreign")
"""What outputs have beside the inputs."""


def create(inputs: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Attach to a group; what stands there already is adopted without a call."""
    steps = Steps(inputs, Recorded(), remotes.acting_as(inputs))
    try:
        steps.look()
    except errors.AWSError as error:
        steps.give_up(error)
    else:
        steps.run()
    return _ended(steps)


def update(olds: Mapping[str, Any], inputs: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Bring the group to the plan."""
    steps = Steps(inputs, record.recorded(olds), remotes.acting_as(inputs))
    steps.run()
    return _ended(steps)


def _ended(steps: Steps) -> dict[str, Any]:
    """Return the outputs, and note whether a group that this one replaces may be left."""
    steps.remotes.run.claims.filled(steps.arn, steps.who, steps.unfilled)
    return steps.outputs()


def read(
    props: Mapping[str, Any], remotes: Remotes
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Say what stands of what we attached.

    Args:
        props: The last run's outputs.
        remotes: Consul and AWS.

    Returns:
        Outputs and inputs, lowered to what the group lists; None when the group is gone.

    Raises:
        errors.AWSError: The group cannot be listed.
    """
    try:
        listed = remotes.acting_as(props).listing(str(props[ARN]))
    except errors.TargetGroupNotFound:
        return None
    standing = live(listed)
    was = record.recorded(props)
    attached = {key: label for key, label in was.attached.items() if key in standing}
    # a removal whose answer was lost and which nobody could see: it counts from now on
    unseen = (set(was.attached) & set(was.failed)) - standing - set(props["targets"])
    recent = window.add(was.recent, remotes.now(), len(unseen))
    now = Recorded(attached, was.failed, tuple(standing - set(attached)), was.held, recent)
    outputs = {**props, **now.outputs()}
    inputs = {key: value for key, value in outputs.items() if key not in OUTPUTS}
    targets = {key: text for key, text in props["targets"].items() if key in attached}
    inputs["targets"] = targets
    inputs["held"] = {
        key: text for key, text in was.held.items() if key in (*targets, *now.foreign)
    }
    return outputs, inputs


def delete(props: Mapping[str, Any], remotes: Remotes) -> None:
    """Deregister what is ours and nobody of this run claims; a missing group is done.

    What is deleted may have been renamed, or its group taken over by another resource of the
    run: where one has this group, the guards are asked, and where one has not filled its own,
    nothing goes. Only the user's word gets past that.

    Args:
        props: The last run's outputs.
        remotes: Consul and AWS.

    Raises:
        errors.AWSError: A call failed; the resource stays in state.
        errors.RemovalRefused: Not all of them may go now; they stay, all of them.
    """
    arn, name = str(props[ARN]), str(props.get("name", ""))
    reached, claims = remotes.acting_as(props), remotes.run.claims
    ours = set(record.recorded(props).attached) - claims.of_all(arn)
    if not ours:
        return
    allowed = remotes.removal_allowed(name)
    unfilled = "" if allowed else claims.unfilled_elsewhere(arn)
    if unfilled:
        raise _refusal(len(ours), arn, name, f"the group of {unfilled}")
    try:
        listed = reached.listing(arn)
        leaving = sorted(ours & live(listed))
        others = () if allowed else claims.claimants(arn)
        if leaving and others:
            _ask_guards(props, listed, leaving, remotes, others)
        reached.deregister(arn, [listed[key].target for key in leaving])
    except errors.TargetGroupNotFound:
        return


def _ask_guards(
    props: Mapping[str, Any],
    listed: Mapping[str, TargetHealth],
    leaving: Sequence[str],
    remotes: Remotes,
    others: Sequence[Who],
) -> None:
    """Ask the guards of a resource that is deleted while others have its group.

    Raises:
        errors.RemovalRefused: One trips.
    """
    arn, was = str(props[ARN]), record.recorded(props)
    reason = removal.parting(
        leaving,
        remotes.run.claims.of_all(arn),
        listed,
        settings.from_inputs(props).guards(),
        held=was.held,
        made=was.recent,
        now=remotes.now(),
    )
    if reason:
        whose = f"{' and '.join(map(str, others))} has the group now; {reason}"
        raise _refusal(len(leaving), arn, str(props.get("name", "")), whose)


def _refusal(count: int, arn: str, name: str, reason: str) -> errors.RemovalRefused:
    return errors.RemovalRefused(
        f"{count} targets stay in {arn} ({reason}); the next run tries again,"
        f" or let them go once with LICTOR_ALLOW_REMOVAL={name}"
    )
