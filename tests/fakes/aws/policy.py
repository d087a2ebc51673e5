"""An IAM allow-list in front of every call, to prove the policies that lictor ships."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.fakes.aws import conditions
from tests.fakes.aws.wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.aws.calls import Call

    TagsOf: TypeAlias = Callable[[Call, str], Mapping[str, str]]
    """Finds the tags of a resource by its ARN."""

_ALWAYS_ALLOWED = frozenset({"sts:GetCallerIdentity"})
_S3_ACTIONS = {
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "ListBuckets": "ListAllMyBuckets",
    "DeleteObjects": "DeleteObject",
}
_EC2_KINDS = {
    "i-": "instance",
    "vol-": "volume",
    "subnet-": "subnet",
    "vpc-": "vpc",
    "sg-": "security-group",
    "eni-": "network-interface",
    "lt-": "launch-template",
}
_EC2_ID = re.compile(r"^(ResourceId|InstanceId)\.\d+$")
_ARN = re.compile(r"^(TargetGroup|LoadBalancer|Listener|Rule|Resource|Role)Arns?(\.member\.\d+)?$")


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """One Allow: actions and resources as patterns."""

    actions: tuple[re.Pattern[str], ...]
    resources: tuple[re.Pattern[str], ...]
    conditions: tuple[conditions.Condition, ...]

    def allows(self, call: Call, resource: str, tags_of: TagsOf) -> bool:
        """Tell whether the statement covers the call's action on the resource."""
        action = action_of(call)
        return (
            any(pattern.fullmatch(action) for pattern in self.actions)
            and any(pattern.fullmatch(resource) for pattern in self.resources)
            and all(c.holds(call, lambda: tags_of(call, resource)) for c in self.conditions)
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """A set of Allow statements; what none covers is denied."""

    statements: tuple[Statement, ...]

    def check(self, call: Call, account: str, tags_of: TagsOf) -> None:
        """Refuse the call unless every resource it touches is allowed."""
        if action_of(call) in _ALWAYS_ALLOWED:
            return
        for resource in resources_of(call, account):
            if not any(each.allows(call, resource, tags_of) for each in self.statements):
                raise denial(call, account, resource)


def parse(document: dict[str, Any]) -> Policy:
    """Read a policy document, refusing what could not be judged rather than ignoring it."""
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return Policy(tuple(_statement(statement) for statement in listed))


def action_of(call: Call) -> str:
    """Return the IAM action of the call."""
    name = _S3_ACTIONS.get(call.operation, call.operation) if call.service == "s3" else None
    return f"{call.service}:{name or call.operation}"


def resources_of(call: Call, account: str) -> list[str]:
    """Return the ARNs the call touches, `*` for what IAM cannot narrow (all Describe actions)."""
    if call.service == "s3":
        return ["arn:aws:s3:::" + "/".join(filter(None, map(call.params.get, ("Bucket", "Key"))))]
    if call.operation.startswith(("Describe", "List", "Get")):
        return ["*"]
    if call.service == "ec2":
        ids = [value for name, value in call.params.items() if _EC2_ID.match(name)]
        return [_ec2_arn(call, account, identifier) for identifier in ids] or ["*"]
    arns = [value for name, value in call.params.items() if _ARN.match(name)]
    return arns or ["*"]


def denial(call: Call, account: str, resource: str | None = None) -> Refusal:
    """Return the service's way to say no."""
    action = action_of(call)
    on = resource or resources_of(call, account)[0]
    text = (
        f"User: arn:aws:iam::{account}:user/moto is not authorized to perform: {action} on "
        f"resource: {on} because no identity-based policy allows the {action} action"
    )
    if call.service == "ec2":
        text = f"You are not authorized to perform this operation. {text}"
        return Refusal("UnauthorizedOperation", text, 403)
    return Refusal("AccessDenied", text, 403)


def _ec2_arn(call: Call, account: str, identifier: str) -> str:
    """Return the ARN of an EC2 resource by its id's prefix."""
    prefix = identifier.partition("-")[0] + "-"
    kind = _EC2_KINDS.get(prefix, "resource")
    return f"arn:aws:ec2:{call.region}:{account}:{kind}/{identifier}"


def _statement(statement: dict[str, Any]) -> Statement:
    """Read one statement."""
    unknown = sorted(set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"})
    if unknown or statement["Effect"] != "Allow":
        extra = unknown or "Deny"
        msg = f"only Allow with Action, Resource and Condition can be judged here, not {extra}"
        raise ValueError(msg)
    return Statement(
        tuple(conditions.pattern(a, re.IGNORECASE) for a in _listed(statement["Action"])),
        tuple(conditions.pattern(r) for r in _listed(statement["Resource"])),
        conditions.parse(statement.get("Condition", {})),
    )


def _listed(value: str | list[str]) -> list[str]:
    """Return IAM's string-or-list as a list."""
    return [value] if isinstance(value, str) else value
