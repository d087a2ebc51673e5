"""The files of consul-ec2-alb: several of them, read as one, with lictor's own keys beside.

``target_group "ARN" { service, datacenter }``, ``consul { address, scheme, token }`` and
``aws { access_key_id, secret_access_key, security_token }`` are the original's. A target group
takes the keys of ``lictor:targetGroups`` too, in snake_case, from the same definition. Like the
original, a target group has its ARN's targets for itself from the first run on.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from lictor import errors
from lictor.model import Ownership
from lictor.settings import connections, reading, shapes, stack
from lictor.settings.attachments import region_of
from lictor.settings.hcl.parser import LARGEST, parse
from lictor.settings.hcl.plain import Plain, refuse
from lictor.settings.hcl.tree import Body, Key, Listed, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lictor.settings.hcl.tree import Item, Place
    from lictor.settings.stack import TargetGroupEntry

_ONCE = ("consul", "aws")
_GROUP = "target_group"
_PORTS = {"http": 80, "https": 443}


class _Consul(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``consul``: the original's keys, and those of the stack config."""

    address: str = ""
    scheme: str = ""
    token: str = ""
    datacenter: str = ""
    namespace: str = ""
    partition: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    insecure_https: bool = False


class _AWS(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``aws``: the original's keys."""

    access_key_id: str = ""
    secret_access_key: str = ""
    security_token: str = ""


_AWS_KEYS = {
    "access_key_id": "aws:accessKey",
    "secret_access_key": "aws:secretKey",
    "security_token": "aws:token",
}
SECRETS = ("consul:token", *_AWS_KEYS.values())
"""Keys of the config that are shown nowhere and written nowhere."""


@dataclass(frozen=True, slots=True)
class Group:
    """One ``target_group``.

    Attributes:
        entry: As an entry of ``lictor:targetGroups``.
        place: Where it stands.
        chosen: Names of the settings that nobody wrote and that are not at their defaults.
    """

    entry: TargetGroupEntry
    place: Place
    chosen: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the files say.

    Attributes:
        groups: The target groups, in the order of the files.
        config: Key as in a stack's config (``consul:address``) -> text; secrets among them.
    """

    groups: tuple[Group, ...] = ()
    config: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def entries(self) -> tuple[TargetGroupEntry, ...]:
        """The target groups as a stack's config has them."""
        return tuple(group.entry for group in self.groups)


def read(paths: Sequence[Path]) -> Wanted:
    """Read files, one after the other.

    Raises:
        errors.SettingsError: With file and line of what is wrong, and what is allowed.
    """
    return united([(_shown(path), _content(path)) for path in paths])


def united(contents: Sequence[tuple[str, bytes]]) -> Wanted:
    """Unite the contents of files: name and bytes of each.

    Raises:
        errors.SettingsError: With file and line of what is wrong, and what is allowed.
    """
    items = [item for name, content in contents for item in parse(content, name).items]
    once: dict[str, Item] = {}
    found: list[tuple[Key, Body]] = []
    for item in items:
        name = item.key.name
        if name == _GROUP:
            found += _labelled(item)
        elif name not in _ONCE:
            known = ", ".join(sorted((_GROUP, *_ONCE)))
            refuse(item.key.at, f"{name[:60]}: unknown; allowed are {known}")
        elif name in once:
            refuse(item.key.at, f"{name} stands twice; the first is at {once[name].key.at}")
        else:
            once[name] = item
    return Wanted(_groups(found), {**_consul(once.get("consul")), **_aws(once.get("aws"))})


def _content(path: Path) -> bytes:
    """Read a file, and no more of it than can be one."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise errors.SettingsError(f"{_shown(path)}: cannot be read: {reason}") from None


def _shown(path: Path) -> str:
    """Name a file on one line; its name may be no text at all."""
    return "".join(character if character.isprintable() else "?" for character in str(path))


def _labelled(item: Item) -> Iterator[tuple[Key, Body]]:
    """List the target groups of an item: one with a label, or several as keys, as JSON has it."""
    if len(item.labels) > 1:
        refuse(item.labels[1].at, f"{_GROUP} takes one label, the ARN")
    bodies = item.value.items if isinstance(item.value, Listed) else (item.value,)
    for body in bodies:
        if not isinstance(body, Body):
            refuse(body.at, f'{_GROUP}: expected a block, {_GROUP} "ARN" {{ ... }}')
        if item.labels:
            yield item.labels[0], body
            continue
        for inner in body.items:
            if not isinstance(inner.value, Body) or inner.labels:
                refuse(inner.key.at, f'{_GROUP}: the ARN is missing; {_GROUP} "ARN" {{ ... }}')
            yield inner.key, inner.value


def _groups(found: Sequence[tuple[Key, Body]]) -> tuple[Group, ...]:
    seen: dict[str, Place] = {}
    for key, _ in found:
        if key.name in seen:
            refuse(key.at, f"target group {key.name} stands at {seen[key.name]} already")
        seen[key.name] = key.at
    names = _names([key.name for key, _ in found])
    groups = tuple(_group(key, body, names[key.name]) for key, body in found)
    named: dict[str, Place] = {}
    for group in groups:
        if group.entry.name in named:
            refuse(group.place, f"name: {group.entry.name} is that of {named[group.entry.name]}")
        named[group.entry.name] = group.place
    return groups


def _names(arns: Sequence[str]) -> dict[str, str]:
    """Name target groups after their ARNs: as briefly as no two are called the same."""
    forms = {
        arn: (match["name"], f"{match['name']}-{match['id']}", arn) if match else (arn,) * 3
        for arn in arns
        for match in [shapes.TARGET_GROUP.fullmatch(arn)]
    }
    names: dict[str, str] = {}
    for level in range(3):
        times = Counter(form[level] for form in forms.values())
        once = {arn: form[level] for arn, form in forms.items() if times[form[level]] == 1}
        names = {**once, **names}
    return names


def _group(key: Key, body: Body, name: str) -> Group:
    try:
        region_of(key.name)
    except errors.SettingsError as error:
        refuse(key.at, str(error).replace("target_group_arn: ", "", 1))
    plain = Plain(body, lists=("sources",))
    plain.places[""] = key.at
    if "target_group_arn" in plain.values:
        refuse(plain.places["target_group_arn"], "target_group_arn: it is the label of the block")
    given = {**plain.values, "target_group_arn": key.name}
    try:
        _of_one_datacenter(given)
        chosen: dict[str, Any] = {"name": name, "ownership": Ownership.EXCLUSIVE.value}
        if given.get("ownership", chosen["ownership"]) == chosen["ownership"]:
            chosen["take_over"] = True
        chosen = {key: value for key, value in chosen.items() if given.get(key) is None}
        entry = stack.entry({**chosen, **given}, "", reading.Spelling.SNAKE)
    except errors.SettingsError as error:
        raise plain.error(error) from None
    return Group(entry, key.at, frozenset(chosen))


def _of_one_datacenter(given: dict[str, Any]) -> None:
    """Read the original's ``datacenter`` of a service as ``datacenters``; a query has its own."""
    if given.get("prepared_query") is not None or "sources" in given:
        return
    one = given.pop("datacenter", None)
    if one in (None, ""):
        return
    if "datacenters" in given:
        raise errors.SettingsError("datacenter: stands beside datacenters; name it there")
    if not isinstance(one, str):
        raise errors.SettingsError(f"datacenter: expected str, found {str(one)[:60]!r}")
    given["datacenters"] = [one]


def _block(item: Item) -> Plain:
    """Take what stands in ``consul`` or ``aws``."""
    if item.labels:
        refuse(item.labels[0].at, f"{item.key.name} takes no label")
    value = item.value
    if isinstance(value, Listed) and len(value.items) == 1:
        value = value.items[0]
    if not isinstance(value, Body):
        what = "text" if isinstance(value, Literal) else "list"
        refuse(value.at, f"{item.key.name}: expected a block, found a {what}")
    return Plain(value)


def _consul(item: Item | None) -> dict[str, str]:
    if item is None:
        return {}
    plain = _block(item)
    try:
        found = reading.read(
            plain.values, _Consul, at="", spelling=reading.Spelling.SNAKE, secret=True
        )
        given = {
            f"consul:{reading.Spelling.CAMEL.of(name)}": str(value).lower()
            if isinstance(value, bool)
            else value
            for name, value in msgspec.structs.asdict(found).items()
            if value
        }
        given |= _with_port(given)
        connections.consul(given.get, {})
    except errors.SettingsError as error:
        named = errors.SettingsError(str(error).replace("consul:", "", 1))
        raise plain.error(named) from None
    return given


def _with_port(given: Mapping[str, str]) -> dict[str, str]:
    """Add the port that an address lacks, as the original does: that of its scheme."""
    address, scheme = given.get("consul:address", ""), given.get("consul:scheme", "").lower()
    own, found, host = address.rpartition("://")
    scheme = own.lower() if found else scheme
    if not host or scheme not in _PORTS or host.rpartition("]")[2].count(":"):
        return {}
    return {"consul:address": f"{address.rstrip('/')}:{_PORTS[scheme]}"}


def _aws(item: Item | None) -> dict[str, str]:
    if item is None:
        return {}
    plain = _block(item)
    try:
        found = reading.read(
            plain.values, _AWS, at="", spelling=reading.Spelling.SNAKE, secret=True
        )
        given = {name: value.strip() for name, value in msgspec.structs.asdict(found).items()}
        _both_or_neither(given)
    except errors.SettingsError as error:
        raise plain.error(error) from None
    return {_AWS_KEYS[name]: value for name, value in given.items() if value}


def _both_or_neither(given: Mapping[str, str]) -> None:
    """Refuse half a pair of keys, which the original passes over in silence."""
    for here, there in (
        ("access_key_id", "secret_access_key"),
        ("secret_access_key", "access_key_id"),
        ("security_token", "access_key_id"),
    ):
        if given[here] and not given[there]:
            raise errors.SettingsError(f"{here}: is set without {there}")
