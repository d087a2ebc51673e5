"""Instances of the stand-in as real Consul servers: booted by their user data, on the loopback."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from tests.fakes import imds
from tests.fakes.machine import Machine
from tests.fakes.path import search_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.fakes.aws.client import StandIn

T = TypeVar("T")
_DEADLINE = 45.0


@dataclass
class Server:
    """One instance.

    Attributes:
        ident: Its id.
        address: Its private address, one of the loopback's.
        machine: Its root.
        env: What its Consul needs to reach AWS.
    """

    ident: str
    address: str
    machine: Machine
    env: Mapping[str, str]
    _agent: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Do what the unit does: `consul agent -config-dir=...`, as it was released."""
        with (self.machine.root / "consul.log").open("ab") as log:
            self._agent = subprocess.Popen(  # noqa: S603 - our own tool
                ["consul", "agent", f"-config-dir={self.machine.root}/etc/consul.d"],  # noqa: S607 - on our PATH
                env={"PATH": search_path(), "HOME": str(self.machine.root), **self.env},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def forget(self) -> None:
        """Lose what it knew of the others: it must be told whom to join."""
        shutil.rmtree(self.machine.root / "opt/consul/serf")

    def kill(self) -> None:
        """End it without a word."""
        if self._agent is not None:
            self._agent.kill()
            self._agent.wait()
            self._agent = None

    def leave(self) -> int:
        """End it as systemd does; return its exit code."""
        assert self._agent is not None
        self._agent.terminate()
        code = self._agent.wait(_DEADLINE)
        self._agent = None
        return code

    def ask(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Ask its API: over TLS where it has a certificate, which must be its own."""
        authority = self.machine.root / "etc/consul.d/tls/ca.pem"
        context, url = None, f"http://{self.address}:8500{path}"
        if authority.exists():
            context = ssl.create_default_context(cafile=authority)
            url = f"https://{self.address}:8501{path}"
        with urllib.request.urlopen(url, timeout=5, context=context) as answer:  # noqa: S310 - our own
            return json.loads(answer.read())

    @property
    def log(self) -> str:
        """What its Consul said."""
        return (self.machine.root / "consul.log").read_text(errors="replace")


def boot(
    aws: StandIn, instance: Mapping[str, Any], folder: Path, env: Mapping[str, str], **secrets: str
) -> Server:
    """Run an instance's user data in a root of its own, as its first boot does; not yet Consul."""
    return boot_with(user_data(aws, _tags(instance)), instance, folder, env, **secrets)


def boot_with(
    script: str,
    instance: Mapping[str, Any],
    folder: Path,
    env: Mapping[str, str],
    **secrets: str,
) -> Server:
    """Do so with this user data, whatever the instance was launched with."""
    machine = Machine(folder / instance["InstanceId"], secrets)
    told = imds.of_instance(
        instance["InstanceId"],
        instance["PrivateIpAddress"],
        instance["Placement"]["AvailabilityZone"],
        _tags(instance),
    )
    with imds.start(told) as own:
        machine.boot(script, LICTOR_METADATA=own[imds.ENDPOINT]).ok()
    assert machine.calls[-1] == "systemctl start consul.service"
    return Server(instance["InstanceId"], instance["PrivateIpAddress"], machine, env)


def _tags(instance: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def user_data(aws: StandIn, tags: Mapping[str, str]) -> str:
    """Return what the launch template that an instance was made from hands it."""
    (version,) = aws.boto3("ec2").describe_launch_template_versions(
        LaunchTemplateId=tags["aws:ec2launchtemplate:id"],
        Versions=[tags["aws:ec2launchtemplate:version"]],
    )["LaunchTemplateVersions"]
    return base64.b64decode(version["LaunchTemplateData"]["UserData"]).decode()


def agreed(servers: list[Server], voters: int) -> Server:
    """Wait until these servers name one leader and know so many voters; return the leader."""

    def look() -> Server | None:
        named = {server.ask("/v1/status/leader").partition(":")[0] for server in servers}
        known = [
            sum(each["Voter"] for each in server.ask("/v1/operator/raft/configuration")["Servers"])
            for server in servers
        ]
        leaders = [server for server in servers if {server.address} == named]
        return leaders[0] if leaders and set(known) == {voters} else None

    return until(look, lambda: "\n".join(server.log[-1500:] for server in servers))


def until(look: Callable[[], T | None], otherwise: Callable[[], str]) -> T:
    """Return what is seen, once it is."""
    end, problem = time.monotonic() + _DEADLINE, ""
    while time.monotonic() < end:
        try:
            if (seen := look()) is not None:
                return seen
        except OSError as error:
            problem = repr(error)
        time.sleep(0.1)
    raise AssertionError(f"{problem}\n{otherwise()}")
