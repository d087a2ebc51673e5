"""What ``diff`` does: whether a run has anything to do for a resource, and what.

Pure: the plan stands among the inputs already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi.output import Unknown

from lictor.plan import record, strangers
from lictor.resources.checking import ARN
from lictor.resources.kinds import PROVIDER, Difference

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_DELETION = ("role_arn", "name", "parent")
"""Inputs that a deletion needs as they are now: it sees the last run's outputs only."""


def compare(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Difference:
    """Compare the plan with what the last run left.

    A changed ownership is a change: else a refresh, which knows outputs only, would undo it.

    Args:
        olds: The last run's outputs.
        news: This run's inputs, as ``check`` returned them.
    """
    moved = olds.get(ARN) != news.get(ARN)
    changes = (
        moved
        or isinstance(news.get("targets"), Unknown)
        or any(olds.get(key) != news.get(key) for key in (PROVIDER, *_OF_DELETION))
        or strangers.first_run(olds) != strangers.first_run(news)
        or record.differs(record.recorded(olds), record.standing(news))
    )
    return Difference(changes, (ARN,) if moved else ())
