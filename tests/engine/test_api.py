"""The Python API in programs of users: what is known only later, and calls that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.cases import Cases

if TYPE_CHECKING:
    from tests.engine.world import World

LATER = """
import pulumi

import lictor


def later(value):
    return pulumi.Output.from_input(value)


async def awaited(value):
    return value


web = lictor.TargetGroupAttachments(
    "items",
    target_group_arn=later("{items}"),
    sources=[
        later(lictor.ConsulService(later("{service}-items"), tags=later(["v2"]))),
        awaited(lictor.PreparedQuery(later("{service}-items"), allow_failover=later(False))),
    ],
    min_targets=later(0),
    removal_delay=later("5m"),
    wait_for_drain=later(False),
)
whole = lictor.TargetGroupAttachments(
    "whole",
    target_group_arn=web.target_group_arn.apply(lambda arn: "{whole}"),
    sources=later([lictor.ConsulService("{service}-whole", node_meta={{"rack": later("r1")}})]),
)
short = lictor.TargetGroupAttachments(
    "short", target_group_arn="{short}", service=later("{service}-short"), port=later(8081)
)
pulumi.export("attached", whole.attached.apply(sorted))
lictor.check_failed(web, whole, short)
"""

WRONG = """
import lictor

lictor.TargetGroupAttachments("web", target_group_arn="{arn}", {arguments})
"""


def test_values_known_only_later(world: World) -> None:
    """Outputs and awaitables as arguments, in sources, as sources, and as the list of them."""
    cases = Cases(world)
    for name in ("items", "whole", "short"):
        case = cases.add(name)
        for number, (ident, address) in enumerate(world.aws.create_instances(2)):
            meta = {"instance-id": ident, "rack": f"r{number}"}
            node, tags = f"{case.service}-{number}", ["v2"] if number else []
            world.consul.register(case.service, node, address, tags=tags, node_meta=meta)
            case.keys.append(ident)
    query = {"Name": cases["items"].service, "Service": {"Service": cases["items"].service}}
    world.consul.call("POST", "/v1/query", query)
    arns = {name: case.arn for name, case in cases.all.items()}
    program = LATER.format(service=world.service, **arns)
    (world.stack.project / "__main__.py").write_text(program)
    world.declare()
    world.stack.up().ok()
    assert [len(case.standing) for case in cases.all.values()] == [2, 1, 2]
    assert cases["whole"].standing == [f"{cases['whole'].keys[1]}:8080"]
    assert {key.rpartition(":")[2] for key in cases["short"].standing} == {"8081"}
    assert world.outputs("items")["removal_delay"] == "5m"
    assert "4 unchanged" in world.stack.up().ok().text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('service="web", sources=[]', "web: service and sources are given; give one of them"),
        ('sources="web"', "web: sources takes a list of ConsulService and PreparedQuery"),
    ],
    ids=["both", "text"],
)
def test_calls_that_cannot_be(world: World, arguments: str, text: str) -> None:
    """The program ends with one line, before anything is asked of Consul or AWS."""
    arn = world.aws.create_group(world.service)
    program = WRONG.format(arn=arn, arguments=arguments)
    (world.stack.project / "__main__.py").write_text(program)
    world.declare()
    world.refused(world.stack.preview(), text)
    assert world.aws.calls() == []
