"""The source gate: an answer that may be incomplete never reaches the planner.

Consul answers ``200 []`` when it is wrong: during an election, from a cache, or to a token that
may not see. Its headers tell (https://developer.hashicorp.com/consul/api-docs), and what they
tell decides between an answer and an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor import errors

if TYPE_CHECKING:
    from collections.abc import Mapping


def check(headers: Mapping[str, str], *, remote: str, with_token: bool) -> None:
    """Refuse an answer that is not sure to be whole and current.

    Args:
        headers: The answer's headers.
        remote: Who answered, for the message.
        with_token: Whether a token was sent. Consul marks filtered results only for those who
            sent one; without a token, ``deny`` as the default policy means silent filtering.

    Raises:
        errors.ConsulNotReady: No known leader, a stale or a cached answer, not Consul at all.
        errors.ConsulDenied: The answer was, or may have been, filtered by ACLs.
    """
    leader = headers.get("X-Consul-KnownLeader", "").lower()
    if leader != "true":
        what = "has no leader" if leader == "false" else "does not say that it has a leader"
        raise errors.ConsulNotReady(
            f"{remote} {what}, its answer may be wrong; see `consul operator raft list-peers`"
        )
    if headers.get("X-Consul-Results-Filtered-By-ACLs", "").lower() == "true":
        raise errors.ConsulDenied(
            f"{remote} left out results that the token may not see;"
            " give it service:read and node:read on what the source names"
        )
    if not with_token and headers.get("X-Consul-Default-ACL-Policy", "").lower() == "deny":
        raise errors.ConsulDenied(
            f"{remote} denies by default and leaves out results silently where no token is sent;"
            " set consul:token to a token with service:read and node:read"
        )
    if headers.get("X-Consul-Effective-Consistency", "").lower() == "stale":
        raise errors.ConsulNotReady(
            f"{remote} gave a stale answer; unset discovery_max_stale on the agent that is asked"
        )
    if headers.get("Age", "0") != "0" or headers.get("X-Cache", "").upper() == "HIT":
        raise errors.ConsulNotReady(
            f"{remote} gave a cached answer; ask an agent that does not cache"
        )
