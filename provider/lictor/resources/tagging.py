"""``LeaderTag`` as the two adapters know it: the tag follows the leader.

Consul and EC2 are read in ``inputs``, in preview and in up alike: who leads, and who carries the
tag. The plan stands among the inputs; ``update`` asks Consul nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi.output import Unknown

from lictor import errors
from lictor.plan import leading
from lictor.plan.leading import Give, Tagging
from lictor.resources.claims import Who
from lictor.resources.kinds import PROVIDER, Difference, View
from lictor.resources.properties import LATER, has_unknown, texts
from lictor.resources.sole import Thing
from lictor.settings import leader_tags as settings
from lictor.settings.leader_tags import ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lictor.aws.tags import Tag
    from lictor.model import AWSAccess, Machine, Raft
    from lictor.resources.remotes import Remotes
    from lictor.settings.leader_tags import LeaderTag

BY_KEY: tuple[str, ...] = ("leader", "clear")
PLANNED = ("leader",)
"""What is added to the arguments, beside ``missing`` and ``clear`` where there is work to do."""
OUTPUTS = ("tagged", "failed")
"""What outputs have beside the inputs."""
_PASSING = ("missing", "clear", "kept")
"""What a run has done with, and outputs do not keep."""
_DOING = ("missing", "clear")
_REPLACES = ("tag_key", "tag_value", "region")
"""Another tag is another resource: the old one is taken away after the new one stands."""
_OF_DELETION = ("role_arn", "name", "parent")
"""Inputs that a deletion needs as they are now: it sees the last run's outputs only."""
_REMEDY = "give each a tag_value of its own, or both an instance_filter"
_DEFAULTS = settings.LeaderTag()


def id_of(inputs: Mapping[str, Any]) -> str:
    """Return the tag, and for whom it is: ``consul-leader=true dc1``."""
    wanted = settings.from_inputs(inputs)
    return f"{wanted.tag_key}={wanted.tag_value} {wanted.datacenter}".rstrip()


def inputs(olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Find the leader's instance and whoever carries the tag, and plan."""
    given = {key: value for key, value in news.items() if value is not None}
    arguments = {key: given[key] for key in ARGUMENTS if key in given}
    if has_unknown(arguments):
        return {**given, "leader": LATER}
    wanted = settings.from_inputs(arguments)
    reached = remotes.acting_as(arguments)
    access = reached.access(wanted.region)
    _claim(wanted, access, Who.of(given), remotes)
    planned = _planned(wanted, access, reached.raft(wanted.datacenter), texts(olds, "leader"))
    _claim_only(wanted, access, Who.of(given), planned.leader, remotes)
    doing: dict[str, Any] = {"missing": True} if planned.missing else {}
    doing |= {"clear": dict(planned.clear)} if planned.clear else {}
    region = {"region": access.region} if access.region else {}
    return {**given, **region, "leader": dict(planned.leader), **doing}


def _planned(
    wanted: LeaderTag, access: AWSAccess, raft: Raft, before: Mapping[str, str]
) -> Tagging:
    """Look at EC2 and plan."""
    from lictor.aws import machines, tags  # noqa: PLC0415 - boto3, only where needed

    told = leading.told_id(raft.leader)
    if told:
        having: tuple[Machine, ...] = ()
    else:
        having = machines.find(access, {"private-ip-address": [raft.leader.address]})
    carrying = tags.carriers(access, _tag(wanted))
    ids = {*carrying, *(machine.id for machine in having), *([told] if told else [])}
    known = machines.among(access, ids, {})
    filters = wanted.filters()
    matching = machines.among(access, ids, filters) if filters else known
    if told and told not in known:
        raise errors.LeaderNotFound(
            f"{told}, which Consul tells for its leader {raft.leader.place}, is no EC2 instance in"
            f" {access.region or 'the region'}; check region and account, or the node's meta"
        )
    leader = told or leading.found(raft.leader, having, matching).id
    carriers = {ident: machine for ident, machine in known.items() if ident in carrying}
    return leading.plan(leader, raft, carriers, matching, before)


def as_before(olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Keep the last run's leader, and keep its tag from being deleted."""
    who = {key: news[key] for key in Who._fields if news.get(key) is not None}
    kept = {key: value for key, value in olds.items() if key not in (*Who._fields, *_PASSING)}
    wanted = settings.from_inputs(olds)
    access = remotes.acting_as(olds).access(wanted.region)
    remotes.run.sole.keep(_thing(wanted, access), Who.of(news))
    _claim_only(wanted, access, Who.of(news), texts(olds, "leader"), remotes)
    return {**kept, **who, "kept": True}


def undisturbed(
    olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes
) -> dict[str, Any] | None:
    """Keep who leads, where the program asks for the same; the tag is claimed as ever.

    Raises:
        errors.ClaimConflict: Another resource of this run moves the same tag.
    """
    asks = {"region": olds.get("region"), **{k: v for k, v in news.items() if v is not None}}
    given = (*ARGUMENTS, *Who._fields)
    if not olds.get("leader") or any(olds.get(key) != asks.get(key) for key in given):
        return None
    wanted = settings.from_inputs(olds)
    access = remotes.acting_as(olds).access(wanted.region)
    _claim(wanted, access, Who.of(news), remotes)
    _claim_only(wanted, access, Who.of(news), texts(olds, "leader"), remotes)
    return {key: value for key, value in olds.items() if key not in _PASSING}


def compare(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Difference:
    """Compare who shall carry the tag with who did; where it runs is a label, and no change.

    While nobody knows the leader nothing changes, not even what failed is tried again: it would
    be for the leader of yesterday.
    """
    if news.get("kept"):
        return Difference(changes=False)
    replaces = tuple(key for key in _REPLACES if _given(olds, key) != _given(news, key))
    leader = news.get("leader")
    changes = (
        bool(replaces)
        or isinstance(leader, Unknown)
        or any(olds.get(key) != news.get(key) for key in (PROVIDER, *_OF_DELETION))
        or set(texts(olds, "tagged")) != set(texts(news, "leader"))
        or bool(olds.get("failed"))
        or any(news.get(key) for key in _DOING)
    )
    return Difference(changes, replaces)


def create(inputs: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Put the tag on the leader, and take it off others."""
    return update({}, inputs, remotes)


def update(olds: Mapping[str, Any], inputs: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Put the tag on the leader, then take it off others; where the first fails, nothing else.

    Nothing is raised: what could not be done is recorded, and the next run tries again.
    """
    from lictor.aws import tags  # noqa: PLC0415 - boto3, only where needed

    wanted = settings.from_inputs(inputs)
    access, tag = remotes.acting_as(inputs).access(wanted.region), _tag(wanted)
    leader, ours = texts(inputs, "leader"), texts(olds, "tagged")
    clear = {key: text for key, text in ours.items() if key not in leader}
    clear |= texts(inputs, "clear")
    failed: dict[str, str] = {}
    tagged = {**ours, **leader}
    for step in Tagging(leader, bool(inputs.get("missing")), clear).steps():
        remotes.go_on()
        if isinstance(step, Give):
            try:
                tags.give(access, tag, step.id)
            except errors.AWSError as error:
                failed, tagged = {step.id: str(error)}, ours
                break
        else:
            failed = tags.take(access, tag, step.ids)
            tagged = {key: text for key, text in tagged.items() if key in (*leader, *failed)}
    return _outputs(inputs, tagged, failed)


def read(
    props: Mapping[str, Any], remotes: Remotes
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Say which of the instances that we have tagged carry the tag still."""
    from lictor.aws import tags  # noqa: PLC0415 - boto3, only where needed

    wanted = settings.from_inputs(props)
    access = remotes.acting_as(props).access(wanted.region)
    carrying = tags.carriers(access, _tag(wanted))
    tagged = {key: text for key, text in texts(props, "tagged").items() if key in carrying}
    outputs = _outputs(props, tagged, texts(props, "failed"))
    inputs = {key: value for key, value in outputs.items() if key not in OUTPUTS}
    leader = texts(props, "leader")
    inputs["leader"] = {key: text for key, text in leader.items() if key in tagged}
    return outputs, inputs


def delete(props: Mapping[str, Any], remotes: Remotes) -> None:
    """Take the tag off what we have tagged and no other resource of the run wants tagged.

    Raises:
        errors.AWSError: Some of them carry it still; the resource stays in state.
    """
    from lictor.aws import tags  # noqa: PLC0415 - boto3, only where needed

    wanted = settings.from_inputs(props)
    access = remotes.acting_as(props).access(wanted.region)
    ours = remotes.run.sole.left(_thing(wanted, access), Who.of(props), texts(props, "tagged"))
    if not ours:
        return
    remotes.go_on()
    failed = tags.take(access, _tag(wanted), ours)
    if failed:
        raise errors.AWSError("; ".join(dict.fromkeys(failed.values())))


def begun(inputs: Mapping[str, Any]) -> Mapping[str, str]:
    """Tell whom a killed run may have given the tag."""
    return texts(inputs, "leader")


def with_begun(props: Mapping[str, Any], begun: Mapping[str, str]) -> dict[str, Any]:
    """Take the tag there for ours; EC2 tells whether it is there."""
    return {**props, "tagged": {**begun, **texts(props, "tagged")}}


def planned(olds: Mapping[str, Any], news: Mapping[str, Any], *, shown: bool) -> View:
    """Show who gets the tag, and who loses it."""
    ours, failed = texts(olds, "tagged"), texts(olds, "failed")
    if not shown or isinstance(news.get("leader"), Unknown):
        return View(attached=ours, failed=failed)
    leader, clear = texts(news, "leader"), texts(news, "clear")
    new = {key: text for key, text in leader.items() if key not in ours or news.get("missing")}
    gone = {key: text for key, text in {**clear, **ours}.items() if key not in leader}
    return View(added=new, removed=gone, attached=ours, failed=failed)


def done(olds: Mapping[str, Any], inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> View:
    """Show who got the tag, and who lost it."""
    plan = planned(olds, inputs, shown=True)
    tagged, failed = texts(outputs, "tagged"), texts(outputs, "failed")
    blocked = bool(set(failed) & set(texts(inputs, "leader")))
    return View(
        added={key: text for key, text in plan.added.items() if key in tagged},
        removed={
            key: text
            for key, text in plan.removed.items()
            if not blocked and key not in tagged and key not in failed
        },
        attached=tagged,
        failed=failed,
    )


def _outputs(
    props: Mapping[str, Any], tagged: Mapping[str, str], failed: Mapping[str, str]
) -> dict[str, Any]:
    kept = {key: value for key, value in props.items() if key not in _PASSING}
    return {**kept, "tagged": dict(sorted(tagged.items())), "failed": dict(sorted(failed.items()))}


def _tag(wanted: LeaderTag) -> Tag:
    from lictor.aws.tags import Tag  # noqa: PLC0415 - boto3, only where needed

    return Tag(wanted.tag_key, wanted.tag_value)


def _claim(wanted: LeaderTag, access: AWSAccess, who: Who, remotes: Remotes) -> None:
    narrow = bool(wanted.instance_filter)
    remotes.run.sole.claim(_thing(wanted, access), who, remedy=_REMEDY, narrow=narrow)


def _claim_only(
    wanted: LeaderTag, access: AWSAccess, who: Who, leader: Iterable[str], remotes: Remotes
) -> None:
    """Leave to others what a filter leaves out, once it is known who leads."""
    ids = frozenset(leader)
    if wanted.instance_filter and ids:
        remotes.run.sole.only(_thing(wanted, access), who, ids)


def _thing(wanted: LeaderTag, access: AWSAccess) -> Thing:
    tag = f"the tag {wanted.tag_key}={wanted.tag_value}"
    return Thing(tag, access.region, wanted.role_arn)


def _given(properties: Mapping[str, Any], name: str) -> object:
    """Return an argument, or its default."""
    value = properties.get(name)
    return getattr(_DEFAULTS, name) if value is None else value
