"""What is written of a declared node: what is declared, and nothing of somebody else's."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from lictor import errors
from lictor.model import CatalogCheck, CatalogNode, CatalogService, Definition, Drop, Entry
from lictor.plan import registering

if TYPE_CHECKING:
    from lictor.model import Operation, Part

IDS = ("a", "b")
nodes = st.builds(CatalogNode, st.just("db"), st.sampled_from(["one", "two"]))
services = st.builds(CatalogService, st.sampled_from(IDS), st.just("web"), port=st.integers(1, 2))
definitions = st.builds(Definition, http=st.sampled_from(["x", "y"]))
checks = st.builds(
    CatalogCheck,
    st.sampled_from(["c", "d"]),
    st.just("http"),
    definition=definitions,
    status=st.sampled_from(["passing", "critical"]),
)


def entry(node: CatalogNode, of: list[CatalogService], by: list[CatalogCheck]) -> Entry:
    """Put a node together."""
    return Entry(node, {one.id: one for one in of}, {one.id: one for one in by})


entries = st.builds(entry, nodes, st.lists(services), st.lists(checks))


class Catalog:
    """What Consul does with operations: all or none, each if its index is right."""

    def __init__(self, stands: Entry | None, index: int) -> None:
        """Let something stand, each part with an index of its own."""
        self.index = index
        self.parts: dict[str, Part] = {}
        for key, part in (stands.parts() if stands else {}).items():
            self.set(key, part)

    def set(self, key: str, part: Part) -> None:
        """Write a part."""
        self.index += 1
        self.parts[key] = replace(part, index=self.index)

    def entry(self) -> Entry | None:
        """Read all of it."""
        node = self.parts.get("node")
        if not isinstance(node, CatalogNode):
            return None
        found = list(self.parts.values())
        return entry(
            node,
            [part for part in found if isinstance(part, CatalogService)],
            [part for part in found if isinstance(part, CatalogCheck)],
        )

    def apply(self, operations: tuple[Operation, ...]) -> None:
        """Carry out operations; each must name the index that its part has."""
        for one in operations:
            key = next(k for k, p in Entry_of(one.part).parts().items() if p is one.part)
            there = self.parts.get(key)
            assert one.index == (there.index if there else 0)
            if isinstance(one, Drop):
                if key == "node":
                    self.parts.clear()
                self.parts.pop(key, None)
            else:
                self.set(key, one.part)


def Entry_of(part: Part) -> Entry:  # noqa: N802 - makes one
    """Put a part on a node."""
    node = part if isinstance(part, CatalogNode) else CatalogNode("db", "")
    of = [part] if isinstance(part, CatalogService) else []
    by = [part] if isinstance(part, CatalogCheck) else []
    return entry(node, of, by)


@given(first=entries, second=entries, theirs=entries, status=st.sampled_from(["passing", "x"]))
def test_what_is_declared_stands_and_theirs_stays(
    first: Entry, second: Entry, theirs: Entry, status: str
) -> None:
    """From nothing, over a monitor's writes and strangers' parts, to a change and to the end."""
    catalog = Catalog(None, 10)
    catalog.apply(registering.operations(first, {}, None))
    assert {
        key: part for key, part in catalog.parts.items() if key in first.parts()
    } == first.parts()
    recorded = {key: catalog.parts[key] for key in first.parts()}
    for key, part in list(catalog.parts.items()):
        if isinstance(part, CatalogCheck):
            catalog.set(key, replace(part, status=status))
    others = {
        key: part
        for key, part in theirs.parts().items()
        if key not in first.parts() and key not in second.parts()
    }
    for key, part in others.items():
        catalog.set(key, part)
    catalog.apply(registering.operations(second, recorded, catalog.entry()))
    assert catalog.parts == {**others, **second.parts()}
    for key, part in catalog.parts.items():
        if isinstance(part, CatalogCheck) and key in recorded:
            assert part.status == status, "the monitor's"
    assert registering.operations(second, recorded, catalog.entry()) == ()
    recorded = {key: catalog.parts[key] for key in second.parts()}
    catalog.apply(registering.removal(recorded, catalog.entry()))
    left = {key: part for key, part in catalog.parts.items() if key != "node"}
    assert left == {key: part for key, part in others.items() if key != "node"}
    assert ("node" in catalog.parts) == bool(others)


@given(mine=entries, theirs=entries, declared=entries)
def test_nothing_of_somebody_elses_is_written(mine: Entry, theirs: Entry, declared: Entry) -> None:
    """Whatever was changed behind our back is a conflict, or is left alone."""
    catalog = Catalog(mine, 10)
    recorded = dict(catalog.parts)
    changed = set()
    for key, part in theirs.parts().items():
        if catalog.parts.get(key) != part:
            catalog.set(key, part)
            changed.add(key)
    plans = (
        partial(registering.operations, declared),
        registering.removal,
    )
    for plan in plans:
        try:
            found = plan(recorded, catalog.entry())
        except errors.CatalogConflict:
            continue
        touched = {
            key
            for one in found
            for key, part in Entry_of(one.part).parts().items()
            if part is one.part
        }
        assert not touched & changed
