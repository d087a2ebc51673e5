"""What is noted of a resource in a run: plans in previews, in an update only what came of it."""

from __future__ import annotations

from typing import Any

from pulumi.output import Unknown

from lictor.watch.engine.outcome import Group, Groups

URN = "urn:pulumi:dev::lictor::pulumi-python:dynamic/lictor:TargetGroupAttachments::web"
LATER = Unknown()  # type: ignore[no-untyped-call] # Pulumi's mark for what is known only later
STANDS = {"i-1:80": "node-1 (dc1)", "i-2:80": "node-2 (dc1)"}


def _outputs(attached: dict[str, str], **more: object) -> dict[str, Any]:
    return {"target_group_arn": "arn:one", "attached": attached, "targets": attached, **more}


def _noted(olds: dict[str, Any], news: dict[str, Any], *, shown: bool = True) -> Group:
    groups = Groups()
    groups.planned(URN, olds, news, shown=shown)
    (found,) = groups.all()
    return found


def test_a_plan_tells_what_comes_and_what_goes() -> None:
    """Key by key, from what is attached to what shall be."""
    news = {"target_group_arn": "arn:one", "targets": {"i-2:80": "node-2 (dc1)", "i-3:80": "n"}}
    found = _noted(_outputs(STANDS), news)
    assert (found.name, found.arn) == ("web", "arn:one")
    assert (found.added, found.removed) == ({"i-3:80": "n"}, {"i-1:80": "node-1 (dc1)"})
    assert found.attached == STANDS


def test_nothing_is_foreseen_where_nothing_will_be_done() -> None:
    """A resource that is left alone, or one that an update is still to be made of."""
    found = _noted(_outputs(STANDS), _outputs({}), shown=False)
    assert (found.added, found.removed, found.attached) == ({}, {}, STANDS)


def test_what_is_held_and_was_never_attached_is_no_addition() -> None:
    """AWS had rejected it, and Consul names it no longer."""
    news = _outputs({**STANDS, "i-9:80": "gone"}, held={"i-9:80": "min_targets 1"})
    found = _noted(_outputs(STANDS), news)
    assert (found.added, found.removed) == ({}, {})
    assert found.held == {"i-9:80": "min_targets 1"}


def test_a_new_resource_adds_all() -> None:
    """It stands nowhere yet."""
    found = _noted({}, _outputs(STANDS))
    assert (found.added, found.removed, found.attached) == (STANDS, {}, {})


def test_another_group_is_filled_whole_and_the_old_one_left_whole() -> None:
    """The keys are the same; the groups are not."""
    found = _noted(_outputs(STANDS), {**_outputs(STANDS), "target_group_arn": "arn:two"})
    assert (found.added, found.removed) == (STANDS, STANDS)


def test_what_is_known_later_is_not_told() -> None:
    """A group that does not exist yet has no ARN, and its targets may not be known."""
    found = _noted({}, {"target_group_arn": LATER, "targets": LATER})
    assert (found.arn, found.added, found.removed) == ("", {}, {})
    full = _noted(_outputs(STANDS), {"target_group_arn": "arn:one", "targets": LATER})
    assert (full.added, full.removed) == ({}, {})


def test_what_came_of_it_takes_the_place_of_the_plan() -> None:
    """AWS rejected one of two."""
    groups = Groups()
    groups.planned(URN, {}, _outputs(STANDS), shown=True)
    done = _outputs({"i-1:80": "node-1 (dc1)"}, failed={"i-2:80": "no"})
    groups.done(URN, {}, done)
    (found,) = groups.all()
    assert (found.added, found.removed) == ({"i-1:80": "node-1 (dc1)"}, {})
    assert (found.failed, found.outputs) == ({"i-2:80": "no"}, done)


def test_strangers_that_go_are_told() -> None:
    """In a plan, and in what came of it; one that stays is not."""
    strangers = {"i-8:80": "healthy", "i-9:80": "unused"}
    plan = _outputs(STANDS, strangers=strangers)
    told = dict.fromkeys(strangers, "registered by others")
    assert _noted({}, plan).removed == told
    groups = Groups()
    groups.done(URN, {}, {**plan, "foreign": ["i-9:80"], "held": {"i-9:80": "min_targets 1"}})
    assert groups.all()[0].removed == {"i-8:80": "registered by others"}
