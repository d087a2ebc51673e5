"""Sources as users write them in Python, every value a Pulumi ``Input``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from collections.abc import Sequence


@pulumi.input_type
class ConsulService:
    """A service of Consul's catalog as a source of targets."""

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
        pulumi.set(self, "service", name)
        if tags is not None:
            pulumi.set(self, "tags", tags)
        if datacenters is not None:
            pulumi.set(self, "datacenters", datacenters)
        if health is not None:
            pulumi.set(self, "health", health)
