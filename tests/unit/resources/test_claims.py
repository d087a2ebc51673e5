"""Claims: who wants which targets in one run of the engine."""

from __future__ import annotations

import pytest

from lictor import errors
from lictor.resources.claims import Claims


def test_a_target_is_named_by_one_resource() -> None:
    """The second resource that wants a target is refused, and both are named."""
    claims = Claims()
    claims.claim("arn", "web", {"a:1", "b:1"})
    with pytest.raises(errors.ClaimConflict, match="site and web both want b:1"):
        claims.claim("arn", "site", {"b:1", "c:1"})


def test_a_second_check_replaces_the_first_claim() -> None:
    """The engine checks a resource more than once; it never conflicts with itself."""
    claims = Claims()
    claims.claim("arn", "web", {"a:1"})
    claims.claim("arn", "web", {"b:1"})
    assert claims.of_all("arn") == {"b:1"}


def test_a_held_target_may_be_taken_over() -> None:
    """What Consul names no longer for one resource may be named for another."""
    claims = Claims()
    claims.claim("arn", "web", {"a:1"}, {"a:1"})
    claims.claim("arn", "site", {"a:1"})
    assert claims.of_others("arn", "web") == {"a:1"}
    assert claims.of_others("arn", "site") == {"a:1"}


def test_groups_are_apart() -> None:
    """The same key in two groups is two targets."""
    claims = Claims()
    claims.claim("one", "web", {"a:1"})
    claims.claim("two", "site", {"a:1"})
    assert claims.of_others("one", "web") == frozenset()


def test_an_exclusive_group_is_not_shared() -> None:
    """Who has a group for himself has it alone, whoever came first."""
    claims = Claims()
    claims.claim("arn", "web", {"a:1"}, exclusive=True)
    with pytest.raises(errors.ClaimConflict, match="site and web both want the group for itself"):
        claims.claim("arn", "site", {"b:1"})


def test_a_group_that_takes_anothers_place() -> None:
    """What a resource claimed before tells what its new group shall have, and whether it has."""
    claims = Claims()
    assert claims.of("new", "web") == frozenset()
    claims.claim("new", "web", ["a", "b"])
    assert claims.of("new", "web") == {"a", "b"}
    claims.filled("new", "web", "denied")
    assert claims.unfilled_elsewhere("old", "web") == "denied"
    assert claims.unfilled_elsewhere("new", "web") == ""
    assert claims.unfilled_elsewhere("old", "api") == ""
    claims.filled("new", "web", "")
    assert claims.unfilled_elsewhere("old", "web") == ""
