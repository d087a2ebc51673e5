"""The settings of one ``ExternalNode``: what users may write, defaults and bounds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from lictor.model import CatalogCheck, CatalogNode, CatalogService, Definition, Entry
from lictor.settings import reading
from lictor.settings.duration import Seconds
from lictor.settings.reading import Clash
from lictor.settings.shapes import Name  # noqa: TC001 - read by msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lictor.model import Part

MARK, PROBE = "external-node", "external-probe"
"""Meta by which the monitor finds its nodes, and those that it pings."""
_KINDS = ("http", "tcp", "grpc")
_SHORTEST = 1.0
"""Seconds: the monitor runs no check more often."""
MOST = 100
"""Services and checks of one node: a transaction takes 128 operations."""

AnyPort = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Service(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A service of an external node.

    Attributes:
        name: The service's name in the catalog.
        id: Its id, unique on the node. Default: the name.
        address: Its own address, or a host name. Default: the node's.
        port: Its port, 0 to 65535. Default 0: none.
        tags: Its tags. Default: none.
        meta: Its meta. Default: none.
    """

    name: Name
    id: str = ""
    address: str = ""
    port: AnyPort = 0
    tags: tuple[Name, ...] = ()
    meta: dict[Name, str] = {}

    def model(self) -> CatalogService:
        """Return the value that the other rooms know."""
        return CatalogService(
            self.id or self.name, self.name, self.address, self.port, self.tags, self.meta
        )


class Check(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A check that the monitor runs; one of ``http``, ``tcp`` and ``grpc`` is required.

    Attributes:
        name: Its name.
        id: Its id, unique on the node. Default: the name, after the service's id and a colon.
        service: Id of the service that it is about. Default: the node.
        notes: For people. Default: none.
        http: URL that is asked: 2xx passes, 429 warns.
        method: HTTP's verb. Default GET.
        header: Name -> values. Default: none. They stand in the catalog and in state: no secrets.
        body: What is sent. Default: nothing.
        tcp: ``host:port`` that is connected to.
        tcp_use_tls: Whether by TLS. Default false.
        grpc: ``host:port`` or ``host:port/service`` whose health is asked.
        grpc_use_tls: Whether by TLS. Default false.
        tls_server_name: Name that the certificate must have. Default: the host's.
        tls_skip_verify: Whether any certificate will do. Default false.
        interval: How often, at least 1 s. Default: the monitor's, 30 s.
        timeout: How long an answer is waited for. Default: the monitor's.
        deregister_critical_service_after: How long its service may be critical before the monitor
            takes it out of the catalog. Default: for ever.
    """

    name: Name
    id: str = ""
    service: str = ""
    notes: str = ""
    http: str = ""
    method: str = ""
    header: dict[Name, tuple[str, ...]] = {}
    body: str = ""
    tcp: str = ""
    tcp_use_tls: bool = False
    grpc: str = ""
    grpc_use_tls: bool = False
    tls_server_name: str = ""
    tls_skip_verify: bool = False
    interval: Seconds = Seconds(0)
    timeout: Seconds = Seconds(0)
    deregister_critical_service_after: Seconds = Seconds(0)

    def __post_init__(self) -> None:
        """Refuse what the monitor would not run."""
        kinds = [kind for kind in _KINDS if getattr(self, kind)]
        if len(kinds) != 1:
            found = f"found {' and '.join(kinds)}" if kinds else "found none"
            raise Clash("", f"one of `http`, `tcp` and `grpc` is required, {found}")
        if self.http and not self.http.startswith(("http://", "https://")):
            raise Clash("http", f"expected http(s)://..., found {self.http[:60]!r}")
        if 0 < self.interval < _SHORTEST:
            raise Clash("interval", f"expected 1 s or more, found {self.interval:g} s")
        if self.deregister_critical_service_after and not self.service:
            raise Clash("deregister_critical_service_after", "goes with `service`")

    def model(self) -> CatalogCheck:
        """Return the value that the other rooms know."""
        names = (field.name for field in reading.fields(type(self)))
        told = {name: getattr(self, name) for name in names if name in _DEFINED}
        for name in _DURATIONS:
            told[name] = float(told[name])
        ident = self.id or (f"{self.service}:{self.name}" if self.service else self.name)
        return CatalogCheck(ident, self.name, self.service, self.notes, Definition(**told))


_DEFINED = frozenset(Definition.__dataclass_fields__)
_DURATIONS = ("interval", "timeout", "deregister_critical_service_after")


class ExternalNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of ``ExternalNode``.

    Attributes:
        address: Address of the node, or a host name.
        node: Its name in the catalog. Default: the resource's name.
        node_meta: Its meta, beside ``external-node: "true"`` and ``external-probe``, which stand
            there unless it says otherwise. Default: none.
        services: What runs on it. Default: nothing.
        checks: What the monitor does for it, 100 with the services at most. Default: nothing.
        probe: Whether the monitor pings it, and takes it out of the catalog when it has not
            answered for long (``node_reconnect_timeout``, 72 h). Default false.
        datacenter: Where it is registered. Default: ``consul:datacenter``, else the agent's own.
    """

    address: Name
    node: str = ""
    node_meta: dict[Name, str] = {}
    services: tuple[Service, ...] = ()
    checks: tuple[Check, ...] = ()
    probe: bool = False
    datacenter: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot stand together."""
        if len(self.services) + len(self.checks) > MOST:
            raise Clash("checks", f"more than {MOST} services and checks; take several nodes")
        services = [service.model().id for service in self.services]
        _be_single("services", services)
        _be_single("checks", [check.model().id for check in self.checks])
        for check in self.checks:
            if check.service and check.service not in services:
                raise Clash(
                    "checks",
                    f"{check.name} is of the service {check.service}, of which"
                    " there is none in `services`",
                )

    def entry(self, name: str) -> Entry:
        """Return what shall stand in the catalog.

        Args:
            name: The resource's.
        """
        meta = {MARK: "true", PROBE: "true" if self.probe else "false", **self.node_meta}
        services = [service.model() for service in self.services]
        checks = [check.model() for check in self.checks]
        return Entry(
            CatalogNode(self.node or name, self.address, meta),
            {service.id: service for service in services},
            {check.id: check for check in checks},
        )


def _be_single(key: str, ids: Iterable[str]) -> None:
    for ident, times in Counter(ids).items():
        if times > 1:
            raise Clash(key, f"the id {ident} stands {times} times; each needs its own")


ARGUMENTS: tuple[str, ...] = ExternalNode.__struct_fields__
"""Names of the arguments, as they stand among a resource's inputs."""


def from_inputs(inputs: Mapping[str, Any]) -> ExternalNode:
    """Read a resource's inputs: snake_case keys, others than the arguments left aside.

    Raises:
        errors.SettingsError: With the path of the key, what was found and what is allowed.
    """
    arguments = {key: inputs[key] for key in ARGUMENTS if key in inputs}
    return reading.read(arguments, ExternalNode, at="", spelling=reading.Spelling.SNAKE)


def written(part: Part) -> dict[str, Any]:
    """Write a service or a check of the catalog as an argument, defaults left out."""
    if isinstance(part, CatalogNode):
        return {"address": part.address, "node": part.name}
    if isinstance(part, CatalogService):
        names = ("name", "id", "address", "port", "tags", "meta")
        told = {name: getattr(part, name) for name in names}
    else:
        told = {name: getattr(part.definition, name) for name in _DEFINED}
        told |= {"name": part.name, "id": part.id, "service": part.service_id, "notes": part.notes}
    builtins: dict[str, Any] = msgspec.to_builtins(told)
    return {name: value for name, value in sorted(builtins.items()) if value}
