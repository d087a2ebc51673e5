"""``LeaderTag``: an EC2 tag that is on whichever instance leads Consul.

State format: this module's path, the provider's class name, the type token and the keys of inputs
and outputs stand in users' state. They are fixed; a move leaves an importable name behind here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pulumi  # noqa: TC002 - the SDK reads the annotations

from lictor.resources import stock, tagging
from lictor.resources.declared import Declared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lictor.resources.kinds import Kind


class LeaderTagProvider(stock.Provider):
    """The provider of ``LeaderTag``; state holds its name."""

    kind: ClassVar[Kind] = tagging


class LeaderTag(Declared, module="lictor", name="LeaderTag"):
    """Keeps an EC2 tag on the instance that leads Consul, so that others can join by it.

    Consul and EC2 are read at preview and at up. The leader gets the tag first, then the others
    lose it: while there is a leader, some instance carries the tag. While there is none, nothing
    changes.
    """

    leader: pulumi.Output[Mapping[str, str]]
    """Who shall carry the tag after this run: instance id -> the server's node."""
    tagged: pulumi.Output[Mapping[str, str]]
    """Who carries it by this resource: instance id -> the server's node."""
    failed: pulumi.Output[Mapping[str, str]]
    """Who could not be given the tag, or not be rid of it: id -> AWS's reason; tried again."""

    def __init__(  # noqa: PLR0913 - one argument for each setting, all by keyword
        self,
        resource_name: str,
        *,
        tag_key: pulumi.Input[str] | None = None,
        tag_value: pulumi.Input[str] | None = None,
        datacenter: pulumi.Input[str] | None = None,
        instance_filter: pulumi.Input[Mapping[str, pulumi.Input[str | Sequence[pulumi.Input[str]]]]]
        | None = None,
        region: pulumi.Input[str] | None = None,
        role_arn: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Have a tag follow the leader of a datacenter's Consul servers.

        Every argument may be an ``Output``; None is its default. The leader's instance is the one
        that its node's meta names as ``instance-id`` or ``instance_id``, else its node's name
        where that is an id, else the one that EC2 has for its private address. A leader without
        an instance, a wrong type, an unknown filter, and Consul or AWS out of reach or refusing
        are a failure of this resource at preview, in one or two lines, and nothing is changed.

        Args:
            resource_name: The resource's name in the stack.
            tag_key: Key of the tag, at most 127 characters. Default ``consul-leader``. When it
                changes, as when ``tag_value`` or ``region`` does, the new tag is put before the
                old one goes.
            tag_value: Its value, at most 255 characters. Default ``true``. What carries the key
                with another value is left alone: several clusters in one region each want a value
                of their own.
            datacenter: Whose leader. Default: ``consul:datacenter``, else the agent's own.
            instance_filter: Filters of EC2's ``DescribeInstances``, name -> value or values, such
                as ``{"vpc-id": "vpc-0a1b2c3d"}``. Of the instances that carry the tag, those that
                match lose it; so do servers whose ids Consul tells, and what this resource has
                tagged, whatever they match. Where an address tells the leader, its instance has
                to match. Default: all of the region's.
            region: Region of the instances. Default: ``aws:region``, else ``AWS_REGION``, else as
                boto3 finds it.
            role_arn: IAM role to assume, such as one of the instances' account, after those of
                ``aws:assumeRoles``. Default: none.
            opts: Pulumi's options for resources.
        """
        results: dict[str, Any] = dict.fromkeys((*tagging.PLANNED, *tagging.OUTPUTS))
        super().__init__(
            LeaderTagProvider,
            resource_name,
            {
                "name": resource_name,
                "parent": stock.parent_of(opts),
                **results,
                "tag_key": tag_key,
                "tag_value": tag_value,
                "datacenter": datacenter,
                "instance_filter": instance_filter,
                "region": region,
                "role_arn": role_arn,
            },
            opts,
        )
