"""What a test on the real engine has at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.aws.client import StandIn
    from tests.fakes.consul import Consul
    from tests.fakes.pulumi import Run, Stack

CHANGES = ("RegisterTargets", "DeregisterTargets")


@dataclass(frozen=True)
class World:
    """Consul, AWS, a stack, and a service that no other test knows.

    Attributes:
        aws: The AWS stand-in.
        consul: The Consul agent.
        stack: A stack of this test's own.
        service: Name of this test's service.
    """

    aws: StandIn
    consul: Consul
    stack: Stack
    service: str

    def fleet(self, count: int, first: int = 0, service: str = "") -> list[str]:
        """Start instances and register the service on each; return the target keys in order."""
        keys = []
        for number, (ident, address) in enumerate(self.aws.create_instances(count), first):
            self.consul.register(
                service or self.service,
                self.node(number),
                address,
                node_meta={"instance-id": ident},
                service_id=f"{service or self.service}-{number}",
            )
            keys.append(f"{ident}:8080")
        return keys

    def node(self, number: int) -> str:
        """Name one of the fleet's nodes."""
        return f"{self.service}-node-{number}"

    def status(self, number: int, status: str, service: str = "") -> None:
        """Change what the check of one of the fleet says."""
        name = service or self.service
        self.consul.check(name, self.node(number), status, f"{name}-{number}")

    def declare(self, *groups: dict[str, Any], **config: str) -> None:
        """Write the stack's config."""
        settings = {key.replace("_", ":", 1): value for key, value in config.items()}
        self.stack.configure(
            {"consul:address": self.consul.address, **settings, "lictor:targetGroups": list(groups)}
        )

    def group(self, arn: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Make an entry of `lictor:targetGroups` for this test's service."""
        return {"name": "web", "targetGroupArn": arn, "service": self.service, **more}

    def attached(self, count: int, **more: Any) -> tuple[str, list[str]]:  # noqa: ANN401 - JSON
        """Bring up a stack with a fleet attached to a group; return the ARN and the keys."""
        arn = self.aws.create_group(self.service)
        keys = self.fleet(count)
        self.declare(self.group(arn, **more))
        self.stack.up().ok()
        assert self.standing(arn) == sorted(keys)
        self.aws.clear_calls()
        return arn, keys

    def standing(self, arn: str) -> list[str]:
        """List what stands in a group, draining targets left out."""
        return sorted(key for key, state in self.aws.targets(arn).items() if state != "draining")

    def remove_group(self, arn: str) -> None:
        """Delete a group by hand, and the load balancer that uses it."""
        elbv2 = self.aws.boto3("elbv2")
        group = elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
        for balancer in group["LoadBalancerArns"]:
            elbv2.delete_load_balancer(LoadBalancerArn=balancer)
        elbv2.delete_target_group(TargetGroupArn=arn)

    def changes(self) -> list[str]:
        """List the calls that changed something in AWS."""
        return [call["operation"] for call in self.aws.calls() if call["operation"] in CHANGES]

    def outputs(self, resource: str = "web") -> dict[str, Any]:
        """Return the outputs of a resource as state has them."""
        return self.stack.outputs(resource)

    def refused(self, run: Run, *parts: str) -> None:
        """Check an error: exit code, two lines at the most, its parts, no traceback, no change."""
        problems = [line for line in run.text.splitlines() if "error: " in line]
        assert run.code != 0, run.text
        assert problems, run.text
        for part in parts:
            assert any(part in line for line in problems), f"{part!r} is missing in:\n{run.text}"
        assert "Traceback" not in run.text, run.text
        assert self.changes() == [], run.text
