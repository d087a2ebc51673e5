"""Sources as users write them in Python, every value a Pulumi ``Input``."""

from __future__ import annotations

from collections.abc import Sequence  # noqa: TC003 - Pulumi reads the annotations at run time

import pulumi


@pulumi.input_type
class ConsulService:
    """A service of Consul's catalog as a source of targets."""

    service: pulumi.Input[str]
    tags: pulumi.Input[Sequence[pulumi.Input[str]]] | None
    datacenters: pulumi.Input[Sequence[pulumi.Input[str]]] | None
    health: pulumi.Input[str] | None

    def __init__(
        self,
        name: pulumi.Input[str],
        *,
        tags: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        datacenters: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None,
        health: pulumi.Input[str] | None = None,
    ) -> None:
        """Describe which instances of a service are wanted.

        Args:
            name: The service's name.
            tags: An instance must carry all of these. Default: none.
            datacenters: Each is asked, and all must answer. Default: ``consul:datacenter``, else
                the agent's own.
            health: ``passing`` (default), ``warning`` (passing or warning) or ``any`` (the load
                balancer decides).
        """
        given = {"service": name, "tags": tags, "datacenters": datacenters, "health": health}
        for key, value in given.items():
            if value is not None:
                pulumi.set(self, key, value)
