"""The lists under ``lictor:`` in a stack's config."""

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor import errors
from lictor.settings import stack
from lictor.settings.attachments import ARGUMENTS, from_inputs
from lictor.settings.sources import KEYS
from tests.unit.settings.make import ARN, OTHER_ARN, make_entry, read_entries, refusal

FULL = {
    "name": "api",
    "targetGroupArn": ARN,
    "sources": [
        {"service": "api", "datacenters": ["dc1", "dc2"], "nodeMeta": {"rackNo": "r1"}},
        {"preparedQuery": "api-geo", "datacenter": "dc2"},
    ],
    "ownership": "exclusive",
    "takeOver": True,
    "onEmpty": "drain",
    "minTargets": 2,
    "maxRemovalPercent": 50,
    "removalWindow": "10m",
    "removalDelay": "30s",
    "onGuard": "fail",
    "policy": "add-only",
    "targetType": "ip",
    "targetId": "node-meta",
    "address": "wan",
    "resolveHosts": True,
    "port": 8080,
    "availabilityZone": "us-west-2a",
    "waitFor": "healthy",
    "healthTimeout": 60,
    "waitForDrain": True,
    "region": "us-west-2",
    "roleArn": "arn:aws:iam::123456789012:role/lictor",
}


def refused(*entries: object) -> str:
    """Read entries that cannot be, and return what is said."""
    with pytest.raises(errors.SettingsError) as caught:
        read_entries(*entries)
    return str(caught.value)


def test_every_argument_may_stand_in_config() -> None:
    """In camelCase, the resource gets them in snake_case; a key of meta is left as it is."""
    (entry,) = read_entries(FULL)
    arguments = entry.arguments()
    assert set(arguments) == set(ARGUMENTS) - {"removal_window"}
    assert arguments["sources"] == [
        {"service": "api", "datacenters": ("dc1", "dc2"), "node_meta": {"rackNo": "r1"}},
        {"prepared_query": "api-geo", "datacenter": "dc2"},
    ]
    assert arguments["removal_delay"] == 30


def test_what_is_left_out_is_left_to_the_default() -> None:
    """State holds what was written, no more."""
    (entry,) = read_entries(make_entry())
    assert entry.arguments() == {"target_group_arn": ARN, "sources": [{"service": "web"}]}


def test_arguments_read_back_as_the_same_settings() -> None:
    """Config and a program's arguments mean the same."""
    for written in (FULL, make_entry(tags=["v2"], minTargets=0)):
        (entry,) = read_entries(written)
        again = from_inputs(json.loads(json.dumps(entry.arguments())))
        assert all(getattr(again, name) == getattr(entry, name) for name in ARGUMENTS)


def test_no_list_is_no_target_group() -> None:
    """An empty list is none either."""
    assert stack.target_groups(None) == ()
    assert stack.target_groups("[]") == ()


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ({"tags": ["v2"], "health": "any"}, {"service": "web", "tags": ("v2",), "health": "any"}),
        (
            {"anyTags": ["a"], "requireServiceCheck": True},
            {"service": "web", "any_tags": ("a",), "require_service_check": True},
        ),
        (
            {"service": None, "preparedQuery": "x", "allowFailover": True},
            {"prepared_query": "x", "allow_failover": True},
        ),
    ],
)
def test_one_sources_keys_may_stand_in_the_entry(
    written: dict[str, object], source: dict[str, object]
) -> None:
    """All of them, short for a list of one."""
    (entry,) = read_entries(make_entry(**written))
    assert entry.arguments()["sources"] == [source]


def test_no_key_of_a_source_is_a_key_of_a_group() -> None:
    """They stand beside each other."""
    assert not set(KEYS) & {*ARGUMENTS, "name"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (make_entry(service=None), "[0]: service, preparedQuery or sources is required"),
        (
            make_entry(service=None, sources=[]),
            "[0]: service, preparedQuery or sources is required",
        ),
        (make_entry(service=None, tags=["v2"]), "[0]: service or preparedQuery is required"),
        (
            make_entry(sources=[{"service": "web"}]),
            (
                "[0].service: stands beside sources;"
                " one source's keys stand here, several go under sources"
            ),
        ),
        (
            make_entry(service=None, anyTags=["a"], sources=[{"service": "web"}]),
            (
                "[0].anyTags: stands beside sources;"
                " one source's keys stand here, several go under sources"
            ),
        ),
        (
            make_entry(preparedQuery="x"),
            "[0].preparedQuery: stands beside service; each is a source of its own",
        ),
        (make_entry(name=None), "[0].name: is required"),
        (make_entry(name=""), "[0].name: expected str of length >= 1, found ''"),
        (make_entry(tags="v2"), "[0].tags: expected a list, got str, found 'v2'"),
        (make_entry(minTargets=True), "[0].minTargets: expected int, got bool, found True"),
        (
            make_entry(service=None, sources=[{"service": "a"}, {"service": "b", "tags": [1]}]),
            "[0].sources[1].tags[0]: expected str, got int, found 1",
        ),
        (
            make_entry(service=None, sources=[{"service": "a", "preparedQuery": "b"}]),
            "[0].sources[0].preparedQuery: stands beside service; each is a source of its own",
        ),
        (
            make_entry(availabilityZone="eu-west-1a"),
            "[0].availabilityZone: eu-west-1a is no zone of us-west-2, the group's region",
        ),
        (
            make_entry(region="eu-west-1"),
            (
                "[0].region: eu-west-1 is not the region of targetGroupArn, us-west-2;"
                " leave it out or set it right"
            ),
        ),
        ("web", "[0]: expected a mapping, got str, found 'web'"),
        ([], "[0]: expected a mapping, got a list, found []"),
        (None, "[0]: expected a mapping, got null, found None"),
    ],
    ids=str,
)
def test_a_wrong_entry_is_refused_with_its_path(entry: object, said: str) -> None:
    """In the spelling of config."""
    assert refused(entry) == f"lictor:targetGroups{said}"


def test_an_entry_needs_the_arn_of_a_target_group() -> None:
    """Named as it is written."""
    for entry in (make_entry(targetGroupArn=None), make_entry(targetGroupArn="web")):
        assert refused(entry).startswith("lictor:targetGroups[0].targetGroupArn: expected arn:aws:")


def test_the_second_entry_is_named_by_its_place() -> None:
    """A path leads to the key, however deep."""
    wrong = make_entry(name="b", service=None, sources=[{"service": "a", "tags": ["x", "y", 3]}])
    assert refused(make_entry(), wrong) == (
        "lictor:targetGroups[1].sources[0].tags[2]: expected str, got int, found 3"
    )


def test_an_unknown_key_brings_a_suggestion_and_what_is_allowed() -> None:
    """The group's own keys and those of a source in short."""
    said = refused(make_entry(minTarget=2))
    assert said.startswith(
        "lictor:targetGroups[0].minTarget: unknown key; did you mean minTargets?"
    )
    allowed = said.partition("allowed are ")[2].split(", ")
    assert {"minTargets", "anyTags", "preparedQuery", "targetGroupArn", "name"} <= set(allowed)
    assert allowed == sorted(allowed)
    assert refused(make_entry(target_group_arn=ARN)).startswith(
        "lictor:targetGroups[0].target_group_arn: unknown key; did you mean targetGroupArn?"
    )
    assert "did you mean" not in refused(make_entry(zzz=1))


def test_a_name_stands_once() -> None:
    """A resource's name is its identity; the places are named."""
    entries = (make_entry(), make_entry(name="api"), make_entry(targetGroupArn=OTHER_ARN))
    assert refused(*entries) == (
        "lictor:targetGroups: the name web stands 2 times ([0], [2]); each needs its own"
    )
    assert len(read_entries(make_entry(), make_entry(name="again"))) == 2


@pytest.mark.parametrize("text", ["", "web", "{}", "3", "null", '"[]"', "[" * 100_000, "[1"])
def test_what_is_no_list_is_refused(text: str) -> None:
    """And cut short."""
    with pytest.raises(errors.SettingsError) as caught:
        stack.target_groups(text)
    assert str(caught.value).startswith("lictor:targetGroups: expected a list of target groups")
    assert len(str(caught.value)) < 150


def test_an_unknown_list_is_refused() -> None:
    """A misspelt one would be silently empty; other people's keys are theirs."""
    stack.refuse_unknown_keys(["lictor:targetGroups", "aws:region", "consul:address", "own:x"])
    with pytest.raises(errors.SettingsError, match=r"^lictor:targetGroup: unknown key; allowed"):
        stack.refuse_unknown_keys(["aws:region", "lictor:targetGroup"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
CAMEL = [*FULL, "service", "tags", "anyTags", "excludeTags", "nodeMeta", "health", "peer"]
ENTRIES = st.dictionaries(st.sampled_from(CAMEL), JSON, max_size=5).map(
    lambda changes: {**make_entry(), **changes}
)
SOURCES = st.lists(st.dictionaries(st.sampled_from(list(KEYS)) | st.text(), JSON, max_size=4))


@given(st.lists(JSON | ENTRIES, max_size=2) | JSON)
def test_any_json_is_read_or_refused_in_a_line(value: object) -> None:
    """Never anything but a value or a SettingsError, and never more than a line."""
    text = json.dumps(value)
    said = refusal(lambda: stack.target_groups(text))
    if said:
        assert said.startswith("lictor:targetGroups")
        assert "\n" not in said
        return
    for entry in stack.target_groups(text):
        entry.arguments()
        entry.guards()
        [source.model() for source in entry.sources]


@given(st.dictionaries(st.sampled_from(list(ARGUMENTS)) | st.text(), JSON), SOURCES)
def test_any_inputs_are_read_or_refused(inputs: dict[str, object], sources: object) -> None:
    """A program may hand over anything."""
    for written in (inputs, {**inputs, "sources": sources}):
        said = refusal(partial(_used, written))
        assert "\n" not in said


def _used(inputs: dict[str, object]) -> None:
    from_inputs(inputs).check_group(ARN, None)
