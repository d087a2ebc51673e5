"""The settings of one source."""

import pytest

from lictor import errors
from lictor.model import ConsulService, Health, PreparedQuery
from lictor.settings.reading import Spelling, read
from lictor.settings.sources import KEYS, Source

EVERY_KEY = {
    "service": "web",
    "tags": ["v2"],
    "any_tags": ["a", "b"],
    "exclude_tags": ["old"],
    "datacenters": ["dc1", "dc2"],
    "filter": "Service.Port == 80",
    "node_meta": {"rack": "r1", "os": "linux"},
    "namespace": "n",
    "partition": "p",
    "peer": "q",
    "health": "warning",
    "require_service_check": True,
}


def read_source(written: dict[str, object], spelling: Spelling = Spelling.SNAKE) -> Source:
    """Read one source."""
    return read(written, Source, at="source", spelling=spelling)


def test_every_key_of_a_service_reaches_the_model() -> None:
    """Pairs of meta are sorted, so that order is no change."""
    assert read_source(EVERY_KEY).model() == ConsulService(
        "web",
        ("v2",),
        ("dc1", "dc2"),
        Health.WARNING,
        any_tags=("a", "b"),
        exclude_tags=("old",),
        filter="Service.Port == 80",
        node_meta=(("os", "linux"), ("rack", "r1")),
        namespace="n",
        partition="p",
        peer="q",
        require_service_check=True,
    )


def test_every_key_of_a_query_reaches_the_model() -> None:
    """In camelCase here, as stack config has it."""
    written = {"preparedQuery": "api-geo", "datacenter": "dc2", "allowFailover": True}
    assert read_source(written, Spelling.CAMEL).model() == PreparedQuery("api-geo", "dc2", True)  # noqa: FBT003 - a value


def test_every_key_is_described() -> None:
    """A field without a word is a promise without a meaning."""
    assert [name for name in KEYS if f"        {name}: " not in (Source.__doc__ or "")] == []


@pytest.mark.parametrize(
    "written", [EVERY_KEY, {"service": "web"}, {"prepared_query": "x", "allow_failover": True}]
)
def test_a_source_is_written_as_it_was_read(written: dict[str, object]) -> None:
    """Only what was asked for stands in state, and it reads back the same."""
    source = read_source(written)
    assert set(source.written()) == set(written)
    assert read_source(source.written()) == source


def test_the_default_written_out_is_the_default() -> None:
    """``health: passing`` said or unsaid is one state."""
    assert read_source({"service": "web", "health": "passing", "tags": []}).written() == {
        "service": "web"
    }


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, "source: service or preparedQuery is required"),
        (
            {"service": "web", "preparedQuery": "x"},
            "source.preparedQuery: stands beside service; each is a source of its own",
        ),
        (
            {"preparedQuery": "x", "tags": ["a"]},
            "source.tags: goes with service; a prepared query's own definition decides",
        ),
        (
            {"preparedQuery": "x", "requireServiceCheck": True},
            (
                "source.requireServiceCheck: goes with service;"
                " a prepared query's own definition decides"
            ),
        ),
        (
            {"service": "web", "allowFailover": True},
            "source.allowFailover: goes with preparedQuery; a service takes datacenters",
        ),
        (
            {"service": "web", "datacenter": "dc1"},
            "source.datacenter: goes with preparedQuery; a service takes datacenters",
        ),
        (
            {"service": "web", "tags": ["v1", "v2"], "excludeTags": ["v2"]},
            "source.excludeTags: excludes v2, which is asked for too",
        ),
        (
            {"service": "web", "anyTags": ["v2", "v1"], "excludeTags": ["v1", "v2", "v3"]},
            "source.excludeTags: excludes v1, which is asked for too",
        ),
        (
            {"service": "web", "anyTags": ["v2"], "excludeTags": ["v2"]},
            "source.excludeTags: excludes v2, which is asked for too",
        ),
        ({"service": ""}, "source.service: expected str of length >= 1, found ''"),
        (
            {"service": "web", "nodeMeta": {"a": "b", "rack": 3}},
            "source.nodeMeta.rack: expected str, got int, found 3",
        ),
        (
            {"service": "web", "nodeMeta": {"": "b"}},
            "source.nodeMeta: expected str of length >= 1, found {'': 'b'}",
        ),
        (
            {"service": "web", "nodeMeta": ["rack"]},
            "source.nodeMeta: expected a mapping, got a list, found ['rack']",
        ),
        (
            {"service": "web", "health": "critical"},
            "source.health: expected one of passing, warning, any, found 'critical'",
        ),
        ({"service": "web", "tags": "v2"}, "source.tags: expected a list, got str, found 'v2'"),
        (
            {"service": "web", "nodemeta": {}},
            (
                "source.nodemeta: unknown key; did you mean nodeMeta? allowed are allowFailover,"
                " anyTags, datacenter, datacenters, excludeTags, filter, health, namespace,"
                " nodeMeta, partition, peer, preparedQuery, requireServiceCheck, service, tags"
            ),
        ),
    ],
)
def test_what_cannot_be_is_refused_with_the_path_of_its_key(
    written: dict[str, object], said: str
) -> None:
    """In the spelling of stack config."""
    with pytest.raises(errors.SettingsError) as caught:
        read_source(written, Spelling.CAMEL)
    assert str(caught.value) == said


def test_some_of_the_tags_may_be_excluded_where_others_are_left() -> None:
    """Any of two, one of them excluded: the other one can be."""
    read_source({"service": "web", "any_tags": ["v1", "v2"], "exclude_tags": ["v2"]})
