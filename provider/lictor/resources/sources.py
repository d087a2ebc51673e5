"""Sources as users write them in Python, every value a Pulumi ``Input``.

Attributes are named as the arguments are: ``Output.from_input`` makes a source again from its
attributes. Only among the inputs is the name called ``service`` or ``prepared_query``.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence  # noqa: TC003 - Pulumi reads annotations at run time

import pulumi


@pulumi.input_type
class ConsulService:
    """A service of Consul's catalog as a source of targets."""

    name: pulumi.Input[str] = pulumi.property("service")
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

        An instance counts when it meets every argument that is given. A wrong type or an unknown
        value, and whatever Consul refuses (an unknown datacenter or peer, a wrong filter, a token
        without rights), is an error of the resource at preview, and nothing is changed.

        Args:
            name: The service's name. A name that Consul does not know is no error but an empty
                answer, on which ``on_empty`` has its say.
            tags: An instance must carry all of these. Default: none asked for.
            any_tags: An instance must carry at least one of these. Default: none asked for.
            exclude_tags: An instance must carry none of these. Default: none excluded. A tag that
                is asked for too is refused.
            datacenters: Each is asked, and all must answer: Consul joins no answers across
                datacenters, so half an answer would look like a fleet that went away. Default:
                ``consul:datacenter``, else the agent's own.
            filter: Filter expression of Consul's ``/v1/health/service``, applied by the server,
                such as ``Service.Meta.version == "2"``. Default: none.
            node_meta: All of these pairs must stand in the node's meta. Default: none.
            namespace: Consul Enterprise namespace; Community Edition refuses it. Default:
                ``consul:namespace``.
            partition: Consul Enterprise admin partition; Community Edition refuses it. Default:
                ``consul:partition``.
            peer: Cluster peer that the service is imported from; its peering must be active.
                Default: our own cluster.
            health: ``passing`` (default: all checks of the instance and of its node pass, as
                Consul's DNS has it too), ``warning`` (passing or warning) or ``any`` (the load
                balancer's own health checks decide).
            require_service_check: Count an instance only if it has a check of its own: Consul
                calls one without any check passing, so between its registration and that of its
                check it would seem healthy. Default false.
        """
        given = {
            "name": name,
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

    name_or_id: pulumi.Input[str] = pulumi.property("prepared_query")
    datacenter: pulumi.Input[str] | None
    allow_failover: pulumi.Input[bool] | None

    def __init__(
        self,
        name_or_id: pulumi.Input[str],
        *,
        datacenter: pulumi.Input[str] | None = None,
        allow_failover: pulumi.Input[bool] | None = None,
    ) -> None:
        """Name the query; its own definition decides on service, tags and health.

        A query that does not exist, or that the token may not execute, is an error of the
        resource at preview, and nothing is changed.

        Args:
            name_or_id: Name or id of the query. Mind its ``OnlyPassing``: false, the default,
                takes instances that warn.
            datacenter: Where it is executed. Default: ``consul:datacenter``, else the agent's own.
            allow_failover: Whether an answer of another datacenter counts. Consul fails over as
                soon as the first one has no healthy instance. Default false: such an answer is
                refused, and nothing is changed.
        """
        given = {
            "name_or_id": name_or_id,
            "datacenter": datacenter,
            "allow_failover": allow_failover,
        }
        for key, value in given.items():
            if value is not None:
                pulumi.set(self, key, value)


Source = ConsulService | PreparedQuery
"""What may stand in ``sources``."""


def given(
    name: str,
    service: pulumi.Input[str] | None,
    sources: pulumi.Input[Sequence[pulumi.Input[Source]]] | None,
) -> pulumi.Input[Sequence[pulumi.Input[Source]]] | None:
    """Return a resource's sources, which may be said in two ways.

    Args:
        name: The resource's name.
        service: Short for one source.
        sources: The list of them.

    Raises:
        pulumi.RunError: Both are given, or neither is, or the second is no list of sources as far
            as is known by now; what is known later, ``check`` refuses.
    """
    if service is not None and sources is None:
        return [ConsulService(service)]
    if service is not None or sources is None:
        found = "neither service nor sources is" if service is None else "service and sources are"
        raise pulumi.RunError(f"{name}: {found} given; give one of them")
    if _no_sources(sources):
        raise pulumi.RunError(
            f"{name}: sources takes a list of ConsulService and PreparedQuery, such as"
            f" [ConsulService('web')]; found {_shown(sources)}"
        )
    return sources


def _no_sources(value: object) -> bool:
    """Whether it is a text, a list with one in it, or a source without a list around it."""
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, (str, bytes)) for item in value)
    return isinstance(value, (str, bytes, ConsulService, PreparedQuery))


def _shown(value: object) -> str:
    """Show what was found; of a source, that it is one."""
    plain = isinstance(value, (str, bytes, list, tuple))
    return reprlib.repr(value) if plain else type(value).__name__
