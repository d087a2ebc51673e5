"""Which of AWS's rights a group's reads have proved, and which only a change would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.plan.addressing import lookups, needs_vpc
from lictor.plan.desired import desired
from lictor.resources import locating

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lictor.model import Answer
    from lictor.resources.remotes import Remotes
    from lictor.settings.stack import TargetGroupEntry

_READ = ("DescribeTargetGroups", "DescribeTargetHealth")
_LEFT = (
    "RegisterTargets and DeregisterTargets cannot be told without a change of the group:"
    " compare this identity's policy with deploy/iam-policy.json"
)


def used(entry: TargetGroupEntry, remotes: Remotes, answers: Sequence[Answer] | None) -> str:
    """Name the rights that were used; EC2 is asked as a run would ask it.

    Elastic Load Balancing knows no dry run.

    Args:
        entry: The group, which has been described and listed.
        remotes: AWS as the group is spoken to.
        answers: What its sources say; None where they do not.

    Raises:
        errors.AWSError: EC2 denies what the group needs, or does not answer.
    """
    arn = str(entry.target_group_arn)
    group = remotes.target_group(arn)
    known = locating.addressing(entry, group.target_type, group.port, {})
    proved = list(_READ)
    if lookups(answers or (), known):
        known = locating.identified(remotes, arn, answers or (), known)
        proved.append("ec2:DescribeInstances")
    if needs_vpc(desired(answers or (), known).targets, known):
        remotes.vpc(arn)
        proved.append("ec2:DescribeSubnets")
    return f"{', '.join(proved)} are given, all were used just now; {_LEFT}"
