"""What is read from Consul's catalog and written to it, by one monitor on a real Consul."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.fakes import endpoint as endpoints
from tests.fakes.consul import free_ports
from tests.fakes.endpoint import OK, Endpoint, answer
from tests.fakes.monitor import until

if TYPE_CHECKING:
    from tests.fakes.monitor import Catalog, Monitor

pytestmark = pytest.mark.xdist_group("esm-shared")

DOWN = answer("503 Service Unavailable", b"down")


def test_a_new_check_runs_within_two_seconds(catalog: Catalog, endpoint: Endpoint) -> None:
    """A node that is registered while the monitor runs; even with a long interval."""
    begun = time.monotonic()
    catalog.check({"HTTP": endpoint.url, "Interval": "1h"})
    until(lambda: endpoint.times, "a request", 10)
    assert endpoint.times[0] - begun < 2.0


def test_checks_of_nodes_and_of_services(catalog: Catalog, endpoint: Endpoint) -> None:
    """Both are run, each by its own id."""
    node = catalog.check({"HTTP": endpoint.url}, ident="of-node")
    catalog.check({"HTTP": endpoint.url}, node=node, ident="of-service", service="web")
    catalog.becomes(node, "passing", "of-node")
    assert catalog.becomes(node, "passing", "of-service")["ServiceID"] == "web"


def test_what_is_written_keeps_the_check(catalog: Catalog, endpoint: Endpoint) -> None:
    """Name, notes, service and all of the definition are as they were."""
    definition = {
        "HTTP": endpoint.url,
        "Header": {"X": ["y"]},
        "Method": "POST",
        "Body": "b",
        "DeregisterCriticalServiceAfter": "1h",
    }
    node = catalog.check(definition, service="kept", notes="of the user")
    before = catalog.read(node)
    after = catalog.becomes(node, "passing")
    for key in ("Name", "Notes", "ServiceID", "ServiceName", "Type", "Definition"):
        assert after[key] == before[key], key


def test_other_nodes_are_left_alone(catalog: Catalog, endpoint: Endpoint) -> None:
    """A node without the meta, or with another value of it, is none of ours."""
    other = {
        "Node": "not-ours",
        "Address": "127.0.0.1",
        "NodeMeta": dict.fromkeys(catalog.meta, "false"),
        "Check": {
            "CheckID": "c",
            "Name": "c",
            "Status": "critical",
            "Definition": {"HTTP": endpoint.url + "other", "Interval": "1s"},
        },
    }
    catalog.consul.call("PUT", "/v1/catalog/register", other)
    catalog.becomes(catalog.check({"HTTP": endpoint.url}), "passing")
    assert not any(b"/other" in request for request in endpoint.requests)


@pytest.mark.long
def test_nothing_is_written_where_nothing_changes(catalog: Catalog, endpoint: Endpoint) -> None:
    """Runs that say the same leave the check's index as it is."""
    node = catalog.check({"HTTP": endpoint.url})
    index = catalog.becomes(node, "passing")["ModifyIndex"]
    seen = len(endpoint.requests)
    until(lambda: len(endpoint.requests) > seen + 3, "four more runs")
    assert catalog.read(node)["ModifyIndex"] == index


@pytest.mark.long
def test_an_output_waits(catalog: Catalog, endpoint: Endpoint) -> None:
    """Another output of the same status is written later, and in the end."""
    node = catalog.check({"HTTP": endpoint.url})
    catalog.becomes(node, "passing")
    endpoint.says(answer("200 OK", b"another"))
    seen = len(endpoint.requests)
    until(lambda: len(endpoint.requests) > seen, "a run")
    assert "hello" in catalog.read(node)["Output"]
    until(lambda: "another" in catalog.read(node)["Output"], "the other output")


@pytest.mark.long
def test_an_output_that_waited_revives_nobody(catalog: Catalog, endpoint: Endpoint) -> None:
    """What changed its output and then died stays dead when the output's time comes."""
    node = catalog.check({"HTTP": endpoint.url})
    catalog.becomes(node, "passing")
    endpoint.says(answer("200 OK", b"another"))
    seen = len(endpoint.requests)
    until(lambda: len(endpoint.requests) > seen + 1, "two runs")
    endpoint.says(DOWN)
    catalog.becomes(node, "critical")
    end = time.monotonic() + 7.0  # one and a half times the interval of outputs
    while time.monotonic() < end:
        assert catalog.status(node) == "critical"
        time.sleep(0.1)


def test_a_status_that_was_overwritten(catalog: Catalog, endpoint: Endpoint) -> None:
    """A registration that says something else is corrected by what is known already."""
    node = catalog.check({"HTTP": endpoint.url, "Interval": "1h"})
    catalog.becomes(node, "passing")
    catalog.check({"HTTP": endpoint.url, "Interval": "1h"}, node=node, status="critical")
    catalog.becomes(node, "passing")
    assert len(endpoint.requests) < 3


@pytest.mark.parametrize(
    "change",
    [
        {"Header": {"X-New": ["1"]}},
        {"Method": "PUT"},
        {"Body": "new"},
        {"Interval": "2s"},
        {"Timeout": "2s"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_definition(
    catalog: Catalog, endpoint: Endpoint, change: dict[str, object]
) -> None:
    """Every change counts, an added header, too; the check is run anew at once."""
    definition = {"HTTP": endpoint.url, "Interval": "1h"}
    node = catalog.check(definition)
    catalog.becomes(node, "passing")
    catalog.check({**definition, "Interval": "30m", **change}, node=node, status="passing")
    until(lambda: len(endpoint.requests) > 1, "a new run", 5)


@pytest.mark.long
def test_a_changed_place(catalog: Catalog, endpoint: Endpoint) -> None:
    """The old endpoint is asked no more."""
    with endpoints.start() as other:
        node = catalog.check({"HTTP": endpoint.url})
        catalog.becomes(node, "passing")
        catalog.check({"HTTP": other.url}, node=node)
        until(lambda: len(other.requests) > 1, "the new endpoint's requests")
        seen = len(endpoint.requests)
        asked = len(other.requests)
        until(lambda: len(other.requests) > asked + 1, "two more")
        assert len(endpoint.requests) <= seen


def test_a_check_that_is_deregistered(catalog: Catalog, endpoint: Endpoint) -> None:
    """It is run no more; what hangs is broken off."""
    endpoint.says(endpoints.hang)
    node = catalog.check({"HTTP": endpoint.url, "Timeout": "20s"}, ident="a")
    other = catalog.check({"TCP": f"127.0.0.1:{endpoint.port}"}, ident="b")
    catalog.becomes(other, "passing", "b")
    until(lambda: endpoint.requests, "a request")
    catalog.consul.call("PUT", "/v1/catalog/deregister", {"Node": node, "CheckID": "a"})
    seen = len(endpoint.requests)
    time.sleep(2.5)
    assert len(endpoint.requests) == seen
    assert catalog.read(node, "a") == {}


@pytest.mark.long
def test_the_last_node_of_all(catalog: Catalog, endpoint: Endpoint) -> None:
    """A node that goes takes its checks with it, though nothing is left then."""
    node = catalog.check({"HTTP": endpoint.url})
    catalog.becomes(node, "passing")
    for entry in catalog.consul.call("GET", "/v1/catalog/nodes"):
        if set(catalog.meta) <= set(entry["Meta"] or {}):
            catalog.consul.deregister(entry["Node"])
    time.sleep(1.5)
    seen = len(endpoint.requests)
    time.sleep(2.5)
    assert len(endpoint.requests) == seen


@pytest.mark.long
def test_what_vanished_is_not_brought_back(
    catalog: Catalog, endpoint: Endpoint, monitor: Monitor
) -> None:
    """A result for a check that is gone is dropped, and is no error."""
    for kind in ({}, {"OutputMaxSize": 9}):
        begun = len(monitor.printed())
        node = catalog.check({"HTTP": endpoint.url, **kind})
        catalog.becomes(node, "passing")
        endpoint.says(DOWN)
        catalog.consul.deregister(node)
        time.sleep(2.0)
        names = [entry["Node"] for entry in catalog.consul.call("GET", "/v1/catalog/nodes")]
        assert node not in names
        assert "[ERROR]" not in monitor.printed()[begun:]
        endpoint.says(OK)


@pytest.mark.long
def test_two_who_write_the_same_check(catalog: Catalog, endpoint: Endpoint) -> None:
    """What somebody else wrote meanwhile is not overwritten unseen: their notes stay."""
    node = catalog.check({"HTTP": endpoint.url}, notes="first")
    catalog.becomes(node, "passing")
    for number in range(10):
        endpoint.says(DOWN if number % 2 else OK)
        catalog.check({"HTTP": endpoint.url}, node=node, notes=f"note {number}", status="critical")
        time.sleep(0.15)
    endpoint.says(OK)
    catalog.becomes(node, "passing")
    assert catalog.read(node)["Notes"] == "note 9"


@pytest.mark.long
def test_a_service_that_was_critical_for_too_long(catalog: Catalog) -> None:
    """`DeregisterCriticalServiceAfter` takes the service with its checks; the rest stays."""
    (port,) = free_ports(1)
    gone = {"TCP": f"127.0.0.1:{port}", "DeregisterCriticalServiceAfter": "2s"}
    node = catalog.check(gone, service="gone", ident="service", status="passing")
    catalog.check(gone, node=node, ident="node", status="passing")
    catalog.consul.call(
        "PUT",
        "/v1/catalog/register",
        {
            "Node": node,
            "Address": "127.0.0.1",
            "NodeMeta": dict(catalog.meta),
            "Service": {"Service": "stays"},
        },
    )
    catalog.becomes(node, "critical", "service")
    until(lambda: catalog.read(node, "service") == {}, "the service to go")
    services = catalog.consul.call("GET", f"/v1/catalog/node/{node}")["Services"]
    assert set(services) == {"stays"}
    assert catalog.status(node, "node") == "critical"


@pytest.mark.long
def test_a_service_that_recovers_in_time_stays(catalog: Catalog, endpoint: Endpoint) -> None:
    """Time counts from the last good result."""
    definition = {"HTTP": endpoint.url, "DeregisterCriticalServiceAfter": "3s"}
    node = catalog.check(definition, service="flaps")
    catalog.becomes(node, "passing")
    for _ in range(3):
        endpoint.says(DOWN)
        catalog.becomes(node, "critical")
        endpoint.says(OK)
        catalog.becomes(node, "passing")
    assert catalog.status(node) == "passing"


@pytest.mark.long
def test_thresholds_of_a_check_of_its_own(catalog: Catalog, endpoint: Endpoint) -> None:
    """In its notes, for which Consul's catalog has no field."""
    node = catalog.check(
        {"HTTP": endpoint.url}, notes="success_before_passing=2 failures_before_critical=1"
    )
    catalog.becomes(node, "passing")
    assert len(endpoint.requests) == 3
    endpoint.says(DOWN)
    seen = len(endpoint.requests)
    catalog.becomes(node, "critical")
    assert len(endpoint.requests) - seen == 2


@pytest.mark.long
def test_many_changes_at_once(catalog: Catalog, endpoint: Endpoint) -> None:
    """Three hundred checks that change together are all written, some in each transaction."""
    operations = []
    for number in range(300):
        node = f"many-{number}"
        operations.append(
            {
                "Node": {
                    "Verb": "set",
                    "Node": {"Node": node, "Address": "127.0.0.1", "Meta": dict(catalog.meta)},
                }
            }
        )
        definition = {"HTTP": endpoint.url, "Interval": "2s", "Timeout": "2s"}
        operations.append(
            {
                "Check": {
                    "Verb": "set",
                    "Check": {
                        "Node": node,
                        "CheckID": "c",
                        "Name": "c",
                        "Status": "critical",
                        "Definition": definition,
                    },
                }
            }
        )
    for begin in range(0, len(operations), 64):
        catalog.consul.call("PUT", "/v1/txn", operations[begin : begin + 64])

    def critical() -> int:
        found = catalog.consul.call("GET", "/v1/health/state/critical")
        return sum(check["Node"].startswith("many-") for check in found)

    until(lambda: critical() == 0, "all to pass")
    endpoint.says(DOWN)
    assert until(lambda: critical() == 300, "all to be critical") < 6
    for number in range(300):
        catalog.consul.deregister(f"many-{number}")


def test_long_outputs(catalog: Catalog, endpoint: Endpoint) -> None:
    """A hundred outputs of 4 KiB are more than one transaction takes, and are written."""
    endpoint.says(answer("200 OK", b"<" * 9000))
    nodes = [catalog.check({"HTTP": endpoint.url}) for _ in range(100)]
    for node in nodes:
        assert len(catalog.becomes(node, "passing")["Output"]) > 4096
        catalog.consul.deregister(node)


def test_the_list_in_consul(catalog: Catalog, endpoint: Endpoint) -> None:
    """The instance's list is in the keys, in consul-esm's form."""
    node = catalog.check({"HTTP": endpoint.url})
    probed = catalog.node(**{"external-probe": "true"})
    catalog.becomes(node, "passing")

    def lists() -> dict[str, list[str] | None]:
        (pair,) = catalog.consul.call("GET", "/v1/kv/esm-shared/agents/?recurse")
        assert pair["Key"].startswith("esm-shared/agents/esm-shared:")
        import base64  # noqa: PLC0415 - here alone

        found: dict[str, list[str] | None] = json.loads(base64.b64decode(pair["Value"]))
        return found

    until(lambda: probed in (lists()["Probes"] or ()), "the list")
    assert node in (lists()["Nodes"] or ())
    catalog.consul.deregister(probed)
