"""Waiting: for added targets to become healthy, for removed ones to drain.

The decisions only. Who waits, and how often he looks, is the caller's: a plain ``pulumi up``
polls, the watch holds the removals and runs again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from lictor.model import TargetHealth

_REASON = "waiting for health"


def awaited(added: Iterable[str], named: Iterable[str], held: Mapping[str, str]) -> list[str]:
    """List the targets whose health removals wait for.

    Args:
        added: Keys registered by this run.
        named: Keys that Consul names and that are registered.
        held: The last run's output: key -> reason. Where that run waited in vain its additions
            are known no more, so whatever Consul names is waited for.
    """
    again = any(reason.startswith(_REASON) for reason in held.values())
    return sorted({*added, *named} if again else set(added))


def pending(keys: Iterable[str], listing: Mapping[str, TargetHealth]) -> dict[str, str]:
    """Tell which targets are not healthy yet: key -> state; nothing is waited for any more if none.

    A target that no load balancer checks (``unused``, ``unavailable``) would never become healthy
    and is not waited for; one that AWS does not list yet is.
    """
    found: dict[str, str] = {}
    for key in sorted(keys):
        health = listing.get(key)
        if health is None:
            found[key] = "not listed"
        elif health.awaited or health.draining:
            found[key] = health.state.value
    return found


def reason(pending: Mapping[str, str]) -> str:
    """Say why removals wait; empty when they need not."""
    if not pending:
        return ""
    key, state = next(iter(pending.items()))
    others = f" and {len(pending) - 1} more are not healthy" if pending.keys() - {key} else ""
    return f"{_REASON}: {key} is {state}{others}"


def draining(keys: Collection[str], listing: Mapping[str, TargetHealth]) -> list[str]:
    """List the removed targets that still serve their last requests.

    Args:
        keys: What was removed.
        listing: The whole group, unfiltered: asked by name, a terminated instance says
            ``draining`` long after it is gone.
    """
    return sorted(key for key in keys if key in listing and listing[key].draining)
