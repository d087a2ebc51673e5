"""consul-ec2-alb's files on the real engine: its own examples, its wishes, what is safer."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.engine.albs import Alb
from tests.fakes import consul as consuls
from tests.fakes import proxy
from tests.fakes.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.consul import Consul

TARGET_GROUP = """
target_group "arn:aws:elasticloadbalancing:us-west-2:12345:targetgroup/example/abc123" {
  service = "example-server"
}
"""
CONSUL = """
consul {
  address = "consul.example.net:443"
  scheme  = "https"
  token   = "abc123"
}
"""
AWS = """
aws {
  access_key_id     = "abcdef1234567890"
  secret_access_key = "ssshhhsecret"

  # Optional; only used when using "assume role" tokens or STS delegation.
  security_token    = "xxxxxxxxxxx"
}
"""
EXAMPLE = "arn:aws:elasticloadbalancing:us-west-2:12345:targetgroup/example/abc123"


@pytest.fixture(scope="module")
def dc2(consul: Consul) -> Iterator[Consul]:
    """Run a second datacenter, joined to the first."""
    with consuls.second(consul) as other:
        yield other


@pytest.fixture
def example(alb: Alb) -> Iterator[tuple[Alb, Consul]]:
    """Have consul.example.net:443, behind a proxy, and files of the examples."""
    authority = Authority(alb.folder, "authority")
    server = authority.pair("consul", host="consul.example.net")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    files = {"cert_file": str(server.cert), "key_file": str(server.key)}
    config = {"ports": {"https": port}, "tls": {"https": files}}
    with (
        consuls.start(config) as agent,
        proxy.start("consul.example.net:443", port) as url,
    ):
        env = {"HTTPS_PROXY": url, "CONSUL_CACERT": str(authority.cert)}
        made = Alb(alb.world, alb.folder, env)
        for name, text in (("group", TARGET_GROUP), ("consul", CONSUL), ("aws", AWS)):
            made.write(text, f"{name}.hcl")
        yield made, agent


@pytest.mark.long
def test_the_examples_of_the_readme(example: tuple[Alb, Consul]) -> None:
    """Unchanged, in three files: a Consul behind TLS, instances named by their nodes, a token."""
    alb, agent = example
    world = alb.world
    arn = world.aws.create_group(f"{world.service}-example")
    world.aws.name_group(arn, EXAMPLE)
    ids = world.aws.create_instances(2)
    (first, address), (second, other) = ids
    agent.register("example-server", first, address)
    world.aws.clear_calls()
    with alb.watching("group.hcl", "consul.hcl", "aws.hcl") as watch:
        watch.until(lambda: world.standing(arn) == [f"{first}:8080"])
        agent.register("example-server", second, other)
        watch.until(lambda: world.standing(arn) == sorted(f"{one}:8080" for one, _ in ids))
        assert watch.end() == 0
    assert {(c["access_key"], c["session_token"]) for c in world.aws.calls()} == {
        ("abcdef1234567890", "xxxxxxxxxxx")
    }
    assert alb.outputs()["example"]["target_group_arn"] == EXAMPLE


@pytest.mark.long
def test_the_wishes(alb: Alb, dc2: Consul) -> None:
    """Tags, datacenters, prepared queries, unhealthy instances and guards, in one file."""
    world = alb.world
    arns = {
        name: world.aws.create_group(f"{world.service}-{name}")
        for name in ("tags", "dcs", "query", "any", "keep", "floor", "share", "late", "only")
    }
    (tagged, at), (plain, beside), (far, away) = world.aws.create_instances(3)
    service = f"{world.service}-a"
    meta = {"instance-id": tagged}
    world.consul.register(service, f"{service}-1", at, tags=["v2"], node_meta=meta)
    meta = {"instance-id": plain}
    world.consul.register(service, f"{service}-2", beside, node_meta=meta, status="critical")
    dc2.register(service, f"{service}-3", away, node_meta={"instance-id": far})
    body = {"Name": service, "Service": {"Service": service, "OnlyPassing": True}}
    world.consul.call("POST", "/v1/query", body)
    keys = world.fleet(12)
    guarded = {
        "keep": "removal_window = 60",
        "floor": "min_targets = 12",
        "share": "max_removal_percent = 5",
        "late": 'removal_delay = "1h"',
        "only": 'policy = "add-only"',
    }
    path = alb.write(
        alb.group(arns["tags"], f'service = "{service}"\n  tags = ["v2"]')
        + alb.group(arns["dcs"], f'service = "{service}"\n  datacenters = ["dc1", "dc2"]')
        + alb.group(arns["query"], f'prepared_query = "{service}" # service')
        + alb.group(arns["any"], f'service = "{service}"\n  health = "any"')
        + "".join(alb.group(arns[name], text) for name, text in guarded.items())
    )
    alb.run("up", str(path)).ok()
    standing = {name: world.standing(arn) for name, arn in arns.items()}
    one, two, three = (f"{ident}:8080" for ident in (tagged, plain, far))
    assert standing == {
        "tags": [one],
        "dcs": sorted([one, three]),
        "query": [one],
        "any": sorted([one, two]),
        **dict.fromkeys(guarded, sorted(keys)),
    }
    world.status(0, "critical")
    done = alb.run("up", str(path))
    assert done.code == 3, done.text
    left = {name: len(world.standing(arns[name])) for name in guarded}
    assert left == {"keep": 11, "floor": 12, "share": 12, "late": 12, "only": 12}
    reasons = {n: next(iter(o["held"].values()), "") for n, o in alb.outputs().items()}
    named = {n.removeprefix(f"{world.service}-"): text for n, text in reasons.items()}
    assert named["floor"].startswith("min_targets")
    assert named["share"].startswith("max_removal_percent")
    assert named["late"].startswith("removal_delay")
    assert named["only"].startswith("policy add-only")
    for number in range(12):
        world.status(number, "critical")
    assert alb.run("up", str(path)).code == 3
    assert len(world.standing(arns["keep"])) == 11, "it emptied a group"


@pytest.mark.long
def test_strangers_go_on_the_first_run(alb: Alb) -> None:
    """As with the original; one at fault leaves the others alone, one that leaves stays full."""
    world = alb.world
    world.aws.settings(initial_seconds=0)
    arn = world.aws.create_group(world.service)
    keys = world.fleet(2)
    stranger = world.fleet(1, first=5, service=f"{world.service}-other")[0]
    world.aws.boto3("elbv2").register_targets(
        TargetGroupArn=arn, Targets=[{"Id": stranger.split(":")[0], "Port": 8080}]
    )
    start, _, ident = arn.rpartition("/")
    bad = [f"{start}-gone/{ident[:-2]}{number:02}" for number in range(12)]
    path = alb.write("".join(map(alb.group, bad)) + alb.group(arn))
    assert f"{world.service} - {stranger}" in alb.run("preview", str(path)).text
    assert not (alb.folder / "state").exists(), "a preview has left something"
    done = alb.run("watch", "--once", str(path))
    assert done.code == 3, done.text
    assert done.text.count("knows no such target group") == len(bad)
    assert f"{world.service} - {stranger} registered by others" in done.text
    assert world.standing(arn) == sorted(keys)
    alb.write("")
    done = alb.run("watch", "--once", str(path)).ok()
    assert f"{world.service} stands in the files no more: its targets are left" in done.text
    assert world.standing(arn) == sorted(keys)
    assert alb.outputs() == {}


def test_files_that_cannot_be(alb: Alb) -> None:
    """Exit code 2, the place, and nothing touched."""
    alb.write('target_group "x" {\n  service = "a"\n}\n')
    for verb in ("watch", "up", "preview", "status", "doctor", "convert"):
        done = alb.run(verb, "alb.hcl")
        assert (done.code, done.text[:29]) == (2, "error: alb.hcl:1:14: expected"), done.text
    assert alb.run("up", "--state", "file:///x").code == 2
    assert alb.run("watch").code == 2
    assert not (alb.folder / "state").exists()
