"""RegisterTargets, DeregisterTargets, DescribeTargetHealth and DescribeAccountLimits, strictly."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from tests.fakes.aws import admission, inventory, members, wire
from tests.fakes.aws.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.fakes.aws.calls import Call, Target
    from tests.fakes.aws.settings import Settings

_ARN = re.compile(
    r"^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:targetgroup/[A-Za-z0-9-]+/[0-9a-f]+$"
)
_ELB_V2 = "2015-12-01"


class Targets:
    """Every target group's members and the AWS operations upon them."""

    def __init__(self, settings: Settings) -> None:
        """Start with no members at all."""
        self.clock = Clock()
        self.settings = settings
        self._members: dict[str, members.Members] = {}
        self._forced: dict[tuple[str, str], members.Health] = {}
        self._operations: dict[str, Callable[[Call], wire.Answer]] = {
            "RegisterTargets": self._register,
            "DeregisterTargets": self._deregister,
            "DescribeTargetHealth": self._describe,
            "DescribeAccountLimits": self._limits,
        }

    def handler(self, call: Call) -> Callable[[Call], wire.Answer] | None:
        """Return what answers the call instead of moto."""
        if call.service != "elasticloadbalancing" or call.version != _ELB_V2:
            return None
        return self._operations.get(call.operation)

    def force(self, arn: str, key: str, health: members.Health | None) -> None:
        """Fix the health of one target, or let it go its way again."""
        if health is None:
            self._forced.pop((arn, key), None)
        else:
            self._forced[arn, key] = health

    def reset(self, settings: Settings) -> None:
        """Go back to the first settings, the true clock and true health."""
        self.settings = settings
        self._forced.clear()
        dropped = self.clock.reset()
        for of_group in self._members.values():
            of_group.shift(dropped)

    def forget(self) -> None:
        """Forget every member: their groups are gone."""
        self._members.clear()

    def states(
        self, group: inventory.Group, instances: Mapping[str, inventory.Instance]
    ) -> Iterator[tuple[Target, members.Health]]:
        """Yield what the unfiltered DescribeTargetHealth lists."""
        for member in self._of(group).all():
            found = self._health(member, group, instances)
            if found is not None:
                yield member.target, found

    def _of(self, group: inventory.Group) -> members.Members:
        """Return the group's members as of now."""
        of_group = self._members.setdefault(group.arn, members.Members())
        of_group.settle(self.clock.now())
        return of_group

    def _health(
        self,
        member: members.Member,
        group: inventory.Group,
        instances: Mapping[str, inventory.Instance],
    ) -> members.Health | None:
        """Return a member's health, the forced one when the target is in service at all."""
        age = self.clock.now() - member.since
        found = members.health(member, group, instances, age, self.settings.initial_seconds)
        if found is None or found is members.DRAINING:
            return found
        return self._forced.get((group.arn, member.target.key), found)

    def _register(self, call: Call) -> wire.Answer:
        """Register all targets of the call or, as AWS does, none."""
        group, targets = self._named(call)
        door = admission.make_door(group)
        verdicts = [door.admit(target) for target in targets]
        problems = [verdict for verdict in verdicts if isinstance(verdict, admission.Problem)]
        if problems and self.settings.atomic_batches:
            raise admission.refusal(problems, group.vpc)
        before = verdicts.index(problems[0]) if problems else len(verdicts)
        good = [v for v in verdicts[:before] if not isinstance(v, admission.Problem)]
        self._check_quota(group, good)
        self._of(group).register(good, self.clock.now())
        if problems:
            raise admission.refusal(problems[:1], group.vpc)
        return wire.elb_result(call.operation)

    def _check_quota(self, group: inventory.Group, targets: list[Target]) -> None:
        """Refuse what would lift the group above its quota; what is there may be repeated."""
        of_group = self._of(group)
        quota = self.settings.targets_per_group
        wanted: set[str] = set(of_group.keys())
        for position, target in enumerate(targets):
            if target.key not in wanted and len(wanted) >= quota:
                if not self.settings.atomic_batches:
                    of_group.register(targets[:position], self.clock.now())
                raise wire.Refusal(
                    "TooManyTargets",
                    f"The maximum number of targets per target group '{quota}' "
                    f"has been reached on target group '{group.arn}'",
                )
            wanted.add(target.key)

    def _deregister(self, call: Call) -> wire.Answer:
        """Deregister what is there under id and port; what is not there is no error."""
        group, targets = self._named(call)
        draining = self.settings.draining_seconds
        delay = group.delay if draining is None else draining
        self._of(group).deregister(targets, self.clock.now(), delay)
        return wire.elb_result(call.operation)

    def _describe(self, call: Call) -> wire.Answer:
        """List the group's targets, or say about each named one how it is."""
        group = self._group(call)
        if call.targets:
            named = [_with_port(target, group) for target in call.targets]
            listed = list(self._filtered(group, named))
        else:
            listed = list(self.states(group, _instances_of(group)))
        inner = "".join(_description(target, health, group) for target, health in listed)
        return wire.elb_result(
            call.operation, f"<TargetHealthDescriptions>{inner}</TargetHealthDescriptions>"
        )

    def _filtered(
        self, group: inventory.Group, targets: list[Target]
    ) -> Iterator[tuple[Target, members.Health]]:
        """Answer about absent targets too; those of terminated instances drain (as observed)."""
        of_group, instances = self._of(group), _instances_of(group)
        for target in targets:
            member = of_group.find(target.key)
            if member is None:
                yield target, members.NOT_REGISTERED
            else:
                health = self._health(member, group, instances)
                yield member.target, health or members.DRAINING

    def _limits(self, call: Call) -> wire.Answer:
        """Tell the account's quotas, with the names AWS gives them."""
        per_group = self.settings.targets_per_group
        limits = {
            "application-load-balancers": 50,
            "listeners-per-application-load-balancer": 50,
            "listeners-per-network-load-balancer": 50,
            "network-load-balancers": 50,
            "rules-per-application-load-balancer": 100,
            "target-groups": 3000,
            "target-groups-per-application-load-balancer": 100,
            "targets-per-application-load-balancer": per_group,
            "targets-per-availability-zone-per-network-load-balancer": 500,
            "targets-per-network-load-balancer": 3000,
        }
        inner = "".join(
            f"<member>{wire.element('Name', name)}{wire.element('Max', most)}</member>"
            for name, most in limits.items()
        )
        return wire.elb_result(call.operation, f"<Limits>{inner}</Limits>")

    def _group(self, call: Call) -> inventory.Group:
        """Find the group that the call names."""
        arn = call.params.get("TargetGroupArn", "")
        if not _ARN.match(arn):
            raise wire.validation_error(f"'{arn}' is not a valid target group ARN")
        group = inventory.find_group(arn, call.region)
        if group is None:
            raise wire.Refusal("TargetGroupNotFound", "One or more target groups not found")
        return group

    def _named(self, call: Call) -> tuple[inventory.Group, list[Target]]:
        """Return the group and the targets with their ports filled in."""
        group = self._group(call)
        most = self.settings.targets_per_call
        if not call.targets:
            raise wire.validation_error("At least one target must be specified")
        if most is not None and len(call.targets) > most:
            raise wire.validation_error(f"At most {most} targets can be specified in one call")
        return group, [_with_port(target, group) for target in call.targets]


def _with_port(target: Target, group: inventory.Group) -> Target:
    """Give a target without a port the group's."""
    return target if target.port is not None else dataclasses.replace(target, port=group.port)


def _instances_of(group: inventory.Group) -> Mapping[str, inventory.Instance]:
    """Return the instances that the health of the group's members depends on."""
    return inventory.instances(group) if group.target_type == "instance" else {}


def _description(target: Target, health: members.Health, group: inventory.Group) -> str:
    """Write one TargetHealthDescription."""
    check = group.health_check_port
    port = target.port if check in {"", "traffic-port"} else check
    who = (
        wire.element("Id", target.id)
        + wire.element("Port", target.port)
        + wire.element("AvailabilityZone", target.zone)
    )
    how = (
        wire.element("State", health.state)
        + wire.element("Reason", health.reason)
        + wire.element("Description", health.description)
    )
    inside = f"<Target>{who}</Target><TargetHealth>{how}</TargetHealth>"
    return f"<member>{wire.element('HealthCheckPort', port)}{inside}</member>"
