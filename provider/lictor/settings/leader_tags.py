"""The settings of one ``LeaderTag``: what users may write, defaults and bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lictor.settings import reading, shapes
from lictor.settings.reading import Clash
from lictor.settings.shapes import Name  # noqa: TC001 - read by msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_KEY, _LONGEST_VALUE = 127, 255
"""EC2's own limits, in characters."""
_STATE = "instance-state-name"


class LeaderTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of ``LeaderTag``.

    Attributes:
        tag_key: Key of the tag, at most 127 characters, not one of AWS's own (``aws:...``).
            Default ``consul-leader``.
        tag_value: Its value, at most 255 characters. Default ``true``. What carries the key with
            another value is left alone.
        datacenter: Whose leader is tagged. Default: ``consul:datacenter``, else the agent's own.
        instance_filter: Filters of EC2's ``DescribeInstances``, name -> value or list of values,
            such as ``{"vpc-id": "vpc-0a1b2c3d"}``: of the instances that carry the tag, only
            those that match lose it. Servers whose ids Consul tells, and what this resource has
            tagged itself, lose it anyway. Where an address tells the leader, its instance has to
            match. Default: all of the region's.
        region: Region of the instances. Default: ``aws:region``, else as boto3 finds it.
        role_arn: IAM role to assume, such as one of the instances' account. Default: none beyond
            ``aws:assumeRoles``.
    """

    tag_key: Name = "consul-leader"
    tag_value: str = "true"
    datacenter: str = ""
    instance_filter: dict[Name, str | tuple[str, ...]] = {}
    region: str = ""
    role_arn: str = ""

    def __post_init__(self) -> None:
        """Refuse what EC2 would refuse, before anything is asked of it."""
        if len(self.tag_key) > _LONGEST_KEY or self.tag_key.lower().startswith("aws:"):
            raise Clash(
                "tag_key", f"expected up to 127 characters, not aws:..., found {_cut(self.tag_key)}"
            )
        if len(self.tag_value) > _LONGEST_VALUE:
            raise Clash("tag_value", f"expected up to 255 characters, found {len(self.tag_value)}")
        if self.region and not shapes.REGION.fullmatch(self.region):
            raise Clash("region", f"expected a region such as us-west-2, found {self.region!r}")
        if self.role_arn and not shapes.ROLE.fullmatch(self.role_arn):
            raise Clash("role_arn", f"expected {shapes.ROLE_SHAPE}, found {self.role_arn!r}")
        for name, values in self.filters().items():
            if not values:
                raise Clash("instance_filter", f"{name} has no value; EC2 takes one or more")
            if name == _STATE:
                raise Clash("instance_filter", f"{name} is set already: instances that live count")

    def filters(self) -> dict[str, tuple[str, ...]]:
        """Return ``instance_filter`` with a list for each name."""
        return {
            name: (value,) if isinstance(value, str) else value
            for name, value in self.instance_filter.items()
        }


def _cut(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


_SHOWN = 40

ARGUMENTS: tuple[str, ...] = LeaderTag.__struct_fields__
"""Names of the arguments, as they stand among a resource's inputs."""


def from_inputs(inputs: Mapping[str, Any]) -> LeaderTag:
    """Read a resource's inputs: snake_case keys, others than the arguments left aside.

    Raises:
        errors.SettingsError: With the path of the key, what was found and what is allowed.
    """
    arguments = {key: inputs[key] for key in ARGUMENTS if key in inputs}
    return reading.read(arguments, LeaderTag, at="", spelling=reading.Spelling.SNAKE)
