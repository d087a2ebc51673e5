"""The typed face of the stand-in for tests, demo and bench."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Literal, overload
from urllib.parse import urlencode

import boto3

from tests.fakes.aws.calls import SETUP_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.config import Config
    from types_boto3_ec2 import EC2Client
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client

_TIMEOUT = 60
Kind = Literal["throttle", "error", "deny", "lost", "drop", "slow", "broken"]


class ControlError(Exception):
    """The stand-in refused a control request."""


class StandIn:
    """A running stand-in: what a test does to AWS and asks of it."""

    def __init__(self, url: str, region: str = "us-west-2") -> None:
        """Speak to the stand-in at `url`."""
        self.url = url.rstrip("/")
        self.region = region
        self._session: Any = boto3.Session(region_name=region)
        self._clients: dict[str, Any] = {}

    def reset(self, *, everything: bool = False) -> None:
        """Lift faults, policy, log, forced health, clock and settings; optionally resources."""
        self._send("POST", "reset", query={"all": "1"} if everything else {})

    def settings(self, **changes: float | None) -> dict[str, Any]:
        """Change switches and return all of them."""
        return dict(self._send("PUT", "settings", changes)["settings"])

    def fault(  # noqa: PLR0913 - a fault has that many sides
        self,
        operation: str,
        kind: Kind,
        *,
        target_group: str | None = None,
        target: str | None = None,
        times: int | None = 1,
        skip: int = 0,
        **how: float | str | None,
    ) -> int:
        """Let calls of `operation` go wrong; `how`: seconds, status, code, message, effect."""
        asked = {
            "operation": operation,
            "kind": kind,
            "target_group": target_group,
            "target": target,
            "times": times,
            "skip": skip,
        }
        return int(self._send("POST", "faults", asked | how)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults in place with their `seen` and `fired` counts."""
        return list(self._send("GET", "faults")["faults"])

    def clear_faults(self) -> None:
        """Lift all faults."""
        self._send("DELETE", "faults")

    def calls(
        self, operation: str | None = None, target_group: str | None = None, since: int = 0
    ) -> list[dict[str, Any]]:
        """Return the logged calls, oldest first."""
        query = {"operation": operation, "target_group": target_group, "since": since}
        return list(self._send("GET", "calls", query=query)["calls"])

    def wait_for_calls(
        self,
        operation: str | None,
        count: int,
        target_group: str | None = None,
        since: int = 0,
        deadline: float = 10,
    ) -> list[dict[str, Any]]:
        """Return once `count` calls match; past the deadline raise, saying what there is."""
        query = {
            "operation": operation,
            "target_group": target_group,
            "since": since,
            "wait": deadline,
            "count": count,
        }
        found = list(self._send("GET", "calls", query=query)["calls"])
        if len(found) < count:
            every = [(call["seq"], call["operation"]) for call in self.calls(since=since)]
            msg = f"{len(found)} of {count} calls of {operation} in {deadline} s; all: {every}"
            raise TimeoutError(msg)
        return found

    def clear_calls(self) -> None:
        """Empty the log."""
        self._send("DELETE", "calls")

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once for health checks and draining."""
        self._send("POST", "clock", {"advance": seconds})

    def health(self, arn: str, key: str, state: str | None, reason: str | None = None) -> None:
        """Fix the health of the target `id:port`; None lets it go its way again."""
        asked = {"target_group": arn, "target": key, "state": state, "reason": reason}
        self._send("POST", "health", asked)

    def policy(self, document: Mapping[str, Any] | None) -> None:
        """Allow only what this IAM policy allows; None lifts it."""
        if document is None:
            self._send("DELETE", "policy")
        else:
            self._send("PUT", "policy", document)

    def summary(self) -> dict[str, Any]:
        """Return every target group by ARN, with its targets and their states."""
        return dict(self._send("GET", "")["target_groups"])

    def targets(self, arn: str) -> dict[str, str]:
        """Return the group's unfiltered list: `id:port` to state."""
        groups = self._send("GET", "", query={"target_group": arn})["target_groups"]
        return dict(groups[arn]["targets"])

    def create_group(  # noqa: PLR0913 - a group has that many sides
        self,
        name: str,
        target_type: str = "instance",
        port: int = 80,
        protocol: str = "HTTP",
        *,
        attached: bool = True,
        ipv6: bool = False,
        vpc: str | None = None,
    ) -> str:
        """Create a target group in the default VPC, behind a load balancer of its own."""
        asked: dict[str, Any] = {"Name": name, "TargetType": target_type}
        if target_type != "lambda":
            asked |= {"Port": port, "Protocol": protocol, "VpcId": vpc or self._default_vpc()}
        if ipv6:
            asked["IpAddressType"] = "ipv6"
        answer = self._setup("elbv2").create_target_group(**asked)
        arn = str(answer["TargetGroups"][0]["TargetGroupArn"])
        if attached:
            self._attach(arn, name, protocol, port)
        return arn

    def create_instances(self, count: int) -> list[tuple[str, str]]:
        """Start instances in the default VPC; return each one's id and private address."""
        asked = {"region": self.region, "count": count}
        return [(i, ip) for i, ip in self._send("POST", "instances", asked)["instances"]]

    def stop_instance(self, instance: str) -> None:
        """Stop an instance."""
        self._setup("ec2").stop_instances(InstanceIds=[instance])

    def name_group(self, arn: str, alias: str) -> None:
        """Let a group be known by another ARN, until the next reset."""
        self._send("POST", "aliases", {"arn": arn, "alias": alias})

    def start_instance(self, instance: str) -> None:
        """Start a stopped instance."""
        self._setup("ec2").start_instances(InstanceIds=[instance])

    def terminate_instance(self, instance: str) -> None:
        """Terminate an instance."""
        self._setup("ec2").terminate_instances(InstanceIds=[instance])

    def environment(self) -> dict[str, str]:
        """Return the variables that make any AWS SDK speak to the stand-in."""
        return environment(self.url, self.region)

    @overload
    def boto3(
        self, service: Literal["elbv2"], config: Config | None = None
    ) -> ElasticLoadBalancingv2Client: ...
    @overload
    def boto3(self, service: Literal["ec2"], config: Config | None = None) -> EC2Client: ...
    @overload
    def boto3(self, service: str, config: Config | None = None) -> Any: ...  # noqa: ANN401
    def boto3(self, service: str, config: Config | None = None) -> Any:
        """Return a boto3 client as lictor would have it; its calls meet faults and the log."""
        known = self.environment()
        return self._client(service, known["AWS_ACCESS_KEY_ID"], config)

    def _setup(self, service: str) -> Any:  # noqa: ANN401 - boto3's clients are made at run time
        """Return a client whose calls meet neither fault nor policy nor log."""
        if service not in self._clients:
            self._clients[service] = self._client(service, SETUP_KEY, None)
        return self._clients[service]

    def _client(self, service: str, access_key: str, config: Config | None) -> Any:  # noqa: ANN401
        """Return a boto3 client that needs nothing from the environment."""
        return self._session.client(
            service,
            aws_access_key_id=access_key,
            aws_secret_access_key="standin",  # noqa: S106 - nothing checks it
            endpoint_url=self.url,
            config=config,
        )

    def _default_vpc(self) -> str:
        """Return the id of the default VPC."""
        found = self._setup("ec2").describe_vpcs(Filters=[_IS_DEFAULT])
        return str(found["Vpcs"][0]["VpcId"])

    def _attach(self, arn: str, name: str, protocol: str, port: int) -> None:
        """Put a load balancer with one listener in front of the group."""
        elbv2 = self._setup("elbv2")
        subnets = self._setup("ec2").describe_subnets()["Subnets"]
        balancer = elbv2.create_load_balancer(
            Name=name,
            Subnets=[subnet["SubnetId"] for subnet in subnets if subnet["DefaultForAz"]][:2],
            Type="application" if protocol in {"HTTP", "HTTPS"} else "network",
        )["LoadBalancers"][0]["LoadBalancerArn"]
        elbv2.create_listener(
            LoadBalancerArn=balancer,
            Protocol=protocol,
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
        )

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Send one control request and return its JSON."""
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        url = f"{self.url}/_standin/{path}" + (f"?{urlencode(asked)}" if asked else "")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, method=method)  # noqa: S310 - our own URL
        timeout = _TIMEOUT + float(asked.get("wait", 0))
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
                return dict(json.load(answer))
        except urllib.error.HTTPError as problem:
            raise ControlError(problem.read().decode()) from problem


_IS_DEFAULT = {"Name": "is-default", "Values": ["true"]}


def environment(url: str, region: str) -> dict[str, str]:
    """Return the variables that make any AWS SDK speak to the stand-in at `url`."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIASTANDIN000000000",
        "AWS_SECRET_ACCESS_KEY": "standin",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
