"""Claims: who wants which targets in one run of the engine."""

from __future__ import annotations

import pytest

from lictor import errors
from lictor.resources.claims import Claims, Who

WEB, SITE = Who("web"), Who("site")


def test_a_target_is_named_by_one_resource() -> None:
    """The second resource that wants a target is refused, and both are named."""
    claims = Claims()
    claims.claim("arn", WEB, {"a:1", "b:1"})
    with pytest.raises(errors.ClaimConflict, match="site and web both want b:1"):
        claims.claim("arn", SITE, {"b:1", "c:1"})


def test_a_second_check_replaces_the_first_claim() -> None:
    """The engine checks a resource more than once; it never conflicts with itself."""
    claims = Claims()
    claims.claim("arn", WEB, {"a:1"})
    claims.claim("arn", WEB, {"b:1"})
    assert claims.of_all("arn") == {"b:1"}


def test_a_held_target_may_be_taken_over() -> None:
    """What Consul names no longer for one resource may be named for another."""
    claims = Claims()
    claims.claim("arn", WEB, {"a:1"}, {"a:1"})
    claims.claim("arn", SITE, {"a:1"})
    assert claims.of_others("arn", WEB) == {"a:1"}
    assert claims.of_others("arn", SITE) == {"a:1"}


def test_groups_are_apart() -> None:
    """The same key in two groups is two targets."""
    claims = Claims()
    claims.claim("one", WEB, {"a:1"})
    claims.claim("two", SITE, {"a:1"})
    assert claims.of_others("one", WEB) == frozenset()


def test_an_exclusive_group_is_not_shared() -> None:
    """Who has a group for himself has it alone, whoever came first."""
    claims = Claims()
    claims.claim("arn", WEB, {"a:1"}, exclusive=True)
    with pytest.raises(errors.ClaimConflict, match="site and web both want the group for itself"):
        claims.claim("arn", SITE, {"b:1"})


def test_a_group_that_takes_anothers_place() -> None:
    """What a resource claimed before tells what its new group shall have, and whether it has."""
    claims = Claims()
    assert claims.of("new", WEB) == frozenset()
    claims.claim("new", WEB, ["a", "b"])
    assert claims.of("new", WEB) == {"a", "b"}
    claims.filled("new", WEB, "denied")
    assert claims.unfilled_elsewhere("old") == "web: denied"
    assert claims.unfilled_elsewhere("new") == ""
    claims.filled("new", WEB, "")
    assert claims.unfilled_elsewhere("old") == ""


def test_one_name_under_two_parents_is_two_resources() -> None:
    """They conflict as any two do, and the text tells them apart."""
    claims = Claims()
    claims.claim("arn", WEB, {"a:1"})
    with pytest.raises(errors.ClaimConflict, match="web under x:y:Site and web both want a:1"):
        claims.claim("arn", Who("web", "x:y:Site"), {"a:1"})


def test_a_claim_of_nothing_is_a_claim() -> None:
    """Whoever has the group is known, though Consul names nothing for it."""
    claims = Claims()
    assert claims.claimants("arn") == ()
    claims.claim("arn", SITE, ())
    claims.keep("arn", WEB, {"a:1"})
    assert claims.claimants("arn") == (SITE, WEB)
    assert claims.of_all("arn") == {"a:1"}
