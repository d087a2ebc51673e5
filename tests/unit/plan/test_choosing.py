"""Which instances a source wants, and why it may want none."""

from dataclasses import replace

import pytest

from lictor.model import ConsulService, Health, Instance, PreparedQuery, Source, Status
from lictor.plan.choosing import chosen, why_empty
from tests.fakes.instances import make_instance
from tests.unit.plan.make import make_answer

PLAIN = make_instance()
TAGGED = make_instance(tags=("v1", "v2"))
RACKED = make_instance(node_meta={"rack": "r1", "os": "linux"})
CHECKED = make_instance(service_checks=1)


@pytest.mark.parametrize(
    ("source", "instance", "wanted"),
    [
        (ConsulService("web"), PLAIN, True),
        (ConsulService("web", tags=("v1", "v2")), TAGGED, True),
        (ConsulService("web", tags=("v1", "v3")), TAGGED, False),
        (ConsulService("web", any_tags=("v3", "v1")), TAGGED, True),
        (ConsulService("web", any_tags=("v3",)), TAGGED, False),
        (ConsulService("web", exclude_tags=("v3",)), TAGGED, True),
        (ConsulService("web", exclude_tags=("v3", "v2")), TAGGED, False),
        (ConsulService("web", node_meta=(("os", "linux"), ("rack", "r1"))), RACKED, True),
        (ConsulService("web", node_meta=(("os", "linux"), ("rack", "r2"))), RACKED, False),
        (ConsulService("web", node_meta=(("zone", ""),)), RACKED, False),
        (ConsulService("web", require_service_check=True), CHECKED, True),
        (ConsulService("web", require_service_check=True), PLAIN, False),
        (PreparedQuery("web"), make_instance(status=Status.WARNING), True),
    ],
)
def test_every_filter_counts(source: Source, instance: Instance, *, wanted: bool) -> None:
    """Tags, any, excluded, node meta and a check of its own; a prepared query chooses itself."""
    assert chosen(make_answer(instance, source=source)) == ([instance] if wanted else [])


@pytest.mark.parametrize(
    ("health", "wanted"),
    [
        (Health.PASSING, {Status.PASSING}),
        (Health.WARNING, {Status.PASSING, Status.WARNING}),
        (Health.ANY, set(Status)),
    ],
)
def test_health_decides_which_states_count(health: Health, wanted: set[Status]) -> None:
    """Passing only, passing or warning, or whatever the checks say."""
    source = ConsulService("web", health=health)
    answer = make_answer(*(make_instance(status=status) for status in Status), source=source)
    assert {instance.status for instance in chosen(answer)} == wanted


CRITICAL = make_instance(status=Status.CRITICAL)


@pytest.mark.parametrize(
    ("source", "instances", "said"),
    [
        (ConsulService("web"), [], "web is not in Consul's catalog"),
        (ConsulService("web"), [CRITICAL, CRITICAL], "none of 2 instances of web is passing"),
        (
            ConsulService("web", health=Health.WARNING),
            [CRITICAL],
            "none of 1 instances of web is passing or warning",
        ),
        (
            ConsulService("web", tags=("v3",)),
            [TAGGED, CRITICAL],
            "none of 2 instances of web (tags v3) carries the tags",
        ),
        (
            ConsulService("web", tags=("v1",)),
            [PLAIN, replace(TAGGED, status=Status.CRITICAL)],
            "none of 1 instances of web (tags v1) is passing",
        ),
        (
            ConsulService("web", any_tags=("a", "b")),
            [TAGGED],
            "none of 1 instances of web carries one of the tags a, b",
        ),
        (
            ConsulService("web", exclude_tags=("v1",)),
            [TAGGED],
            "none of 1 instances of web is without the tags v1",
        ),
        (
            ConsulService("web", node_meta=(("rack", "r2"),)),
            [RACKED],
            "none of 1 instances of web runs on a node with the meta rack=r2",
        ),
        (
            ConsulService("web", require_service_check=True),
            [PLAIN],
            "none of 1 instances of web has a check of its own",
        ),
        (
            PreparedQuery("api-geo", "dc1"),
            [],
            "prepared query api-geo (dc1) names no instance",
        ),
    ],
)
def test_why_there_is_none_is_told_apart(
    source: Source, instances: list[Instance], said: str
) -> None:
    """Absent, filtered out and by what, none healthy: the first filter that leaves none speaks."""
    assert why_empty(make_answer(*instances, source=source)) == said


@pytest.mark.parametrize(
    ("registered", "said"),
    [
        (None, "web is not in Consul's catalog, or none passes the filter Service.Port == 1"),
        (0, "web is not in Consul's catalog"),
        (3, "none of 3 instances of web passes the filter Service.Port == 1"),
    ],
)
def test_a_filter_of_the_server_is_told_apart_where_it_is_known(
    registered: int | None, said: str
) -> None:
    """The server says only what it let through; a count of all makes the difference."""
    source = ConsulService("web", filter="Service.Port == 1")
    assert why_empty(replace(make_answer(source=source), registered=registered)) == said


def test_a_prepared_query_says_who_answered() -> None:
    """Where nothing is found, it matters in which datacenter it was looked for."""
    answer = replace(make_answer(source=PreparedQuery("api")), datacenter="dc2")
    assert why_empty(answer) == "prepared query api names no instance, asked in dc2"


def test_a_source_that_has_instances_is_not_empty() -> None:
    """Asked in vain, the sentence is at least true."""
    assert why_empty(make_answer(PLAIN)) == "web has 1 instances"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (ConsulService("web"), "web"),
        (
            ConsulService("web", ("v2",), ("dc1", "dc2"), namespace="n", partition="p", peer="q"),
            "web (tags v2; dc1, dc2; namespace n; partition p; peer q)",
        ),
        (PreparedQuery("api"), "prepared query api"),
        (PreparedQuery("api", "dc1"), "prepared query api (dc1)"),
    ],
)
def test_a_source_names_itself(source: Source, text: str) -> None:
    """A message says which source it speaks of."""
    assert str(source) == text
