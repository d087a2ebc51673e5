"""The Python API takes exactly what the settings know, and says so in its docstrings."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

import lictor
from lictor.settings import attachments, external_nodes, images, leader_tags, servers, sources

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP, SERVICE, QUERY, TAG, NODE, ON_NODE, CHECK = (
    lictor.TargetGroupAttachments,
    lictor.ConsulService,
    lictor.PreparedQuery,
    lictor.LeaderTag,
    lictor.ExternalNode,
    lictor.ExternalService,
    lictor.ExternalCheck,
)
CLUSTER, IMAGE = lictor.ConsulServerCluster, lictor.ConsulServerImage
PUBLIC = [getattr(lictor, name) for name in lictor.__all__]


def arguments(called: Callable[..., object]) -> dict[str, inspect.Parameter]:
    """Return what a class or function takes."""
    return dict(inspect.signature(called).parameters)


def test_the_arguments_of_a_resource() -> None:
    """Those of the settings, Pulumi's own two, and the short way to say one source."""
    own = {"resource_name", "opts", "service"}
    assert set(arguments(GROUP)) == {*attachments.ARGUMENTS, *own}
    assert set(arguments(TAG)) == {*leader_tags.ARGUMENTS, "resource_name", "opts"}
    assert set(arguments(NODE)) == {*external_nodes.ARGUMENTS, "resource_name", "opts"}


def test_the_arguments_of_external_services_and_checks() -> None:
    """Those of the settings, in the same order."""
    for called, known in ((ON_NODE, external_nodes.Service), (CHECK, external_nodes.Check)):
        assert tuple(arguments(called)) == known.__struct_fields__
        assert list(called.__annotations__) == list(arguments(called))


@pytest.mark.parametrize(
    ("component", "known"), [(CLUSTER, servers.ARGUMENTS), (IMAGE, images.ARGUMENTS)]
)
def test_the_arguments_of_a_component(component: type, known: tuple[str, ...]) -> None:
    """Those of the settings and Pulumi's own two, by keyword, nothing but what is required set."""
    name, *others = arguments(component).values()
    assert name.name == "resource_name"
    assert {item.name for item in others} == {*known, "opts"}
    for item in others:
        assert item.kind is inspect.Parameter.KEYWORD_ONLY, item.name
        assert item.default in (None, inspect.Parameter.empty), item.name


def test_the_arguments_of_the_sources() -> None:
    """Together they are the keys of a source; only the name is called otherwise."""
    service = {"service" if key == "name" else key for key in arguments(SERVICE)}
    query = {"prepared_query" if key == "name_or_id" else key for key in arguments(QUERY)}
    assert service | query == set(sources.KEYS)
    assert not service & query
    assert list(SERVICE.__annotations__) == list(arguments(SERVICE))
    assert list(QUERY.__annotations__) == list(arguments(QUERY))


@pytest.mark.parametrize("called", [GROUP, SERVICE, QUERY, TAG, NODE, ON_NODE, CHECK])
def test_arguments_are_inputs_and_go_by_keyword(called: type) -> None:
    """Each may be an Output, all but the name go by keyword, and nothing is the default."""
    name, *others = arguments(called).values()
    assert name.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    for item in others:
        assert item.kind is inspect.Parameter.KEYWORD_ONLY, item.name
        assert item.default in (None, inspect.Parameter.empty), item.name
        assert item.name == "opts" or str(item.annotation).startswith("pulumi.Input["), item.name


@pytest.mark.parametrize("called", PUBLIC)
def test_everything_public_is_documented(called: Callable[..., object]) -> None:
    """What it is for, and each argument by its name."""
    text = inspect.getdoc(called) or ""
    if isinstance(called, type):
        text += vars(called)["__init__"].__doc__
    assert text
    assert [name for name in arguments(called) if f"{name}: " not in text] == []


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "web: neither service nor sources is given; give one"),
        ({"service": "web", "sources": []}, "web: service and sources are given; give one"),
        ({"sources": "web"}, "web: sources takes a list of .*; found 'web'"),
        ({"sources": ["web"]}, r"web: sources takes a list of .*; found \['web'\]"),
        ({"sources": SERVICE("web")}, "web: sources takes a list of .*; found ConsulService"),
    ],
)
def test_sources_that_cannot_be(more: dict[str, Any], text: str) -> None:
    """The program ends without a traceback: Pulumi shows none of a RunError."""
    with pytest.raises(pulumi.RunError, match=text):
        GROUP("web", target_group_arn="arn:...", **more)
