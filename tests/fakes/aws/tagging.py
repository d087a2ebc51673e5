"""What EC2 asks before it tags, which moto does not: every instance that is named must exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.aws import inventory
from tests.fakes.aws.wire import Refusal

if TYPE_CHECKING:
    from tests.fakes.aws.calls import Call

_OPERATIONS = ("CreateTags", "DeleteTags")


def check(call: Call) -> None:
    """Refuse the whole call for one instance that is not there, as AWS does."""
    if call.service != "ec2" or call.operation not in _OPERATIONS:
        return
    named = [value for name, value in call.params.items() if name.startswith("ResourceId.")]
    missing = [one for one in named if one.startswith("i-")]
    missing = [one for one in missing if not inventory.has_instance(call.region, one)]
    if missing:
        listed = ", ".join(missing)
        plural = "IDs" if missing[1:] else "ID"
        verb = "do" if missing[1:] else "does"
        text = f"The instance {plural} '{listed}' {verb} not exist"
        raise Refusal("InvalidInstanceID.NotFound", text)
