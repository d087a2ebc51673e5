"""What the demo needs, started in order and taken down in reverse, however the demo ends."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from examples.demo import stack
from examples.demo.patience import Failed
from tests.fakes import consul
from tests.fakes.aws import process
from tests.fakes.path import search_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from examples.demo.patience import Patience
    from examples.demo.stack import Stack
    from tests.fakes.aws.client import StandIn

WEB = "web"
PORT = 8080
INITIAL = 1.0
"""Seconds until the stand-in finds a new target healthy."""
DRAINING = 300.0
"""Seconds that a target drains: AWS's own default."""

_TOOLS = ("consul", "pulumi", "pulumi-language-python")
_INSTANCES = 5


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance that can run the service.

    Attributes:
        node: Its name in Consul.
        id: Its instance id.
        address: Its private address.
    """

    node: str
    id: str
    address: str

    @property
    def key(self) -> str:
        """The target that it becomes."""
        return f"{self.id}:{PORT}"


@dataclass(frozen=True, slots=True)
class Group:
    """A target group, and the service that fills it.

    Attributes:
        name: Of the service, and of the resource.
        arn: Its ARN.
        stack: The stack that unites the two.
        nodes: Target -> node.
    """

    name: str
    arn: str
    stack: Stack
    nodes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class World:
    """Everything, running.

    Attributes:
        consul: A Consul agent, new and empty.
        aws: The AWS stand-in.
        instances: The EC2 instances there.
        web: The group of the service that runs on them.
        patience: Waits, and hears Ctrl-C.
    """

    consul: consul.Consul
    aws: StandIn
    instances: tuple[Instance, ...]
    web: Group
    patience: Patience

    def register(self, *instances: Instance) -> None:
        """Let instances register the service with Consul, in good health."""
        for one in instances:
            self.consul.register(
                WEB, one.node, one.address, PORT, node_meta={"instance-id": one.id}
            )

    def turn(self, status: str, *instances: Instance) -> None:
        """Let the checks of instances say something else, all in one moment."""
        self.consul.checks(WEB, [one.node for one in instances], status)


@contextlib.contextmanager
def start(patience: Patience) -> Iterator[World]:
    """Start everything, on free ports and in a temporary folder, until the block ends.

    Raises:
        Failed: A tool is missing.
    """
    require_tools(search_path())
    with contextlib.ExitStack() as closing:
        folder = closing.enter_context(tempfile.TemporaryDirectory(prefix="lictor-demo-"))
        agent = closing.enter_context(consul.start())
        patience.check()
        timing = ("--initial", str(INITIAL), "--draining", str(DRAINING))
        aws = closing.enter_context(process.start(*timing))
        patience.check()
        started = aws.create_instances(_INSTANCES)
        instances = [Instance(f"node-{i}", *known) for i, known in enumerate(started, start=1)]
        arn = aws.create_group(WEB, port=PORT)
        remotes = {"CONSUL_HTTP_ADDR": agent.url, **aws.environment()}
        made = stack.make("demo", Path(folder), remotes, patience)
        made.create(**{"targetGroups[0].targetGroupArn": arn})
        nodes = {instance.key: instance.node for instance in instances}
        yield World(agent, aws, tuple(instances), Group(WEB, arn, made, nodes), patience)


def require_tools(path: str) -> None:
    """See that all programs can be found on a PATH.

    Raises:
        Failed: Some cannot; with the way out.
    """
    missing = [tool for tool in _TOOLS if shutil.which(tool, path=path) is None]
    if missing:
        raise Failed(f"{', '.join(missing)} missing; run `make tools`, then try again")
