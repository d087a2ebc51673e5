"""A resource as Consul, the load balancer and state see it at one moment; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lictor.model import TargetType
from lictor.plan import record
from lictor.plan.addressing import needs_group_port
from lictor.resources import locating
from lictor.resources.checking import ARN
from lictor.settings import attachments as settings
from lictor.settings.attachments import ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.model import Answer, TargetHealth
    from lictor.plan.addressing import Addressing
    from lictor.plan.record import Recorded
    from lictor.resources.remotes import Remotes


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of a resource.

    Attributes:
        answers: What its sources say.
        addressing: How instances become targets.
        listing: Key -> what the load balancer says.
        recorded: What the last run left.
    """

    answers: tuple[Answer, ...]
    addressing: Addressing
    listing: Mapping[str, TargetHealth]
    recorded: Recorded


def sight(outputs: Mapping[str, Any], remotes: Remotes) -> Sight:
    """Look at Consul and AWS for one resource.

    Args:
        outputs: The last run's.
        remotes: Consul and AWS.

    Raises:
        errors.LictorError: One of them does not answer.
    """
    arn = str(outputs[ARN])
    arguments = {key: outputs[key] for key in ARGUMENTS if key in outputs and key != ARN}
    wanted = settings.from_inputs(arguments)
    reached = remotes.acting_as(outputs)
    answers = reached.ask([source.model() for source in wanted.sources])
    recorded = record.recorded(outputs)
    port = reached.target_group(arn).port if needs_group_port(answers, wanted.port) else None
    known = locating.addressing(wanted, TargetType(outputs["target_type"]), port, recorded.attached)
    known = locating.identified(reached, arn, answers, known)
    known = locating.resolved(reached, wanted, answers, known)
    return Sight(tuple(answers), known, reached.listing(arn), recorded)
