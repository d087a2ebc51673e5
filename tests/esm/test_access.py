"""Rights, TLS, sockets, and work without an agent."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lictor.consul.aio.client import Client
from lictor.consul.aio.presence import Instance
from lictor.esm.belonging import WithoutAgent
from lictor.model import ConsulConnection
from tests.fakes import consul as consuls
from tests.fakes import monitor as monitors
from tests.fakes.consul import free_ports
from tests.fakes.endpoint import answer
from tests.fakes.monitor import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.certificates import Authority
    from tests.fakes.consul import Consul
    from tests.fakes.endpoint import Endpoint

pytestmark = pytest.mark.xdist_group("esm-own")

ROOT = "6d1b7b9e-root-token"
POLICY = (Path(__file__).parents[2] / "deploy/consul-policy-esm.hcl").read_text()


@pytest.fixture(scope="module")
def denying() -> Iterator[Consul]:
    """Run a Consul that denies by default; its agent has a token, else it deregisters nothing."""
    tokens = {"initial_management": ROOT, "agent": ROOT}
    acl = {"enabled": True, "default_policy": "deny", "tokens": tokens}
    with consuls.start({"acl": acl}, token=ROOT) as running:
        yield running


def token(consul: Consul, rules: str) -> str:
    """Make a token with these rules and no others."""
    name = f"p-{uuid.uuid4()}"
    consul.call("PUT", "/v1/acl/policy", {"Name": name, "Rules": rules})
    made = consul.call("PUT", "/v1/acl/token", {"Policies": [{"Name": name}]})
    return str(made["SecretID"])


def rules() -> list[str]:
    """List the rules that we ship."""
    parts = [part for part in POLICY.split("\n\n") if "{" in part]
    return ["\n".join(line for line in part.splitlines() if line[:1] != "#") for part in parts]


@pytest.mark.long
def test_the_policy_is_enough(denying: Consul, tmp_path: Path, endpoint: Endpoint) -> None:
    """Checks, pings, coordinates, lists and lock with the token that we tell to make."""
    secret = token(denying, POLICY)
    meta = {"external-node": "true"}
    catalog = monitors.Catalog(denying, meta)
    settings = {"token": secret, "node_probe_interval": "1s", "node_reconnect_timeout": "2s"}
    with monitors.start(denying, tmp_path, settings) as running:
        node = catalog.check(
            {"HTTP": endpoint.url, "DeregisterCriticalServiceAfter": "1s"}, service="web"
        )
        catalog.becomes(node, "passing")
        port = denying.address.rpartition(":")[2]
        there = catalog.node(**{"external-probe": "true", "external-probe-tcp": port})
        gone = catalog.node(address="nothing.invalid", **{"external-probe": "true"})
        catalog.becomes(there, "passing", "externalNodeHealth")
        until(lambda: not denying.call("GET", f"/v1/catalog/node/{gone}"), "the node to be reaped")
        endpoint.says(answer("500 No"))
        until(lambda: catalog.read(node) == {}, "the service to be deregistered")
        assert "refuses" not in running.printed()
        assert "left out results" not in running.printed()
        assert secret not in running.printed()
        assert running.stop() == 0
    until(lambda: not denying.call("GET", "/v1/catalog/service/consul-esm"), "the service to go")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.split(" ")[0].strip())
def test_each_rule_is_needed(denying: Consul, tmp_path: Path, rule: str) -> None:
    """Without it something is refused, and the log says what the token needs."""
    secret = token(denying, "\n".join(one for one in rules() if one != rule))
    catalog = monitors.Catalog(denying, {"needed": "true"})
    catalog.check({"TCP": denying.address})
    settings = {
        "token": secret,
        "external_node_meta": {"needed": "true"},
        "consul_service": f"esm-{uuid.uuid4()}",
    }
    with monitors.start(denying, tmp_path, settings) as running:

        def refused() -> bool:
            printed = running.printed()
            return "refuses the token" in printed or "items=0" in printed

        until(refused, "a refusal")
        assert secret not in running.printed()


def test_a_token_of_the_environment(denying: Consul, tmp_path: Path) -> None:
    """`CONSUL_HTTP_TOKEN_FILE` and `CONSUL_HTTP_TOKEN` are used where the file has none."""
    file = tmp_path / "token"
    file.write_text(token(denying, POLICY) + "\n")
    env = {"CONSUL_HTTP_TOKEN_FILE": str(file), "CONSUL_HTTP_TOKEN": ""}
    with monitors.start(denying, tmp_path, monitors.apart("env"), env=env) as running:
        printed = running.says("Trying to obtain leadership")
        assert file.read_text().strip() not in printed


def test_a_token_that_may_nothing(denying: Consul, tmp_path: Path) -> None:
    """Is refused at the start, with consul-esm's code."""
    settings = {"token": token(denying, 'key "x" { policy = "read" }')}
    with monitors.start(denying, tmp_path, settings) as running:
        assert running.ends() == 11
        assert "refuses the token" in running.printed()


@pytest.mark.long
def test_tls_to_consul(tmp_path: Path, authority: Authority, endpoint: Endpoint) -> None:
    """Authority, client certificate and server name of the settings."""
    server, ours = authority.pair("consul"), authority.pair("esm-client")
    (https,) = free_ports(1)
    tls = {
        "ports": {"https": https},
        "tls": {
            "defaults": {
                "ca_file": str(authority.cert),
                "cert_file": str(server.cert),
                "key_file": str(server.key),
                "verify_incoming": True,
            }
        },
    }
    with consuls.start(tls) as consul:
        settings = {
            **monitors.apart("tls"),
            "http_addr": f"https://localhost:{https}",
            "tls_server_name": "127.0.0.1",
            "ca_file": str(authority.cert),
            "cert_file": str(ours.cert),
            "key_file": str(ours.key),
        }
        catalog = monitors.catalog(consul, settings)
        with monitors.start(consul, tmp_path, settings) as running:
            catalog.becomes(catalog.check({"HTTP": endpoint.url}), "passing")
            assert running.stop() == 0
        bad = {**settings, "ca_file": ""}
        with monitors.start(consul, tmp_path, bad) as running:
            running.says("cannot be trusted")


@pytest.mark.long
def test_a_socket(tmp_path: Path, endpoint: Endpoint) -> None:
    """Consul behind a socket of Unix."""
    path = tmp_path / "consul.sock"
    port = free_ports(1)[0]
    with consuls.start({"addresses": {"http": f"127.0.0.1 unix://{path}"}}) as consul:
        settings = {**monitors.apart("unix"), "http_addr": f"unix://{path}"}
        catalog = monitors.catalog(consul, settings)
        with monitors.start(consul, tmp_path, settings):
            catalog.becomes(catalog.check({"HTTP": endpoint.url}), "passing")
    assert port


@pytest.mark.long
def test_without_an_agent(consul: Consul, tmp_path: Path, endpoint: Endpoint) -> None:
    """Registered in the catalog, alive by a session; after a kill another one has the checks."""
    settings = {**monitors.apart("agentless"), "enable_agentless": True}
    catalog = monitors.catalog(consul, settings)
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(
            monitors.start(consul, tmp_path, {**settings, "instance_id": "one"})
        )
        node = catalog.check({"HTTP": endpoint.url})
        catalog.becomes(node, "passing")
        (entry,) = consul.call("GET", "/v1/health/service/esm-agentless?passing=1")
        assert entry["Node"]["Node"] == "esm-agentless:one:node"
        assert entry["Node"]["Address"] == "esm-esm-agentless:one"
        (check,) = entry["Checks"]
        assert check["CheckID"] == "esm-agentless:one:session-check"
        two = stack.enter_context(
            monitors.start(consul, tmp_path, {**settings, "instance_id": "two"})
        )
        two.says("Trying to obtain leadership")
        begun = time.monotonic()
        one.kill()
        endpoint.says(answer("500 No"))
        catalog.becomes(node, "critical") if until(
            lambda: catalog.status(node) == "critical", "a take-over", 40
        ) else None
        assert time.monotonic() - begun < 30.0
        assert two.stop() == 0
    found = consul.call("GET", "/v1/health/service/esm-agentless?passing=1")
    assert found == []


def test_one_of_an_id_without_an_agent(consul: Consul) -> None:
    """A second one finds the first alive and leaves it be; who is taken out comes back."""
    instance = Instance("esm-single", "", "esm-single:one")

    def there() -> bool:
        return bool(consul.call("GET", "/v1/health/service/esm-single?passing=1"))

    async def until_there() -> None:
        await asyncio.to_thread(until, there, "the service", 20)

    async def story() -> tuple[bool, bool]:
        async with Client(ConsulConnection(consul.url)) as client:
            first, second = (WithoutAgent(client, instance, "esm-single/", {}, 0) for _ in range(2))
            free = await second.taken()
            staying = asyncio.create_task(first.stay())
            await until_there()
            taken = await second.taken()
            await second.end()
            assert there()
            gone = {"Node": "esm-single:one:node", "ServiceID": "esm-single:one"}
            consul.call("PUT", "/v1/catalog/deregister", gone)
            assert not there()
            await until_there()
            staying.cancel()
            await first.end()
            assert not there()
            return free, taken

    assert asyncio.run(story()) == (False, True)


def test_stale_reads(consul: Consul, tmp_path: Path, endpoint: Endpoint) -> None:
    """`stale_read_nodes` lets any server answer."""
    settings = {**monitors.apart("stale"), "stale_read_nodes": True, "datacenter": "dc1"}
    catalog = monitors.catalog(consul, settings)
    with monitors.start(consul, tmp_path, settings):
        catalog.becomes(catalog.check({"HTTP": endpoint.url}), "passing")


def test_a_datacenter_that_is_not_there(consul: Consul, tmp_path: Path) -> None:
    """Is told of, again and again, without an end."""
    settings = {**monitors.apart("nowhere"), "datacenter": "dc9"}
    with monitors.start(consul, tmp_path, settings) as running:
        running.says("No path to datacenter")
        assert running.stop() == 0
