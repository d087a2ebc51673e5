"""The source gate: an answer that may be incomplete never reaches the planner.

Consul answers ``200 []`` when it is wrong: during an election, from a cache, or to a token that
may not see. Its headers tell (https://developer.hashicorp.com/consul/api-docs), and what they
tell decides between an answer and an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lictor import errors
from lictor.consul import words

if TYPE_CHECKING:
    from collections.abc import Mapping


NEEDED = f"{words.RIGHTS} on what the source names, and on the nodes it runs on"
"""What a token needs to see all instances of a source."""


def whole(headers: Mapping[str, str], *, remote: str, rights: str = NEEDED) -> None:
    """Refuse an answer of which Consul says that it left something out.

    Args:
        headers: The answer's headers.
        remote: Who answered, for the message.
        rights: What a token needs to see everything, for the message.

    Raises:
        errors.ConsulDenied: The answer was filtered by ACLs.
    """
    if headers.get("X-Consul-Results-Filtered-By-ACLs", "").lower() == "true":
        raise errors.ConsulDenied(
            f"{remote} left out results that the token may not see; give it {rights}"
        )


def check(
    headers: Mapping[str, str],
    *,
    remote: str,
    known: bool,
    consistent: bool = False,
    rights: str = NEEDED,
) -> None:
    """Refuse an answer that is not sure to be whole and current.

    Args:
        headers: The answer's headers.
        remote: Who answered, for the message.
        known: Whether a token was sent, and not the anonymous one. Consul marks filtered results
            only for those whom it knows; for others ``deny`` as the default policy means silent
            filtering.
        consistent: Whether the leader was asked to have itself confirmed.
        rights: What a token needs to see everything, for the message.

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
    whole(headers, remote=remote, rights=rights)
    if not known and headers.get("X-Consul-Default-ACL-Policy", "").lower() == "deny":
        raise errors.ConsulDenied(
            f"{remote} denies by default and leaves out results silently where nobody's token is"
            f" sent; set consul:token to a token of your own with {rights}"
        )
    mode = headers.get("X-Consul-Effective-Consistency", "").lower()
    if mode == "stale" or (consistent and mode not in ("", "consistent")):
        raise errors.ConsulNotReady(
            f"{remote} gave a {mode} answer; unset discovery_max_stale on the agent that is asked,"
            " and ask it without a cache in between"
        )
    if headers.get("Age", "0") != "0" or headers.get("X-Cache", "").upper().startswith("HIT"):
        raise errors.ConsulNotReady(
            f"{remote} gave a cached answer; ask an agent that does not cache"
        )
