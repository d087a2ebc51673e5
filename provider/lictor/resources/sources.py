"""Sources as users write them in Python, every value a Pulumi ``Input``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 - Pulumi reads annotations at run time

import pulumi


@pulumi.input_type
class ConsulService:
    """A service of Consul's catalog as a source of targets."""

    service: pulumi.Input[str]
    tags: pulumi.Input[Sequence[pulumi.Input[str]]] | None
    any_tags: pulumi.Input[Sequence[pulumi.Input[str]]] | None
    exclude_tags: pulumi.Input[Sequence[pulumi.Input[str]]] | None
    datacenters: pulumi.Input[Sequence[pulumi.Input[str]]] | None
    filter: pulumi.Input[str] | None
    node_meta: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None
    namespace: pulumi.Input[str] | None
    partition: pulumi.Input[str] | None
    peer: pulumi.Input[str] | None
    health: pulumi.Input[str] | None
    require_service_check: pulumi.Input[bool] | None

    def __init__(  # noqa: PLR0913 - one argument for each setting, all but the name by keyword
        self,
        name: pulumi.Input[str],
        *,
        tags: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        any_tags: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        exclude_tags: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        datacenters: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        filter: pulumi.Input[str] | None = None,  # noqa: A002 - Consul's name for it
        node_meta: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        namespace: pulumi.Input[str] | None = None,
        partition: pulumi.Input[str] | None = None,
        peer: pulumi.Input[str] | None = None,
        health: pulumi.Input[str] | None = None,
        require_service_check: pulumi.Input[bool] | None = None,
    ) -> None:
        """Describe which instances of a service are wanted.

        Whatever Consul refuses (an unknown datacenter or peer, a wrong filter, a token without
        rights) is an error of the resource, and nothing is changed.

        Args:
            name: The service's name.
            tags: An instance must carry all of these. Default: none asked for.
            any_tags: An instance must carry at least one of these. Default: none asked for.
            exclude_tags: An instance must carry none of these. Default: none excluded.
            datacenters: Each is asked, and all must answer. Default: ``consul:datacenter``, else
                the agent's own.
            filter: Filter expression of Consul's ``/v1/health/service``, applied by the server,
                such as ``Service.Meta.version == "2"``. Default: none.
            node_meta: All of these pairs must stand in the node's meta. Default: none.
            namespace: Consul Enterprise namespace. Default: ``consul:namespace``.
            partition: Consul Enterprise admin partition. Default: ``consul:partition``.
            peer: Cluster peer that the service is imported from. Default: our own cluster.
            health: ``passing`` (default: all checks of instance and node pass), ``warning``
                (passing or warning) or ``any`` (the load balancer decides).
            require_service_check: Count an instance only if it has a check of its own: between
                its registration and that of its check it would seem healthy. Default false.
        """
        given = {
            "service": name,
            "tags": tags,
            "any_tags": any_tags,
            "exclude_tags": exclude_tags,
            "datacenters": datacenters,
            "filter": filter,
            "node_meta": node_meta,
            "namespace": namespace,
            "partition": partition,
            "peer": peer,
            "health": health,
            "require_service_check": require_service_check,
        }
        for key, value in given.items():
            if value is not None:
                pulumi.set(self, key, value)


@pulumi.input_type
class PreparedQuery:
    """A prepared query of Consul's as a source of targets."""

    prepared_query: pulumi.Input[str]
    datacenter: pulumi.Input[str] | None
    allow_failover: pulumi.Input[bool] | None

    def __init__(
        self,
        name_or_id: pulumi.Input[str],
        *,
        datacenter: pulumi.Input[str] | None = None,
        allow_failover: pulumi.Input[bool] | None = None,
    ) -> None:
        """Name the query; its own definition decides on tags and health.

        Args:
            name_or_id: Name or id of the query. Mind its ``OnlyPassing``: false, the default,
                takes instances that warn.
            datacenter: Where it is executed. Default: ``consul:datacenter``, else the agent's own.
            allow_failover: Whether an answer of another datacenter counts. Default false: such an
                answer is refused, and nothing is changed.
        """
        given = {
            "prepared_query": name_or_id,
            "datacenter": datacenter,
            "allow_failover": allow_failover,
        }
        for key, value in given.items():
            if value is not None:
                pulumi.set(self, key, value)


Source = ConsulService | PreparedQuery
"""What may stand in ``sources``."""
