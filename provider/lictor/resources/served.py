"""How each type of lictor's resources is served: type token -> its functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor.resources import attaching, cataloguing, tagging, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lictor.resources.kinds import Kind

KINDS: Mapping[str, Kind] = {
    tokens.ATTACHMENTS: attaching,
    tokens.LEADER_TAG: tagging,
    tokens.EXTERNAL_NODE: cataloguing,
}
