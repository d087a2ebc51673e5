"""The switches of the stand-in."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """How AWS behaves just now; each default is AWS's own value or its observed behaviour."""

    targets_per_group: int = 1000
    """Quota; draining targets count too, as they do on AWS."""

    targets_per_call: int | None = None
    """Largest RegisterTargets or DeregisterTargets; AWS documents no number, so none."""

    atomic_batches: bool = True
    """One bad target refuses the whole call (LBC#1099); False registers those before it."""

    draining_seconds: float | None = None
    """Drain of every group; None takes the group's deregistration delay (300 s by default)."""

    initial_seconds: float = 5.0
    """How long a new target stays `initial` before it is healthy."""

    def changed(self, changes: dict[str, Any]) -> Settings:
        """Return the settings with `changes` in place, refusing a name that does not exist."""
        known = {field.name for field in dataclasses.fields(self)}
        unknown = sorted(set(changes) - known)
        if unknown:
            msg = f"unknown settings {unknown}; there are {sorted(known)}"
            raise ValueError(msg)
        return dataclasses.replace(self, **changes)

    def as_json(self) -> dict[str, Any]:
        """Return the settings by name."""
        return dataclasses.asdict(self)
