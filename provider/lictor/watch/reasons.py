"""Few words for many reasons: what a metric can be labelled with.

A reason is for people and names keys and numbers; each new label of a metric is a new series for
ever. So the words by which lictor's own reasons begin are told apart, and all others are one.
"""

from __future__ import annotations

import re

OTHER = "other"

_HOLDS = {
    "policy": "policy",
    "on_empty": "on_empty",
    "min_targets": "min_targets",
    "max_removal_percent": "max_removal_percent",
    "removal_delay": "removal_delay",
    "availability_zone": "availability_zone",
    "waiting for health": "wait_for",
    "an addition failed": "failed_addition",
}
"""How the reasons of :mod:`lictor.plan.guards` and its neighbours begin."""

_FAILURES = {
    "no EC2 instance id found": "no_instance",
    "no head-room": "quota",
    "not removed": "not_removed",
    "zone not changed": "zone",
}
"""How lictor's own reasons of failures begin; AWS's are one."""

_REFUSED = re.compile(r"removals refused \(([^)]*)")


def guard(reason: str) -> str:
    """Name what holds a target: a guard's argument, mostly."""
    return _first(reason, _HOLDS, OTHER)


def refusing(text: str) -> str:
    """Name the guard that refused removals; empty for an error of another kind."""
    found = _REFUSED.search(text)
    return guard(found[1]) if found else ""


def failure(reason: str) -> str:
    """Name why a target failed: ``aws`` where AWS would not have it."""
    return _first(reason, _FAILURES, "aws")


def _first(reason: str, names: dict[str, str], other: str) -> str:
    return next((name for text, name in names.items() if reason.startswith(text)), other)
