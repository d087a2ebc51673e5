"""``ExternalNode`` as the two adapters know it: a node of the catalog without an agent.

Only what is declared is compared: statuses are the monitor's. A node is written by one transaction,
each part if it is still as it was read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lictor import errors
from lictor.model import Put
from lictor.plan import registering
from lictor.resources.claims import Who
from lictor.resources.kinds import PROVIDER, Difference, View
from lictor.resources.properties import has_unknown, texts
from lictor.resources.sole import Thing
from lictor.settings import external_nodes as settings
from lictor.settings.external_nodes import ARGUMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.model import Entry, Operation, Part
    from lictor.resources.remotes import Remotes
    from lictor.settings.external_nodes import ExternalNode

BY_KEY: tuple[str, ...] = ()
OUTPUTS = ("indexes", "failed")
"""What outputs have beside the inputs: part -> Consul's index of it, part -> reason."""
_TRIES = 3
"""The monitor writes statuses meanwhile: what is not as it was read is read again."""


def id_of(inputs: Mapping[str, Any]) -> str:
    """Return the node's name, and where it is: ``db-1 dc1``."""
    name, where = _name(inputs), str(inputs.get("datacenter") or "")
    return f"{name} {where}".rstrip()


def inputs(olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:  # noqa: ARG001 - see lictor.resources.kinds
    """Validate the arguments; nobody is asked: what the program says is the plan."""
    given = {key: value for key, value in news.items() if value is not None}
    arguments = {key: given[key] for key in ARGUMENTS if key in given}
    if not has_unknown(arguments):
        wanted = settings.from_inputs(arguments)
        remotes.run.sole.claim(_thing(wanted, given), Who.of(given), remedy=_REMEDY)
    return given


_REMEDY = "unite them in one resource"


def as_before(olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Keep the last run's arguments, and keep the node from being deleted."""
    who = {key: news[key] for key in Who._fields if news.get(key) is not None}
    kept = {key: value for key, value in olds.items() if key not in Who._fields}
    remotes.run.sole.keep(_thing(settings.from_inputs(olds), olds), Who.of(news))
    return {**kept, **who}


def undisturbed(
    olds: Mapping[str, Any], news: Mapping[str, Any], remotes: Remotes
) -> dict[str, Any] | None:
    """Plan as ever: that asks nobody."""
    return inputs(olds, news, remotes)


def compare(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Difference:
    """Compare what is declared with what the last run left; how it is written is no change."""
    arguments = {key: news[key] for key in ARGUMENTS if key in news}
    if has_unknown(arguments):
        return Difference(changes=True)
    moved = tuple(key for key in ("datacenter",) if (olds.get(key) or "") != (news.get(key) or ""))
    moved += ("node",) if _name(olds) != _name(news) else ()
    old, new = _entry(olds), _entry(news)
    changes = (
        bool(moved)
        or any(olds.get(key) != news.get(key) for key in (PROVIDER, *Who._fields))
        or old.parts() != new.parts()
        or set(_indexes(olds)) != set(new.parts())
        or bool(olds.get("failed"))
    )
    return Difference(changes, moved)


def create(inputs: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Register the node; one that stands just so already is adopted."""
    return update({}, inputs, remotes)


def update(olds: Mapping[str, Any], inputs: Mapping[str, Any], remotes: Remotes) -> dict[str, Any]:
    """Bring the node to what is declared, all of it or nothing.

    Nothing is raised: what could not be done is recorded, and the next run tries again.
    """
    declared = _entry(inputs)
    try:
        indexes = _written(declared, _recorded(olds), inputs, remotes)
    except errors.ConsulError as error:
        kept = {key: olds[key] for key in ARGUMENTS if key in olds} if olds else {}
        rest = {key: value for key, value in inputs.items() if not olds or key not in ARGUMENTS}
        failed = {declared.node.name: str(error)}
        return {**rest, **kept, "indexes": _indexes(olds), "failed": failed}
    return {**inputs, "indexes": indexes, "failed": {}}


def _written(
    declared: Entry, recorded: Mapping[str, Part], inputs: Mapping[str, Any], remotes: Remotes
) -> dict[str, int]:
    """Write what differs; return the index of each part.

    Raises:
        errors.ConsulError: It cannot be; nothing was written.
    """
    where = str(inputs.get("datacenter") or "")
    for left in reversed(range(_TRIES)):
        stands = remotes.catalogued(declared.node.name, where)
        operations = registering.operations(declared, recorded, stands)
        found = {key: part.index for key, part in (stands.parts() if stands else {}).items()}
        try:
            made = remotes.catalogue(declared, operations, where)
        except errors.CatalogConflict:
            if not left:
                raise
            continue
        keys = _keys(declared, operations)
        return {
            key: {**found, **dict(zip(keys, made, strict=False))}[key] for key in declared.parts()
        }
    raise AssertionError  # the last try returns or raises


def _keys(declared: Entry, operations: tuple[Operation, ...]) -> list[str]:
    """Name the parts that are set, in order."""
    by_part = {(type(part), getattr(part, "id", "")): key for key, part in declared.parts().items()}
    puts = (one.part for one in operations if isinstance(one, Put))
    return [by_part[type(part), getattr(part, "id", "")] for part in puts]


def read(
    props: Mapping[str, Any], remotes: Remotes
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Say what stands of the node; one that is gone, which the monitor may have reaped, is gone.

    What is read counts as seen: the next update may overwrite it.
    """
    recorded = _recorded(props)
    stands = remotes.catalogued(_name(props), str(props.get("datacenter") or ""))
    if stands is None:
        return None
    there = stands.parts()
    ours = {key: there[key] for key in recorded if key in there}
    outputs = {**props, **_drift(props, recorded, stands, ours)}
    outputs["indexes"] = {key: part.index for key, part in ours.items()}
    inputs = {key: value for key, value in outputs.items() if key not in OUTPUTS}
    return outputs, inputs


def _drift(
    props: Mapping[str, Any],
    recorded: Mapping[str, Part],
    stands: Entry,
    ours: Mapping[str, Part],
) -> dict[str, Any]:
    """Write as arguments what is not as it was declared."""
    found: dict[str, Any] = {}
    if "node" in ours and ours["node"] != recorded["node"]:
        marks = {settings.MARK: "", settings.PROBE: ""}  # one that is gone is not the default
        found |= {"address": stands.node.address, "node_meta": {**marks, **stands.node.meta}}
    for name in ("service", "check"):
        was = {key: part for key, part in recorded.items() if key.startswith(f"{name}:")}
        now = {key: part for key, part in ours.items() if key.startswith(f"{name}:")}
        if was != now:
            found[f"{name}s"] = [settings.written(part) for part in now.values()]
    if any(check.get("service") for check in found.get("checks", props.get("checks") or ())):
        found = _with_services(found, props)
    return found


def _with_services(found: dict[str, Any], props: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out checks whose service is gone: they went with it."""
    services = found.get("services", props.get("services") or ())
    ids = {one.get("id") or one["name"] for one in services}
    checks = found.get("checks", props.get("checks") or ())
    kept = [check for check in checks if not check.get("service") or check["service"] in ids]
    return {**found, "checks": kept} if len(kept) != len(checks) else found


def delete(props: Mapping[str, Any], remotes: Remotes) -> None:
    """Take out of the catalog what we have registered, unless another resource of the run has it.

    Raises:
        errors.ConsulError: It stands still; the resource stays in state.
    """
    recorded, wanted = _recorded(props), settings.from_inputs(props)
    if not recorded or remotes.run.sole.others(_thing(wanted, props), Who.of(props)):
        return
    where = str(props.get("datacenter") or "")
    for left in reversed(range(_TRIES)):
        stands = remotes.catalogued(_name(props), where)
        operations = registering.removal(recorded, stands)
        if stands is None or not operations:
            return
        try:
            remotes.catalogue(stands, operations, where)
        except errors.CatalogConflict:
            if not left:
                raise
        else:
            return


def begun(inputs: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG001 - see lictor.resources.kinds
    """Say nothing: what a killed run has written is adopted where it is as declared."""
    return {}


def with_begun(props: Mapping[str, Any], begun: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG001 - the same
    """Leave it so."""
    return dict(props)


def planned(olds: Mapping[str, Any], news: Mapping[str, Any], *, shown: bool) -> View:
    """Show the parts that change."""
    was = _recorded(olds)
    now = was
    if shown and not has_unknown({key: news[key] for key in ARGUMENTS if key in news}):
        now = _entry(news).parts()
    return replace(_view(was, was, now), failed=texts(olds, "failed"))


def done(
    olds: Mapping[str, Any],
    inputs: Mapping[str, Any],  # noqa: ARG001 - see lictor.resources.kinds
    outputs: Mapping[str, Any],
) -> View:
    """Show the parts that have changed."""
    was, now = _recorded(olds), _recorded(outputs)
    return replace(_view(now, was, now), failed=texts(outputs, "failed"))


def _view(stands: Mapping[str, Part], was: Mapping[str, Part], now: Mapping[str, Part]) -> View:
    return View(
        added={key: _label(part) for key, part in now.items() if was.get(key) != part},
        removed={key: _label(part) for key, part in was.items() if key not in now},
        attached={key: _label(part) for key, part in stands.items()},
    )


def _label(part: Part) -> str:
    """Say where a part is, in a few words."""
    address, port = getattr(part, "address", ""), getattr(part, "port", 0)
    return f"{address}:{port}" if port else str(address)


def _recorded(outputs: Mapping[str, Any]) -> dict[str, Part]:
    """Read what the last run left, with its indexes."""
    indexes = _indexes(outputs)
    if not indexes:
        return {}
    parts = _entry(outputs).parts()
    return {key: replace(part, index=indexes[key]) for key, part in parts.items() if key in indexes}


def _entry(properties: Mapping[str, Any]) -> Entry:
    return settings.from_inputs(properties).entry(str(properties.get("name", "")))


def _name(properties: Mapping[str, Any]) -> str:
    return str(properties.get("node") or properties.get("name", ""))


def _thing(wanted: ExternalNode, properties: Mapping[str, Any]) -> Thing:
    return Thing(f"the node {_name(properties)}", wanted.datacenter, "")


def _indexes(outputs: Mapping[str, Any]) -> dict[str, int]:
    value = outputs.get("indexes")
    return {str(key): int(index) for key, index in value.items()} if isinstance(value, dict) else {}
