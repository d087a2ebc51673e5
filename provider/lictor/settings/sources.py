"""The settings of one source: a service of Consul's catalog, or a prepared query."""

from __future__ import annotations

from typing import Any

import msgspec

from lictor.model import ConsulService, Health, PreparedQuery
from lictor.model import Source as Asked
from lictor.settings import reading
from lictor.settings.reading import Clash
from lictor.settings.shapes import Name  # noqa: TC001 - read by msgspec

_OF_A_QUERY = ("datacenter", "allow_failover")


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source of instances; the keys that may also stand beside the group's own.

    ``service`` or ``prepared_query`` is required, and goes with its own keys only.

    Attributes:
        service: Name of a service in Consul's catalog.
        tags: An instance must carry all of these. Default: none asked for.
        any_tags: An instance must carry at least one of these. Default: none asked for.
        exclude_tags: An instance must carry none of these. Default: none excluded. A tag that is
            asked for too is refused.
        datacenters: Each is asked and all must answer. Default: ``consul:datacenter``, else the
            agent's own.
        filter: Consul's filter expression on ``/v1/health/service``, applied by the server, such
            as ``Service.Meta.version == "2"``. Default: none. Consul refuses a wrong one.
        node_meta: All of these pairs must stand in the meta of the instance's node. Default: none.
        namespace: Consul Enterprise namespace. Default: ``consul:namespace``.
        partition: Consul Enterprise admin partition. Default: ``consul:partition``.
        peer: Cluster peer that the service is imported from. Default: our own cluster.
        health: ``passing`` (default; all checks of instance and node), ``warning`` (passing or
            warning) or ``any`` (the load balancer decides).
        require_service_check: Count an instance only if it has a check of its own, not its node's
            alone: between its registration and that of its check it would seem healthy. Default
            false.
        prepared_query: Name or id of a prepared query. Its own definition decides on tags and
            health (``OnlyPassing`` is false by default: warnings count); a ``limit`` in it would
            change targets at random.
        datacenter: Where the prepared query is executed. Default: the agent's own.
        allow_failover: Whether an answer of another datacenter counts. Default false: it is
            refused, and nothing changes.
    """

    service: Name | None = None
    tags: tuple[Name, ...] = ()
    any_tags: tuple[Name, ...] = ()
    exclude_tags: tuple[Name, ...] = ()
    datacenters: tuple[Name, ...] = ()
    filter: str = ""
    node_meta: dict[Name, str] = {}
    namespace: str = ""
    partition: str = ""
    peer: str = ""
    health: Health = Health.PASSING
    require_service_check: bool = False
    prepared_query: Name | None = None
    datacenter: str = ""
    allow_failover: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot stand together."""
        if self.service is not None and self.prepared_query is not None:
            raise Clash("prepared_query", "stands beside `service`; each is a source of its own")
        if self.service is None and self.prepared_query is None:
            raise Clash("", "`service` or `prepared_query` is required")
        mine = self.service is not None
        for key in self.written():
            if mine and key in _OF_A_QUERY:
                raise Clash(key, "goes with `prepared_query`; a service takes `datacenters`")
            if not mine and key not in ("prepared_query", *_OF_A_QUERY):
                raise Clash(key, "goes with `service`; a prepared query's own definition decides")
        excluded = set(self.exclude_tags)
        both = excluded & set(self.tags)
        if self.any_tags and set(self.any_tags) <= excluded:
            both |= set(self.any_tags)
        if both:
            raise Clash("exclude_tags", f"excludes {min(both)}, which is asked for too")

    def model(self) -> Asked:
        """Return the value that the other rooms know."""
        if self.prepared_query is not None:
            return PreparedQuery(self.prepared_query, self.datacenter, self.allow_failover)
        return ConsulService(
            self.service or "",
            self.tags,
            self.datacenters,
            self.health,
            any_tags=self.any_tags,
            exclude_tags=self.exclude_tags,
            filter=self.filter,
            node_meta=tuple(sorted(self.node_meta.items())),
            namespace=self.namespace,
            partition=self.partition,
            peer=self.peer,
            require_service_check=self.require_service_check,
        )

    def written(self) -> dict[str, Any]:
        """Return it as it stands among a resource's inputs: only what was asked for."""
        return {
            field.name: msgspec.to_builtins(value)
            for field in reading.fields(type(self))
            if (value := getattr(self, field.name)) != field.default and value != {}
        }


KEYS: tuple[str, ...] = Source.__struct_fields__
"""Names of a source's keys."""
