"""What lictor's dynamic resources have in common when a program declares them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi import dynamic

from lictor.resources import pickling
from lictor.resources.kinds import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.resources.stock import Provider


class Declared(dynamic.Resource):
    """A dynamic resource whose provider is written once, however many of its resources there are.

    Args:
        provider: Its class, which state refers to.
        name: Pulumi's name of it.
        props: Its inputs, and None for each output.
        opts: Pulumi's options for resources.
    """

    def __init__(
        self,
        provider: type[Provider],
        name: str,
        props: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        token = f"pulumi-python:{self._resource_type_name}"
        known = {**props, PROVIDER: pickling.text(provider)}
        pulumi.CustomResource.__init__(self, token, name, known, opts)
