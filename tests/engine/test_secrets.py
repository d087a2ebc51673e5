"""Secrets stay where they belong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.engine.world import World
    from tests.fakes.consul import Consul


def test_the_token_is_nowhere(world: World, guarded_consul: Consul) -> None:
    """Neither state nor history nor any output has the token or AWS's secret key."""
    arn = world.aws.create_group(world.service)
    (ident, address), *_ = world.aws.create_instances(1)
    guarded_consul.register(world.service, world.node(0), address, node_meta={"instance-id": ident})
    secret_key = "wJalrXUtnFEMI-K7MDENG-lictor"  # noqa: S105 - made up
    world.declare(
        world.group(arn), consul_address=guarded_consul.address, aws_accessKey="AKIALICTOR"
    )
    for key, value in {"consul:token": guarded_consul.token, "aws:secretKey": secret_key}.items():
        world.stack.run("config", "set", "--secret", key, value).ok()
    texts = [
        world.stack.preview("--diff").ok().text,
        world.stack.up("--diff").ok().text,
        world.stack.run("stack", "export").ok().text,
        world.stack.run("stack", "history", "--json").ok().text,
        world.stack.refresh().ok().text,
    ]
    assert world.standing(arn) == [f"{ident}:8080"]
    texts += [
        path.read_text(errors="replace")
        for path in world.stack.folder.rglob("*")
        if path.is_file() and "home" not in path.parts
    ]
    # the engine keeps the stack's config beside its provider, secrets encrypted; ours have none
    shown = json.loads(world.stack.run("stack", "export", "--show-secrets").ok().text)
    texts += [
        json.dumps(resource)
        for resource in shown["deployment"]["resources"]
        if not resource["type"].startswith("pulumi:providers:")
    ]
    for secret in (guarded_consul.token, secret_key):
        assert not [text for text in texts if secret in text]


def test_a_token_in_clear_is_told(world: World) -> None:
    """A token that was set without --secret stands in clear in config and state: a warning."""
    world.declare(consul_token="in-clear")  # noqa: S106 - no real one
    run = world.stack.preview().ok()
    assert "warning: consul:token stands in clear" in run.text
    assert "pulumi config set --secret consul:token" in run.text
    assert "in-clear" not in run.text
