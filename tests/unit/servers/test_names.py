"""Names and tags within AWS's limits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lictor.servers import baking, names

ROLE = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
TEMPLATE = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")
RECIPE = re.compile(r"[-_A-Za-z-0-9][-_A-Za-z0-9 ]{1,126}[-_A-Za-z-0-9]")
"""Image Builder's, as botocore has it, of component, recipe and infrastructure."""
PULUMIS_OWN = "-1234567"


@pytest.mark.parametrize("name", ["main", "a", "consul-1.prod_eu", "x" * 56])
def test_names(name: str) -> None:
    """What works everywhere."""
    assert names.refusal(name) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x" * 57, "the name has 57 characters; take at most 56"),
        ("", "a name takes letters"),
        ("ma in", "a name takes letters"),
        ("größe", "a name takes letters"),
        ("-main", "a letter or digit first"),
        ("sg-main", "names that start with sg-"),
    ],
)
def test_names_that_cannot_be(name: str, said: str) -> None:
    """Each with its reason."""
    assert said in str(names.refusal(name))


@given(
    st.text(st.characters(codec="ascii"), min_size=1, max_size=80)
    | st.text("aB1._-", min_size=1, max_size=9)
)
def test_what_is_taken_aws_takes(name: str) -> None:
    """With what Pulumi puts behind it."""
    if names.refusal(name) is None:
        assert ROLE.fullmatch(name + PULUMIS_OWN)
        assert TEMPLATE.fullmatch(name + PULUMIS_OWN)
    if names.image_refusal(name) is None:
        assert ROLE.fullmatch(name + PULUMIS_OWN)
        assert RECIPE.fullmatch(name + PULUMIS_OWN)
        assert RECIPE.fullmatch(baking.unique(name, "content"))


def test_an_image_takes_no_dots() -> None:
    """Though a cluster does."""
    assert names.refusal("consul-1.22") is None
    assert names.image_refusal("consul-1_22") is None
    assert "no dots" in str(names.image_refusal("consul-1.22"))
    assert "at most 56" in str(names.image_refusal("x" * 57))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("kubernetes.io/role", "x", "neither blank nor slash"),
        ("my key", "x", "neither blank nor slash"),
        ("_index", "x", "cannot be told"),
        ("..", "x", "cannot be told"),
        ("aws:x", "x", "AWS keeps keys that start with aws:"),
        ("x" * 129, "x", "is too long"),
        ("x", "x" * 257, "is too long"),
        ("Team", "any text / at all", None),
        ("team:name+x=1,2@3", "", None),
    ],
)
def test_tags(key: str, value: str, said: str | None) -> None:
    """The metadata service cannot tell every key, and AWS then launches nothing."""
    problem = names.tag_refusal(key, value)
    assert (said is None) == (problem is None)
    assert said is None or said in str(problem)


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_join_tag_is_one_word_each(key: str, value: str) -> None:
    """So that Consul reads from its line what we wrote into it."""
    if names.join_refusal(key, value) is None:
        line = f"provider=aws tag_key={key} tag_value={value}"
        read = dict(word.split("=", 1) for word in line.split())
        assert (read["tag_key"], read["tag_value"]) == (key, value)
        assert not set(line) & set("\"'$`\\")
