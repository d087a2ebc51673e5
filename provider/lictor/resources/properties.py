"""Properties as the engine hands them over: plain JSON, of which some is known only later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi.output import Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

LATER = Unknown()  # type: ignore[no-untyped-call] # Pulumi's mark for what is known only later


def has_unknown(value: object) -> bool:
    """Whether a value, or anything within it, is known only later."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return isinstance(value, Unknown)


def given(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is none."""
    return {key: value for key, value in properties.items() if value is not None}


def texts(properties: Mapping[str, Any], name: str) -> dict[str, str]:
    """Read a mapping of texts; an empty one where there is none."""
    value = properties.get(name)
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, dict) else {}
