"""How a resource's instances become targets, with what EC2 and DNS have to tell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lictor.plan.addressing import Addressing, datacenters, hosts, lookups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lictor.model import Answer, TargetType
    from lictor.resources.remotes import Remotes
    from lictor.settings.attachments import Attachments


def addressing(
    wanted: Attachments,
    target_type: TargetType,
    group_port: int | None,
    standing: Mapping[str, str],
) -> Addressing:
    """Say how instances become targets, as far as the arguments tell.

    Args:
        wanted: The arguments.
        target_type: What the group takes.
        group_port: The group's own port; None where nobody needs it.
        standing: Key -> label of what stands.
    """
    return Addressing(
        target_type=target_type,
        target_id=wanted.target_id,
        port=wanted.port,
        group_port=group_port or 0,
        address=wanted.address,
        zone=wanted.availability_zone,
        standing=standing,
    )


def identified(
    remotes: Remotes,
    arn: str,
    answers: Sequence[Answer],
    known: Addressing,
    *,
    sure: bool = False,
) -> Addressing:
    """Ask EC2 for the ids that Consul does not tell; to be sure, twice for what it lacks.

    Raises:
        errors.AwsError: EC2 does not answer.
    """
    for afresh in (False, True) if sure else (False,):
        private = lookups(answers, known)
        if not private:
            break
        found = remotes.instances(
            arn, private, known.standing_ids, datacenters(answers), afresh=afresh
        )
        ids = {**known.instance_ids, **found.ids}
        known = replace(known, instance_ids=ids, unknown=found.reasons)
    return known


def resolved(
    remotes: Remotes, wanted: Attachments, answers: Sequence[Answer], known: Addressing
) -> Addressing:
    """Look host names up, where the arguments wish for it.

    Raises:
        errors.LictorError: One cannot be resolved.
    """
    if not wanted.resolve_hosts:
        return known
    return replace(known, resolved=remotes.resolve(hosts(answers, known)))
