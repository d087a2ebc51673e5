"""``ExternalNode``: a node of Consul's catalog that no agent looks after, with services and checks.

State format: this module's path, the provider's class name, the type token and the keys of inputs
and outputs stand in users' state. They are fixed; a move leaves an importable name behind here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pulumi  # noqa: TC002 - the SDK reads the annotations

from lictor.resources import cataloguing, stock
from lictor.resources.declared import Declared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lictor.resources.external import ExternalCheck, ExternalService
    from lictor.resources.kinds import Kind


class ExternalNodeProvider(stock.Provider):
    """The provider of ``ExternalNode``; state holds its name."""

    kind: ClassVar[Kind] = cataloguing


class ExternalNode(Declared, module="lictor", name="ExternalNode"):
    """Keeps a node without an agent in Consul's catalog, for a monitor to check.

    It is written by one transaction, and nothing that somebody else has written is overwritten
    unseen. What the checks say is the monitor's, and never a change.
    """

    indexes: pulumi.Output[Mapping[str, int]]
    """What this resource has registered: ``node``, ``service:ID``, ``check:ID`` -> its index."""
    failed: pulumi.Output[Mapping[str, str]]
    """Why the node could not be registered or changed: its name -> reason; tried again."""

    def __init__(  # noqa: PLR0913 - one argument for each setting, all by keyword
        self,
        resource_name: str,
        *,
        address: pulumi.Input[str],
        node: pulumi.Input[str] | None = None,
        node_meta: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        services: pulumi.Input[Sequence[pulumi.Input[ExternalService]]] | None = None,
        checks: pulumi.Input[Sequence[pulumi.Input[ExternalCheck]]] | None = None,
        probe: pulumi.Input[bool] | None = None,
        datacenter: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register a node with its services and checks.

        Every argument may be an ``Output``; None is its default. A wrong type or an unknown value
        is a failure of this resource at preview. A node that stands already as it is declared is
        adopted; one that stands otherwise is somebody else's, and the run says so.

        Args:
            resource_name: The resource's name in the stack.
            address: Address of the node, or a host name.
            node: Its name in the catalog. Default: the resource's name. When it changes, or
                ``datacenter`` does, the new node is registered before the old one goes.
            node_meta: Its meta, beside ``external-node: "true"`` and ``external-probe``, which
                stand there unless it says otherwise. Default: none.
            services: What runs on it. Default: nothing.
            checks: What the monitor does for it; with the services at most 100. Default: nothing.
            probe: Whether the monitor pings it, and takes it out of the catalog when it has not
                answered for long. Default false.
            datacenter: Where it is registered. Default: ``consul:datacenter``, else the agent's
                own.
            opts: Pulumi's options for resources.
        """
        results: dict[str, Any] = dict.fromkeys(cataloguing.OUTPUTS)
        super().__init__(
            ExternalNodeProvider,
            resource_name,
            {
                "name": resource_name,
                "parent": stock.parent_of(opts),
                **results,
                "address": address,
                "node": node,
                "node_meta": node_meta,
                "services": services,
                "checks": checks,
                "probe": probe,
                "datacenter": datacenter,
            },
            opts,
        )
